"""How sure a share is."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a share lies with a confidence of ``level``."""

    low: float
    high: float
    level: float  #: 0.95 for 95 %


def wilson(right: int, total: int, level: float = 0.95) -> Interval:
    """Wilson's score interval of ``right`` out of ``total``; all of 0 to 1 where nothing was counted.

    Wilson, 1927, J. American Statistical Association 22; recommended for small samples and shares near 0 or 1 by
    Brown, Cai & DasGupta, 2001, Statistical Science 16.
    """
    if total == 0:
        return Interval(0.0, 1.0, level)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = right / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    # Rounding must not push the share itself out.
    return Interval(max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)), level)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some things are so, and where the share of all such things lies."""

    right: int
    n: int
    share: float
    low: float  #: of Wilson's 95 % interval
    high: float


def share_of(right: int, n: int) -> Share | None:
    """A share with its interval; None of nothing."""
    if not n:
        return None
    interval = wilson(right, n)
    return Share(right, n, right / n, interval.low, interval.high)
