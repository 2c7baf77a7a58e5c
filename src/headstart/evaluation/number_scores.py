"""Scores of predicted numbers with intervals by groups, in NumPy; scikit-learn and SciPy are the second opinion.

Intervals are percentiles of the bootstrap over groups: all scores are functions of means of a few values of each row,
so one draw of groups serves them all. Ranks, for Spearman's correlation, are those among all rows.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from headstart.evaluation.intervals import Interval
from headstart.evaluation.paired import DRAWS, percentile_interval, resampled_means
from headstart_runtime.arrays import Doubles, Floats, Ints

LEVEL = 0.95
_SEED = 0
_VALUES, _LEAST_DRAWS = 4_000_000, 200  #: rows drawn in all, and draws at least: of many rows fewer draws do
_LEAST_VARIANCE = 1e-12  #: share of the mean square under which a variance is rounding


@dataclass(frozen=True, slots=True)
class NumberScores:
    """Scores of one number. What correlates needs two unlike numbers and is None without."""

    name: str
    unit: str  #: "" where none is known
    n: int  #: rows of which it is known
    mae: float  #: mean absolute error
    mae_interval: Interval
    rmse: float  #: root of the mean squared error
    rmse_interval: Interval
    bias: float  #: mean of predicted less true
    median_error: float  #: mean absolute error of always saying the median of these rows
    r2: float | None  #: share of the variance that is explained: 0 as always saying the mean, 1 at most
    r2_interval: Interval | None
    spearman: float | None  #: correlation of the ranks
    spearman_interval: Interval | None  #: None too where all ranks agree: resamples then know of no other order


def score_numbers(
    predicted: Doubles | Floats, true: Doubles, groups: Ints, *, name: str = "value", unit: str = ""
) -> NumberScores:
    """Return the scores of predictions (N,) of numbers (N,), all known, N of 1 or more; groups (N,)."""
    errors = predicted.astype(np.float64) - true
    ranks, others = rank_values(true), rank_values(predicted.astype(np.float64))
    centre = float(true.mean())
    columns = [
        np.abs(errors),
        np.square(errors),
        true - centre,
        np.square(true - centre),
        ranks,
        others,
        np.square(ranks),
        np.square(others),
        ranks * others,
    ]
    moments = np.stack(columns, axis=1)
    drawn = resampled_means(moments, groups, _SEED, _count_draws(len(true)))
    own = moments.mean(axis=0)[None]

    def estimate(column: Doubles, draws: Doubles) -> tuple[float | None, Interval | None]:
        value = float(column[0])
        if not np.isfinite(value):
            return None, None
        return value, _find_interval(draws, value)

    mae, rmse = float(own[0, 0]), sqrt(float(own[0, 1]))
    r2, r2_interval = estimate(_explained(own), _explained(drawn))
    spearman, spearman_interval = estimate(_correlation(own[:, 4:]), _correlation(drawn[:, 4:]))
    if np.array_equal(ranks, others):
        spearman_interval = None
    return NumberScores(
        name=name,
        unit=unit,
        n=len(true),
        mae=mae,
        mae_interval=_find_interval(drawn[:, 0], mae),
        rmse=rmse,
        rmse_interval=_find_interval(np.sqrt(drawn[:, 1]), rmse),
        bias=float(errors.mean()),
        median_error=float(np.abs(true - np.median(true)).mean()),
        r2=r2,
        r2_interval=r2_interval,
        spearman=spearman,
        spearman_interval=spearman_interval,
    )


def rank_values(values: Doubles) -> Doubles:
    """Return the rank of each value, 1 to N; equal values have the mean of their ranks."""
    _, place, size = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(size)
    return np.asarray((ends - (size - 1) / 2)[place], np.float64)


def mean_interval(values: Doubles, groups: Ints) -> Interval:
    """Return the interval of the mean of values (N,) by the bootstrap over groups (N,)."""
    drawn = resampled_means(values[:, None], groups, _SEED, _count_draws(len(values)))[:, 0]
    return _find_interval(drawn, float(values.mean()))


def _count_draws(rows: int) -> int:
    return max(_LEAST_DRAWS, min(DRAWS, _VALUES // rows))


def _find_interval(draws: Doubles, value: float) -> Interval:
    """Return the middle of resampled scores; draws without unlike numbers have no score and are left out."""
    known = draws[np.isfinite(draws)]
    if not len(known):
        return Interval(value, value, LEVEL)
    found = percentile_interval(known, LEVEL)
    return Interval(min(found.low, value), max(found.high, value), LEVEL)


def _explained(moments: Doubles) -> Doubles:
    """Return 1 - squared error / variance for rows of moments, (S,); NaN where the numbers are all the same."""
    variance = moments[:, 3] - np.square(moments[:, 2])
    known = variance > _LEAST_VARIANCE * np.maximum(moments[:, 3], 1e-300)
    share = np.divide(moments[:, 1], variance, out=np.full(len(moments), np.nan), where=known)
    return np.asarray(1 - share)


def _correlation(moments: Doubles) -> Doubles:
    """Return the correlation for rows of moments (a, b, a², b², ab), (S,); NaN where one of them never differs."""
    a, b, aa, bb, ab = moments.T
    spread = (aa - np.square(a)) * (bb - np.square(b))
    known = spread > _LEAST_VARIANCE * np.maximum(aa * bb, 1e-300)
    root = np.sqrt(np.where(known, spread, 1.0))
    return np.where(known, np.clip((ab - a * b) / root, -1, 1), np.nan)
