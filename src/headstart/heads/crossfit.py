"""Probabilities of every row by a head that was not fitted on it (cross-fitting)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from headstart.heads.folds import Ints, assign_folds, count_folds
from headstart.heads.head import Fit, Float, Task
from headstart.heads.linear import fit_logistic, held_out


def out_of_fold(task: Task, fit: Fit, options: Any, fixed: Mapping[str, float] | None, *, folds: int) -> Float:
    """Fits a head without each fold and asks it about that fold; groups stay together.

    A class may be missing from what a head is fitted on; its probabilities are then those that this kind of head gives
    to a class without rows. Where all rows are one group no head can be fitted, and every class is as likely.

    Args:
        task: the rows.
        fit: the kind of head.
        options: its settings.
        fixed: its hyperparameters; None chooses them once, on all rows: one row has next to no say in that.
        folds: as many, or one for each group if that is fewer.

    Returns:
        (N, C) float32, rows sum to 1.
    """
    task.check()
    folds = min(folds, len(np.unique(task.groups)))
    if not count_folds(task.labels, task.groups, folds):
        return np.full((len(task.labels), task.classes), 1 / task.classes, np.float32)
    chosen = fit(task, options, None).chosen if fixed is None else fixed
    fold = assign_folds(task.labels, task.groups, folds, task.seed)
    if fit is fit_logistic:
        return held_out(task, fold, float(chosen["C"]))
    return _one_by_one(task, fit, options, chosen, fold)


def _one_by_one(task: Task, fit: Fit, options: Any, chosen: Mapping[str, float], fold: Ints) -> Float:
    """(N, C): the folds' heads, fitted one after the other."""
    answers = np.empty((len(fold), task.classes), np.float32)
    for held in np.unique(fold):
        seen = fold != held
        rest = replace(task, features=task.features[seen], labels=task.labels[seen], groups=task.groups[seen])
        answers[~seen] = fit(rest, options, chosen).head.probabilities(task.features[~seen])
    return answers
