"""Folds of a cross-validation: groups stay together, every class is spread as evenly as it can be."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Ints


@dataclass(frozen=True, slots=True, eq=False)
class FoldGroups:
    """Groups of rows that a cross-validation keeps together."""

    groups: Ints  #: (N,) a number for each group
    torn: tuple[int, ...]  #: classes whose rows were all of one group, so that it had to be torn apart
    counted: NDArray[np.bool_]  #: (N,) rows of classes of several groups: what is said of the others tells nothing


def make_fold_groups(labels: Ints, groups: Ints) -> FoldGroups:
    """Return the groups that folds keep together: those given; a class that is all of one group is taken row by row.

    Kept together, such a class would be unknown to the head whenever it is asked about it: its rows would speak for the
    strongest penalty, and other rows would be asked of heads that lack one of the classes. Torn apart, it is there for
    the others, but its own rows are answered too easily: these do not count.
    """
    torn = find_one_group_classes(labels, groups)
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    present, counts = np.unique(pairs[0], return_counts=True)
    counted = np.isin(labels, present[counts > 1])
    if not torn:
        return FoldGroups(groups, (), counted)
    own = np.isin(labels, torn)
    apart = groups.copy()
    apart[own] = groups.max() + 1 + np.arange(int(own.sum()))
    return FoldGroups(apart, torn, counted)


def find_one_group_classes(labels: Ints, groups: Ints) -> tuple[int, ...]:
    """Return the classes, of two rows or more, whose rows are all of one group."""
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    present, counts = np.unique(pairs[0], return_counts=True)
    return tuple(int(label) for label in present[counts == 1] if (labels == label).sum() > 1)


def find_counted_rows(together: FoldGroups, labels: Ints, fold: Ints) -> NDArray[np.bool_]:
    """Return the rows (N,) that count and whose class has a row in another fold; if none, all that count."""
    pairs = np.unique(np.stack([labels, fold]), axis=1)
    present, counts = np.unique(pairs[0], return_counts=True)
    known = together.counted & np.isin(labels, present[counts > 1])
    return known if known.any() else together.counted


def count_folds(labels: Ints, groups: Ints, wanted: int) -> int:
    """Return the number of folds: as many as are wanted, or as some class has groups; 0 where no class has two.

    A class with fewer groups is in as many folds as it has groups, so that a rare one makes nothing coarser for others.
    """
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    most = int(np.unique(pairs[0], return_counts=True)[1].max(initial=0))
    return min(wanted, most) if most > 1 else 0


def assign_folds(labels: Ints, groups: Ints, folds: int, seed: int) -> Ints:
    """Return the fold, in 0..folds-1, of every row (N,).

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
    """Return the folds that take the next ``rows`` rows of a class: the one with the fewest of it, then of all."""
    rank = np.argsort(np.argsort(total, kind="stable"), kind="stable") / (len(total) + 1)
    heights = there[:, None] + rank[:, None] + np.arange(rows)[None, :]
    lowest = np.argsort(heights, axis=None, kind="stable")[:rows]
    return lowest // max(rows, 1)


def batch_groups(groups: Ints) -> list[Ints]:
    """Return the rows of all groups in batches: for each size of a group an index array (groups of that size, size)."""
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    sizes = size[group[order]]
    return [order[sizes == value].reshape(-1, value) for value in np.unique(size)]
