"""Targets and groups of the rows that are scored, and how much rows that belong together tell.

Samples of one burst, one patient or one scene are answered alike: ten of them tell less than ten samples of ten.
Everything in this room that says how sure a score is takes such rows as one draw.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Doubles, Ints
from headstart_runtime.tasks.task import TargetArray

_PRIOR = 1.0  #: wrong rows that the design effect is worth before any was seen; then whole groups are taken as one


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The rows that predictions are scored on."""

    values: TargetArray  #: (N, ...) the true targets, as their task has them
    groups: Ints  #: (N,) a number for each group, any numbers; rows of one group are not drawn independently

    @classmethod
    def independent(cls, values: TargetArray) -> Self:
        """Return the targets of rows that have nothing to do with each other: each is a group of its own."""
        return cls(values, np.arange(len(values)))

    def __len__(self) -> int:
        return len(self.values)


def number_groups(groups: Ints) -> Ints:
    """Return groups (N,) renumbered 0, 1, ... as they first appear: single rows have the numbers of their rows."""
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number]


def group_sums(values: NDArray[np.generic], groups: Ints) -> Doubles:
    """Return sums (G, M) of values (N, M), or (G,) of (N,), over numbered groups."""
    count = int(groups.max(initial=-1)) + 1
    columns = values.astype(np.float64).reshape(len(values), -1).T
    sums: Doubles = np.stack([np.bincount(groups, column, minlength=count) for column in columns], axis=1)
    return sums if values.ndim > 1 else sums[:, 0]


def effective_sample_size(values: NDArray[np.generic], groups: Ints) -> float:
    """Return the number of independent rows that tell as much of the mean of these values as these rows do.

    The number of rows over the design effect: what groups make of the variance of a mean (Kish, 1965, Survey Sampling,
    section 5.4; Rao & Scott, 1992, Biometrics 48, for shares). Where few rows deviate from the mean the variance
    between groups is known badly, and where none does not at all: then rows of a group are taken to be all alike, with
    the weight of one deviating row. Few groups know even the variance badly, so the size is cut by the variance of
    Student's t, with Kish's number of equal groups (Korn & Graubard, 1998, Survey Methodology 24, do the same by its
    quantiles).

    Args:
        values: (N,) 0 and 1 of a share, -1, 0 and 1 of a difference between shares.
        groups: (N,) any numbers.

    Returns:
        1 to N; N where each row is a group of its own.
    """
    n = len(values)
    numbers = number_groups(groups)
    sizes = np.bincount(numbers)
    if len(sizes) == n:
        return float(n)
    alike = float((sizes.astype(np.float64) ** 2).sum()) / n  # the design effect of groups whose rows are all alike
    equal = n / alike  # groups of one size that would tell as much then
    if equal <= 3:
        return 1.0
    deviations = values.astype(np.float64) - float(values.astype(np.float64).mean())
    between = float(np.square(group_sums(deviations, numbers)).sum()) * len(sizes) * (n - 1) / ((len(sizes) - 1) * n)
    effect = (between + _PRIOR * alike) / (float(np.square(deviations).sum()) + _PRIOR)
    size = n / max(1.0, effect) * (equal - 3) / (equal - 1) * (n - 1) / (n - 3)
    return float(min(n, max(1.0, size)))
