"""Counts of labels that are found, taken and there, F1 made of them, and the share that a set misses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.grouping import group_sums, number_groups
from headstart.evaluation.intervals import Interval, wilson_interval
from headstart.evaluation.paired import percentile_interval, resampled_means
from headstart_runtime.arrays import Bools, Doubles, Ints

_DRAWS = 1000  #: resamples of an interval


@dataclass(frozen=True, slots=True, eq=False)
class F1Counts:
    """Counts of how often each label is there and taken; each (..., K)."""

    found: NDArray[np.floating]  #: there and taken
    taken: NDArray[np.floating]
    there: NDArray[np.floating]

    def by_label(self) -> Doubles:
        """Return the F1 of each label, (..., K); NaN where it is never there."""
        whole = self.taken + self.there
        shares = np.divide(2.0 * self.found, whole, out=np.zeros(whole.shape), where=whole > 0)
        return np.where(self.there > 0, shares, np.nan)

    def pooled(self) -> Doubles:
        """Return the F1 of all labels together, (...,); 0 where none is there or taken."""
        whole = (self.taken + self.there).sum(axis=-1)
        return np.asarray(2.0 * self.found.sum(axis=-1) / np.maximum(whole, 1e-12), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class HitCounts:
    """Counts of rows, and of all of them."""

    per_row: tuple[Bools, Bools, Bools]  #: (N, K) found, taken, there; only where a label is known
    total: F1Counts  #: (K,)


def count_hits(targets: NDArray[np.integer], taken: Bools) -> HitCounts:
    """Return the counts of labels that are taken, (N, K), against targets, (N, K), over what is known."""
    there, used = targets == 1, taken & (targets >= 0)
    rows = (there & used, used, there)
    return HitCounts(rows, F1Counts(*(part.sum(axis=0).astype(np.float64) for part in rows)))


@dataclass(frozen=True, slots=True)
class MissRate:
    """The share of an item's labels that its set does not hold, in the mean over groups of items that have some."""

    rate: float
    interval: Interval  #: 95 %, resampled by groups; where nothing is missed, Wilson's of as many groups
    n: int  #: items that have a label


def find_told_labels(targets: NDArray[np.integer]) -> Bools:
    """Return whether each label of targets (N, K) is there on some rows and absent on some, (K,)."""
    return np.asarray((targets == 1).any(axis=0) & (targets == 0).any(axis=0))


def measure_miss_rate(targets: NDArray[np.integer], sets: Bools, groups: Ints) -> MissRate | None:
    """Return how much sets, (N, K), miss of what is there; None where no item has a label.

    Items of one group count together as one, as the promise is made of a further group (``risk_control``). A label that
    all items have is left out, as there.
    """
    told = targets[:, find_told_labels(targets)]
    able = (told == 1).any(axis=1)
    if not able.any():
        return None
    missed = compute_misses(told, sets[:, find_told_labels(targets)])[able]
    numbers = number_groups(groups[able])
    means = group_sums(missed, numbers) / np.bincount(numbers)
    drawn = resampled_means(means[:, None], np.arange(len(means)), 0, _DRAWS)[:, 0]
    interval = percentile_interval(drawn, 0.95)
    if not means.any():  # none is missed: resamples of these groups know of no miss
        interval = wilson_interval(0, len(means))
    return MissRate(float(means.mean()), interval, int(able.sum()))


def compute_misses(targets: NDArray[np.integer], sets: Bools) -> Doubles:
    """Return the share of each item's labels that is not in its set, (N,); 0 of an item without labels."""
    there = targets == 1
    return np.asarray((there & ~sets).sum(axis=1) / np.maximum(there.sum(axis=1), 1), np.float64)
