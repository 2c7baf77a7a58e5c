"""Fits of a calibration: ranks (N,) and the distributions that were predicted, (N, K) -> ``RankCalibration``.

Held-out samples are few, so what is fitted is drawn towards doing nothing: before any sample is seen, log scale is
taken to lie ``PRIOR`` around 0, one standard deviation. And ``HALF`` a sample more is taken to have been answered with
certainty and wrongly (the prior of Krichevsky & Trofimov, 1981, IEEE Transactions on Information Theory 27), so that
the share that all ranks have alike is never 0.
"""

from collections.abc import Callable

import numpy as np

from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.linalg import sigmoid
from headstart_runtime.tasks.ordinal.calibration import UNCHANGED, RankCalibration, RankCalibrationKind
from headstart_runtime.tasks.ordinal.distribution import SMALLEST, accumulate_logits

PRIOR = 0.25
HALF = 0.5  #: samples that were answered with certainty and wrongly, before any is seen
MOST_MIXED = 0.999  #: of the share that all ranks have alike
_WIDEST = 2.5  #: log scale that is looked at, either way
_NARROWINGS, _HALVINGS, _ROUNDS = 28, 30, 5  #: of the search for a scale, of that for a share, and of both in turn
_GOLDEN = (5**0.5 - 1) / 2


def fit_nothing(ranks: Ints, probabilities: Floats) -> RankCalibration:
    """Return the calibration that changes nothing."""
    return UNCHANGED


def fit_rank_temperature(ranks: Ints, probabilities: Floats) -> RankCalibration:
    """Fit one scale of the cumulative logits."""
    return RankCalibration("temperature", fit_logit_scale(ranks, accumulate_logits(probabilities.astype(np.float64))))


def fit_rank_mixture(ranks: Ints, probabilities: Floats) -> RankCalibration:
    """Fit one scale, and the share that all ranks have alike, one after the other until both have settled."""
    cumulative, count = accumulate_logits(probabilities.astype(np.float64)), probabilities.shape[1]
    scale, mix = 1.0, HALF / (len(ranks) + HALF)
    for _ in range(_ROUNDS):
        before = scale, mix
        scale = fit_logit_scale(ranks, cumulative, mix=mix)
        mix = _fit_mix(_find_own(ranks, cumulative, scale), count)
        if abs(scale - before[0]) < 1e-4 and abs(mix - before[1]) < 1e-6:
            break
    return RankCalibration("mixture", scale, mix)


def fit_logit_scale(ranks: Ints, cumulative: Doubles, *, mix: float = 0.0) -> float:
    """Return the scale of cumulative logits (N, K - 1) with the lowest log loss and prior, by golden section.

    Args:
        ranks: (N,) in 0..K-1.
        cumulative: float64, (N, K - 1).
        mix: share that all ranks have alike.
    """
    share = mix / (cumulative.shape[1] + 1)
    upper, lower = _find_bounds(ranks, cumulative)

    def loss(position: float) -> float:
        own = (1 - mix) * _compute_own(upper, lower, float(np.exp(position))) + share
        return float(-np.log(np.maximum(own, SMALLEST)).sum() + position**2 / (2 * PRIOR**2))

    return float(np.exp(_search_lowest(loss, -_WIDEST, _WIDEST)))


def _search_lowest(loss: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function with one valley is lowest (golden section: Kiefer, 1953, Proc. AMS 4)."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(_NARROWINGS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss(right)
    return (low + high) / 2


def _find_bounds(ranks: Ints, cumulative: Doubles) -> tuple[Doubles, Doubles]:
    """Return the cumulative logits of the thresholds below and above each row's rank, (N,) each."""
    far = np.full((len(ranks), 1), np.inf)
    edges, rows = np.concatenate([far, cumulative, -far], axis=1), np.arange(len(ranks))
    return edges[rows, ranks], edges[rows, ranks + 1]


def _compute_own(upper: Doubles, lower: Doubles, scale: float) -> Doubles:
    """Return the probability of each row's rank (N,), as ``distribute`` computes it."""
    gaps = np.maximum(scale * (upper - lower), 0)
    return np.asarray(sigmoid(scale * upper) * sigmoid(-scale * lower) * -np.expm1(-gaps))


def _find_own(ranks: Ints, cumulative: Doubles, scale: float) -> Doubles:
    return _compute_own(*_find_bounds(ranks, cumulative), scale)


def _fit_mix(own: Doubles, count: int) -> float:
    """Return the likeliest share that all ranks have alike, given each sample's probability of its rank (N,).

    The likelihood is concave in it, so its slope is halved in on.
    """
    low, high = 0.0, MOST_MIXED
    for _ in range(_HALVINGS):
        mix = (low + high) / 2
        slope = float(((1 / count - own) / ((1 - mix) * own + mix / count)).sum()) + HALF / mix
        low, high = (mix, high) if slope > 0 else (low, mix)
    return high


#: simple to rich
RANK_FITS: dict[RankCalibrationKind, Callable[[Ints, Floats], RankCalibration]] = {
    "none": fit_nothing,
    "temperature": fit_rank_temperature,
    "mixture": fit_rank_mixture,
}
