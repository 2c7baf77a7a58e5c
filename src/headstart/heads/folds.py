"""Folds of a cross-validation: groups stay together, every class is spread as evenly as it can be."""

import numpy as np
from numpy.typing import NDArray

from headstart.heads.head import Labels

Ints = NDArray[np.int64]


def count_folds(labels: Labels, groups: Ints, wanted: int) -> int:
    """How many folds can be had: no more than the rarest class has groups, at least 2; 0 where all is one group."""
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    if len(np.unique(groups)) < 2:
        return 0
    present, counts = np.unique(pairs[0], return_counts=True)
    return max(2, min(wanted, int(counts.min()))) if len(present) else 0


def assign_folds(labels: Labels, groups: Ints, folds: int, seed: int) -> Ints:
    """The fold, in 0..folds-1, of every row (N,).

    Groups of several rows are placed first, largest first, each where its classes are rarest so far; single rows then
    fill up class by class. Ties go by ``seed``.
    """
    random = np.random.default_rng(seed)
    names, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    classes, label = np.unique(labels, return_inverse=True)
    counts = np.zeros((folds, len(classes)))
    fold = np.full(len(labels), -1, np.int64)
    share = 1 / np.bincount(label)

    by_group = np.argsort(group, kind="stable")
    ends = np.cumsum(size)
    order = random.permutation(len(names))
    for index in order[np.argsort(-size[order], kind="stable")]:
        if size[index] == 1:
            break
        rows = by_group[ends[index] - size[index] : ends[index]]
        inside = np.bincount(label[rows], minlength=len(classes))
        # Rows of its classes already there, then rows at all.
        crowd = counts @ (inside * share) + 1e-9 * counts.sum(axis=1)
        target = int(np.argmin(crowd))
        fold[rows] = target
        counts[target] += inside

    for index in random.permutation(len(classes)):
        rows = random.permutation(np.flatnonzero((label == index) & (fold < 0)))
        slots = _fill(counts[:, index], counts.sum(axis=1), len(rows))
        fold[rows] = slots
        counts[:, index] += np.bincount(slots, minlength=folds)
    return fold


def _fill(there: NDArray[np.float64], total: NDArray[np.float64], rows: int) -> Ints:
    """The folds that take the next ``rows`` rows of a class: always the one with the fewest of it, then of all."""
    rank = np.argsort(np.argsort(total, kind="stable"), kind="stable") / (len(total) + 1)
    heights = there[:, None] + rank[:, None] + np.arange(rows)[None, :]
    lowest = np.argsort(heights, axis=None, kind="stable")[:rows]
    return lowest // max(rows, 1)


def by_size(groups: Ints) -> list[Ints]:
    """Rows of the groups, batched: for each size of a group an index array (groups of that size, size)."""
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    sizes = size[group[order]]
    return [order[sizes == value].reshape(-1, value) for value in np.unique(size)]
