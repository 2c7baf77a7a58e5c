"""Probabilities of every row by a head that was not fitted on it (cross-fitting)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from headstart.heads.folds import Ints, assign_folds, count_folds, fold_groups
from headstart.heads.head import Fit, Float, Task
from headstart.heads.linear import fit_logistic, held_out


@dataclass(frozen=True, slots=True, eq=False)
class CrossFitted:
    """What heads say of rows that they were not fitted on."""

    probabilities: Float  #: (N, C) float32, rows sum to 1
    torn: tuple[int, ...]  #: classes of one group, whose rows were answered by heads that knew the rest of it


def cross_fit(task: Task, fit: Fit, options: Any, fixed: Mapping[str, float] | None, *, folds: int) -> CrossFitted:
    """Fits a head without each fold and asks it about that fold; groups stay together.

    A class whose rows are all of one group is taken row by row, see ``fold_groups``: what is said of it flatters, and
    says nothing of its labels. A class of one row is missing from what its head is fitted on; its probabilities are
    then those that this kind of head gives to a class without rows. Where no class has two rows no head can be fitted,
    and every class is as likely.

    Args:
        task: the rows.
        fit: the kind of head.
        options: its settings.
        fixed: its hyperparameters; None chooses them once, on all rows: one row has next to no say in that.
        folds: as many, or one for each group if that is fewer.
    """
    task.check()
    together = fold_groups(task.labels, task.groups)
    folds = min(folds, len(np.unique(together.groups)))
    if not count_folds(task.labels, together.groups, folds):
        return CrossFitted(np.full((len(task.labels), task.classes), 1 / task.classes, np.float32), together.torn)
    chosen = fit(task, options, None).chosen if fixed is None else fixed
    fold = assign_folds(task.labels, together.groups, folds, task.seed)
    if fit is fit_logistic:
        return CrossFitted(held_out(task, fold, float(chosen["C"])), together.torn)
    return CrossFitted(_one_by_one(task, fit, options, chosen, fold), together.torn)


def out_of_fold(task: Task, fit: Fit, options: Any, fixed: Mapping[str, float] | None, *, folds: int) -> Float:
    """The probabilities (N, C) of ``cross_fit`` alone."""
    return cross_fit(task, fit, options, fixed, folds=folds).probabilities


def _one_by_one(task: Task, fit: Fit, options: Any, chosen: Mapping[str, float], fold: Ints) -> Float:
    """(N, C): the folds' heads, fitted one after the other."""
    answers = np.empty((len(fold), task.classes), np.float32)
    for held in np.unique(fold):
        seen = fold != held
        rest = replace(task, features=task.features[seen], labels=task.labels[seen], groups=task.groups[seen])
        answers[~seen] = fit(rest, options, chosen).head.probabilities(task.features[~seen])
    return answers
