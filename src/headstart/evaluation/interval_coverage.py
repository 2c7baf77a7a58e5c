"""Coverage of intervals: the share that holds the true number, how wide they are, and whether it holds everywhere."""

from dataclasses import dataclass

import numpy as np

from headstart.evaluation.intervals import grouped_wilson_interval
from headstart_runtime.arrays import Doubles, Floats, Ints

PARTS = 3  #: of the rows, by what is predicted


@dataclass(frozen=True, slots=True)
class CoveredPart:
    """Rows whose predictions lie together."""

    lowest: float  #: prediction
    highest: float
    n: int
    coverage: float  #: share of the rows whose interval holds the true number
    low: float  #: of Wilson's 95 % interval, by groups
    high: float
    mean_width: float


@dataclass(frozen=True, slots=True)
class IntervalCoverage:
    """Share of intervals that held the true number."""

    coverage: float
    low: float  #: of Wilson's 95 % interval, by groups
    high: float
    n: int
    mean_width: float
    median_width: float
    parts: tuple[CoveredPart, ...]  #: thirds of the rows, from low to high predictions; fewer of few rows


def measure_interval_coverage(
    intervals: Doubles | Floats, predicted: Doubles | Floats, true: Doubles, groups: Ints
) -> IntervalCoverage:
    """Return the coverage of intervals (N, 2) around predictions (N,) of numbers (N,), all known, N of 1 or more."""
    held = np.asarray((intervals[:, 0] <= true) & (true <= intervals[:, 1]))
    widths = (intervals[:, 1] - intervals[:, 0]).astype(np.float64)
    order = np.argsort(predicted, kind="stable")
    parts = []
    for rows in np.array_split(order, min(PARTS, len(true))):
        share = grouped_wilson_interval(held[rows], groups[rows])
        ends = float(predicted[rows].min()), float(predicted[rows].max())
        covered = float(held[rows].mean())
        parts.append(CoveredPart(*ends, len(rows), covered, share.low, share.high, float(widths[rows].mean())))
    whole = grouped_wilson_interval(held, groups)
    return IntervalCoverage(
        coverage=float(held.mean()),
        low=whole.low,
        high=whole.high,
        n=len(true),
        mean_width=float(widths.mean()),
        median_width=float(np.median(widths)),
        parts=tuple(parts),
    )
