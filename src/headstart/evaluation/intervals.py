"""Confidence intervals of shares."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.grouping import effective_sample_size
from headstart_runtime.arrays import Ints


@dataclass(frozen=True, slots=True)
class Interval:
    """The range in which a share lies with a confidence of ``level``."""

    low: float
    high: float
    level: float  #: 0.95 for 95 %


def wilson_interval(right: float, total: float, level: float = 0.95) -> Interval:
    """Return Wilson's score interval of ``right`` out of ``total``; all of 0 to 1 where nothing was counted.

    Wilson, 1927, J. American Statistical Association 22; recommended for small samples and shares near 0 or 1 by
    Brown, Cai & DasGupta, 2001, Statistical Science 16. Of rows that belong together see ``grouped_wilson_interval``.
    """
    if total == 0:
        return Interval(0.0, 1.0, level)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = right / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    # Rounding must not push the share itself out.
    return Interval(max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)), level)


def grouped_wilson_interval(hits: NDArray[np.bool_], groups: Ints, level: float = 0.95) -> Interval:
    """Return Wilson's interval of the share of hits (N,), by as many rows as the groups (N,) are worth.

    Where each row is a group of its own it is ``wilson_interval``; where rows of a group are alike it is wider.
    ``effective_sample_size`` says how many rows they are worth; to use that for shares: Korn & Graubard, 1998.
    """
    if not len(hits):
        return Interval(0.0, 1.0, level)
    right, size = int(hits.sum()), effective_sample_size(hits, groups)
    return (
        wilson_interval(right, len(hits), level)
        if size == len(hits)
        else wilson_interval(right * size / len(hits), size, level)
    )


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share that was counted, with its confidence interval."""

    right: int
    n: int
    share: float
    low: float  #: of Wilson's 95 % interval
    high: float


def estimate_proportion(hits: NDArray[np.bool_], groups: Ints) -> Proportion | None:
    """Return the share of hits (N,) with an interval that knows which rows belong together; None of no rows."""
    if not len(hits):
        return None
    interval = grouped_wilson_interval(hits, groups)
    return Proportion(int(hits.sum()), len(hits), int(hits.sum()) / len(hits), interval.low, interval.high)
