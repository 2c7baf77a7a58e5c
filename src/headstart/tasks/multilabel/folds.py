"""Folds of samples with several labels: groups stay together, every label is spread as evenly as it can be."""

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.grouping import group_sums, number_groups
from headstart.stratification import spread_groups
from headstart.tasks.multilabel.targets import mark_memberships
from headstart_runtime.arrays import Ints


def assign_label_folds(targets: NDArray[np.integer], groups: Ints, folds: int, seed: int) -> Ints | None:
    """Return the fold of each row, (N,) in 0..F-1; None where there are no two groups to hold out.

    Args:
        targets: (N, K) 1 there, 0 absent, -1 unknown.
        groups: (N,) any numbers.
        folds: as many, or one for each group if that is fewer.
        seed: decides between equals.
    """
    numbers = number_groups(groups)
    count = int(numbers.max(initial=-1)) + 1
    folds = min(folds, count)
    if folds < 2:
        return None
    counts = group_sums(mark_memberships(targets), numbers).astype(np.int64)
    sizes = np.bincount(numbers)
    order = np.random.default_rng(seed).permutation(count)
    order = order[np.argsort(-sizes[order], kind="stable")]
    wanted = np.repeat(counts.sum(axis=0, keepdims=True) / folds, folds, axis=0)
    placed = np.empty(count, np.int64)
    placed[order] = spread_groups(counts[order], sizes[order], wanted, np.full(folds, len(targets) / folds))
    fold = placed[numbers]
    return np.unique(fold, return_inverse=True)[1]  # large groups may leave a fold empty
