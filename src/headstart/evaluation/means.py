"""Means of scores that are any numbers, with intervals and comparisons that know which rows belong together.

A variance is that between groups of the linearised statistic, a group's sum being one draw (Cameron & Miller, 2015, A
practitioner's guide to cluster-robust inference, J. Human Resources 50, section II). Few groups know it badly, so
quantiles are Student's, with Welch's degrees of freedom where two means are compared (Welch, 1947, Biometrika 34).
"""

from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

import numpy as np

from headstart.evaluation.grouping import group_sums, number_groups
from headstart.evaluation.intervals import grouped_wilson_interval
from headstart_runtime.arrays import Bools, Doubles, Ints

_STEPS = 300  #: of the continued fraction, which needs far fewer
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class MeanScore:
    """The mean of the scores of some rows."""

    score: float
    low: float  #: of its 95 % interval; of rows of one group, the smallest and the largest score
    high: float
    n: int  #: rows


def estimate_mean(scores: Doubles, groups: Ints, level: float = 0.95) -> MeanScore | None:
    """Return the mean of scores (N,) with an interval that knows which rows belong together; None of no rows."""
    n = len(scores)
    if not n:
        return None
    mean = float(scores.mean())
    sums = group_sums(scores - mean, number_groups(groups))
    if len(sums) < 2:
        return MeanScore(mean, float(scores.min()), float(scores.max()), n)
    error = sqrt(len(sums) / (len(sums) - 1) * float(np.square(sums).sum())) / n
    width = student_quantile((1 + level) / 2, len(sums) - 1) * error
    return MeanScore(mean, mean - width, mean + width, n)


def estimate_mean_share(scores: Doubles, groups: Ints, level: float = 0.95) -> MeanScore | None:
    """Return the mean of scores (N,) that lie in 0..1, with an interval within these; None of no rows.

    Flawless rows say nothing of how scores scatter, nor do rows that have nothing right: the interval is then Wilson's
    of as many (``evaluation.intervals``).
    """
    mean = estimate_mean(scores, groups, level)
    if mean is None:
        return None
    low, high = max(0.0, mean.low), min(1.0, mean.high)
    if scores.min() >= 1 or scores.max() <= 0:
        room = grouped_wilson_interval(scores >= 1, groups, level)
        low, high = room.low, room.high
    return MeanScore(mean.score, low, high, mean.n)


def turn_mean(mean: MeanScore) -> MeanScore:
    """Return the mean of errors, of which the smaller is the better, from that of scores, of which the greater is."""
    return MeanScore(-mean.score, -mean.high, -mean.low, mean.n)


def compare_with_rest(scores: Doubles, inside: Bools, groups: Ints) -> float:
    """Return P, one-sided, of a mean of the rows inside so much smaller than that of the others, were they alike.

    Args:
        scores: (N,).
        inside: (N,) some of the rows, not all.
        groups: (N,) any numbers; a group may have rows on both sides.

    Returns:
        1 where all rows of a side are of one group: then nothing can be told.
    """
    numbers = number_groups(groups)
    count = int(numbers.max()) + 1
    touched = np.bincount(numbers[inside], minlength=count) > 0
    near, far = int(touched.sum()), int(count - touched.sum())
    if near < 2 or far < 2:
        return 1.0
    sides = np.array([scores[~inside].mean(), scores[inside].mean()])
    weights = np.where(inside, 1 / inside.sum(), -1 / (~inside).sum())
    squares = np.square(group_sums(weights * (scores - sides[inside.astype(np.int64)]), numbers))
    one = float(squares[touched].sum()) * near / (near - 1)
    other = float(squares[~touched].sum()) * far / (far - 1)
    difference = float(sides[1] - sides[0])
    if one + other <= _TINY:
        same = exp(lgamma(near + 1) + lgamma(far + 1) - lgamma(count + 1))  # of all ways to choose so many groups, one
        return same if difference < 0 else 1.0
    degrees = (one + other) ** 2 / (one**2 / (near - 1) + other**2 / (far - 1))
    return student_cdf(difference / sqrt(one + other), degrees)


def student_cdf(t: float, degrees: float) -> float:
    """Return P of at most ``t`` for Student's distribution."""
    tail = 0.5 * _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t))
    return tail if t < 0 else 1 - tail


def student_quantile(p: float, degrees: float) -> float:
    """Return the quantile of Student's distribution, by bisection; ``p`` in 0.5..1."""
    low, high = 0.0, 1.0
    while student_cdf(high, degrees) < p and high < 1e9:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if student_cdf(middle, degrees) < p else (low, middle)
    return high


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function (NIST, Digital Library of Mathematical Functions, 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # beyond, the fraction of the other side converges quickly
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    above, below = 1.0, 1 / _away_from_0(1 - (a + b) * x / (a + 1))
    value = below
    for step in range(1, _STEPS):
        for part in (
            step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step)),
            -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1)),
        ):
            below = 1 / _away_from_0(1 + part * below)
            above = _away_from_0(1 + part / above)
            value *= above * below
        if abs(above * below - 1) < 1e-15:
            break
    return front * value


def _away_from_0(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
