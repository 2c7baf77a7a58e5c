"""Intervals of curves over all thresholds: groups of rows are drawn anew, and what the curves would then be is seen.

Rows of equal score pass a threshold together, as in ``curves``. Resamples without a row of one kind tell nothing of the
curve and are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.grouping import number_groups
from headstart.evaluation.intervals import Interval, wilson_interval
from headstart_runtime.arrays import Bools, Doubles, Ints

AREA_DRAWS, BAND_DRAWS = 1000, 400  #: resamples of areas, and of curves
_CELLS = 2_000_000  #: rows times resamples held at once: some 16 MB
_MOST_CELLS = 40_000_000  #: in all; of more rows there are fewer resamples
_FEWEST = 200  #: resamples, however many rows there are


@dataclass(frozen=True, slots=True)
class AreaIntervals:
    """95 % intervals of the areas under both curves, by groups."""

    roc: Interval
    precision_recall: Interval  #: of average precision


@dataclass(frozen=True, slots=True, eq=False)
class CurveBands:
    """Pointwise 95 % bands of both curves at places of their lower axis; (M,) each."""

    places: Doubles  #: false positives, or recall: rising from 0 to 1
    true_positives_low: Doubles
    true_positives_high: Doubles
    precision_low: Doubles
    precision_high: Doubles


def resample_areas(scores: NDArray[np.floating], wanted: Bools, groups: Ints, seed: int) -> AreaIntervals:
    """Return percentile intervals of the area under the ROC curve and of average precision.

    Where no resample differs, as where every row is told, resampling knows nothing: the interval is then Wilson's of a
    share of as many as there are groups of the rarer kind.

    Args:
        scores: (N,) greater for the wanted.
        wanted: (N,) whether a row is of the class; some are, some are not.
        groups: (N,) which rows belong together.
        seed: of the draws.
    """
    rows = _SortedRows.sort(scores, wanted, groups)
    found = [rows.measure_areas(weights) for weights in rows.draw(seed, AREA_DRAWS)]
    areas = np.concatenate(found, axis=1) if found else np.zeros((2, 0))
    kinds = [len(np.unique(groups[kind])) for kind in (wanted, ~wanted)]
    whole = rows.measure_areas(np.ones((1, len(scores))))
    roc, precision = (
        _bound(area[~np.isnan(area)], float(own[0]), min(kinds)) for area, own in zip(areas, whole, strict=True)
    )
    return AreaIntervals(roc, precision)


def resample_curves(
    scores: NDArray[np.floating], wanted: Bools, groups: Ints, seed: int, places: Doubles
) -> CurveBands:
    """Return bands of the ROC curve and of precision over recall; arguments are as of ``resample_areas``."""
    rows = _SortedRows.sort(scores, wanted, groups)
    true_positives, precision = [], []
    for weights in rows.draw(seed, BAND_DRAWS):
        for found, wrong in zip(*rows.accumulate(weights), strict=True):
            if found[-1] and wrong[-1]:
                true_positives.append(np.interp(places, np.r_[0.0, wrong / wrong[-1]], np.r_[0.0, found / found[-1]]))
                at = np.searchsorted(found / found[-1], places - 1e-9)
                precision.append((found / np.maximum(found + wrong, 1e-9))[np.minimum(at, len(found) - 1)])
    if not precision:
        nothing, all_ = np.zeros(len(places)), np.ones(len(places))
        return CurveBands(places, nothing, all_, nothing, all_)
    bands = [np.quantile(np.stack(each), (0.025, 0.975), axis=0) for each in (true_positives, precision)]
    return CurveBands(places, *bands[0], *bands[1])


@dataclass(frozen=True, slots=True, eq=False)
class _SortedRows:
    """Rows by falling score."""

    starts: Ints  #: (M,) first row of each unlike score
    wanted: Bools  #: (N,)
    groups: Ints  #: (N,) numbered

    @classmethod
    def sort(cls, scores: NDArray[np.floating], wanted: Bools, groups: Ints) -> Self:
        order = np.argsort(-scores, kind="stable")
        starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))
        return cls(starts, wanted[order], number_groups(groups)[order])

    def draw(self, seed: int, draws: int) -> Iterator[Doubles]:
        """Yield how often each row is in each of some resamples of groups, (B, N)."""
        n, count, random = len(self.groups), int(self.groups.max()) + 1, np.random.default_rng(seed)
        left = max(_FEWEST, min(draws, _MOST_CELLS // n))
        step = max(1, _CELLS // n)
        while left > 0:
            size = min(step, left)
            drawn = random.integers(0, count, (size, count)) + count * np.arange(size)[:, None]
            times = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
            yield times[:, self.groups].astype(np.float64)
            left -= size

    def accumulate(self, weights: Doubles) -> tuple[Doubles, Doubles]:
        """Return how many wanted and how many other rows have each score or a higher one, (B, M) each."""
        kinds = (weights * self.wanted, weights * ~self.wanted)
        found, wrong = (np.add.reduceat(kind, self.starts, axis=1).cumsum(axis=1) for kind in kinds)
        return found, wrong

    def measure_areas(self, weights: Doubles) -> Doubles:
        """Return AUROC and average precision of each resample, (2, B); NaN where there is none."""
        found, wrong = self.accumulate(weights)
        total, others = found[:, -1], wrong[:, -1]
        step_found, step_wrong = (np.diff(counts, axis=1, prepend=0.0) for counts in (found, wrong))
        pairs = (step_wrong * (found - step_found / 2)).sum(axis=1)
        precise = (step_found * found / np.maximum(found + wrong, 1e-12)).sum(axis=1)
        known = (total > 0) & (others > 0)
        roc = np.where(known, pairs / np.where(known, total * others, 1), np.nan)
        return np.stack([roc, np.where(known, precise / np.where(known, total, 1), np.nan)])


def _bound(areas: Doubles, own: float, groups: int) -> Interval:
    """Return the middle 95 % of resampled areas; Wilson's interval where they are all the same."""
    if not len(areas) or np.ptp(areas) < 1e-12:
        return wilson_interval(own * groups, groups)
    low, high = np.quantile(areas, (0.025, 0.975))
    return Interval(min(float(low), own), max(float(high), own), 0.95)
