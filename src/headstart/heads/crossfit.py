"""Cross-validated predictions: probabilities of every row by a head that was not fitted on it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from headstart.heads.folds import assign_folds, count_folds, make_fold_groups
from headstart.heads.head import Fit, TrainingSet
from headstart.heads.logistic import fit_logistic, predict_held_out
from headstart.heads.threads import limit_to_idle_threads
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.linalg import softmax


def cross_val_predict(
    training_set: TrainingSet, fit: Fit, options: Any, fixed: Mapping[str, float] | None, *, folds: int
) -> Floats:
    """Return each row's probabilities by a head that was fitted without the row's fold; groups stay together.

    A class whose rows are all of one group is taken row by row, see ``make_fold_groups``: what is said of it
    flatters, and says nothing of its labels. A class of one row is missing from what its head is fitted on; its
    probabilities are then those that this kind of head gives to a class without rows. Where no class has two rows no
    head can be fitted, and every class is as likely.

    Args:
        training_set: the rows.
        fit: the kind of head.
        options: its settings.
        fixed: its hyperparameters; None chooses them once, on all rows: one row has next to no say in that.
        folds: as many, or one for each group if that is fewer.

    Returns:
        (N, C) float32 probabilities, rows sum to 1.
    """
    training_set.check()
    groups = make_fold_groups(training_set.targets, training_set.groups).groups
    folds = min(folds, len(np.unique(groups)))
    if not count_folds(training_set.targets, groups, folds):
        return np.full((len(training_set.targets), training_set.outputs), 1 / training_set.outputs, np.float32)
    fold = assign_folds(training_set.targets, groups, folds, training_set.seed)
    with limit_to_idle_threads(training_set.features.size):
        chosen = fit(replace(training_set, disposable=False), options, None).chosen if fixed is None else fixed
        if fit is fit_logistic:
            return predict_held_out(training_set, fold, float(chosen["C"]))
        return _one_by_one(training_set, fit, options, chosen, fold)


def _one_by_one(training_set: TrainingSet, fit: Fit, options: Any, chosen: Mapping[str, float], fold: Ints) -> Floats:
    """(N, C): the folds' heads, fitted one after the other."""
    answers = np.empty((len(fold), training_set.outputs), np.float32)
    for held in np.unique(fold):
        seen = fold != held
        rest = training_set.take(seen)
        answers[~seen] = softmax(fit(rest, options, chosen).head.logits(training_set.features[~seen]))
    return answers
