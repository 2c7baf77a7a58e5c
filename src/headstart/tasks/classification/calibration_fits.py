"""Fits of each kind of calibration: labels (N,) and uncalibrated probabilities (N, C) -> ``Calibration``.

Held-out samples are few, so what is fitted is drawn towards doing nothing: before any sample is seen, log scale is
taken to lie ``PRIOR`` around 0, one standard deviation. With 40 to 240 validation samples of four collections, test log
loss of ``temperature`` is .235 in the mean, .242 with twice that prior and .291 with none; uncalibrated it is .236. A
classifier that makes no mistake would get any scale.

None of N samples can vouch that a further one is answered rightly with a chance of more than about 1 - 1 / N. A
logistic head says 1 - 1e-23 all the same, and one such sample costs as much log loss as fifty others. So ``mixture``
and ``isotonic`` see ``HALF`` a sample more that was answered with certainty and wrongly (the prior of Krichevsky &
Trofimov, 1981, IEEE Transactions on Information Theory 27): the mixed share is never 0, and no curve ends at 0 or 1.

The curves of ``isotonic`` see half a right sample below all others and half a wrong one above, and go through the
middle of each level piece (centred isotonic regression: Oron & Flournoy, 2017, Statistics in Biopharmaceutical Research
9), so that they rise everywhere and keep the order of samples.
"""

from collections.abc import Callable

import numpy as np

from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.linalg import softmax
from headstart_runtime.tasks.classification.calibration import NONE, SMALLEST, Calibration, CalibrationKind

PRIOR = 0.25
HALF = 0.5  #: samples that were answered with certainty and wrongly, before any is seen
MOST_MIXED = 0.999  #: of the share that all classes have alike
_STEPS, _SETTLED = 25, 1e-5  #: of Newton's method: most steps, and the smallest worth another
_HALVINGS = 40  #: of the interval in which the share is looked for


def fit_none(labels: Ints, probabilities: Floats, start: Calibration) -> Calibration:
    """Return the calibration that changes nothing."""
    return NONE


def fit_temperature_scaling(labels: Ints, probabilities: Floats, start: Calibration) -> Calibration:
    """Fit one scale for all classes by Newton's method in log scale, from that of ``start``."""
    logs = _take_logs(probabilities)
    position = float(np.log(start.scale))
    for _ in range(_STEPS):
        scaled = softmax(np.float32(np.exp(position)) * logs)
        step = _step(labels, logs, scaled, position, np.ones(len(labels)))
        position -= step
        if abs(step) < _SETTLED:
            break
    return Calibration("temperature", float(np.exp(position)))


def fit_mixture(labels: Ints, probabilities: Floats, start: Calibration) -> Calibration:
    """Fit one scale, and the share that all classes have alike.

    In turn the best share for the scale, and a step of Newton's method for the scale in which each sample counts as
    much as it is likely not to be of that share (expectation maximisation: Dempster, Laird & Rubin, 1977, J. Royal
    Statistical Society B 39).
    """
    logs, classes = _take_logs(probabilities), probabilities.shape[1]
    position, mix = float(np.log(start.scale)), HALF / (len(labels) + HALF)
    for _ in range(_STEPS):
        scaled = softmax(np.float32(np.exp(position)) * logs)
        own = scaled[np.arange(len(labels)), labels].astype(np.float64)
        mix = _fit_share(own, classes)
        step = _step(labels, logs, scaled, position, (1 - mix) * own / ((1 - mix) * own + mix / classes))
        position -= step
        if abs(step) < _SETTLED:
            break
    return Calibration("mixture", float(np.exp(position)), mix=mix)


def _step(labels: Ints, logs: Floats, scaled: Floats, position: float, weights: Doubles) -> float:
    """Return Newton's step in log scale, to be taken off; each sample's loss has a weight (N,)."""
    scale = float(np.exp(position))
    mean = np.einsum("nc,nc->n", scaled, logs).astype(np.float64)
    spread = float(weights @ (np.einsum("nc,nc,nc->n", scaled, logs, logs) - mean * mean))
    slope = scale * float(weights @ (mean - logs[np.arange(len(labels)), labels])) + position / PRIOR**2
    return float(np.clip(slope / (scale * scale * max(spread, 0.0) + PRIOR**-2), -1, 1))


def _fit_share(own: Doubles, classes: int) -> float:
    """Return the likeliest share that all classes have alike, given each sample's probability of its class (N,).

    The likelihood is concave in it, so its slope is halved in on.
    """
    low, high = 0.0, MOST_MIXED
    for _ in range(_HALVINGS):
        mix = (low + high) / 2
        slope = float(((1 / classes - own) / ((1 - mix) * own + mix / classes)).sum()) + HALF / mix
        low, high = (mix, high) if slope > 0 else (low, mix)
    return high


def fit_isotonic(labels: Ints, probabilities: Floats, start: Calibration) -> Calibration:
    """Fit a rising curve for each class against the rest; ``start`` is of no use to it."""
    curves = [fit_isotonic_curve(labels == index, column) for index, column in enumerate(probabilities.T)]
    return Calibration(
        "isotonic", knots=tuple(knots for knots, _ in curves), values=tuple(values for _, values in curves)
    )


def fit_isotonic_curve(right: Bools, probabilities: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return knots and values of the rising curve from a class's probability (N,) to how often it was right (N,).

    Pool adjacent violators: all neighbours that do not rise are joined at once, until all rise.
    """
    x, at = np.unique(np.maximum(probabilities, np.float32(SMALLEST)), return_inverse=True)
    weight, hits = np.bincount(at).astype(np.float64), np.bincount(at, right)
    weight[0], hits[0] = weight[0] + HALF, hits[0] + HALF
    weight[-1] += HALF
    place = weight * x
    while (flat := np.diff(hits / weight) <= 0).any():
        firsts = np.flatnonzero(np.r_[True, ~flat])
        weight, hits, place = (np.add.reduceat(values, firsts) for values in (weight, hits, place))
    knots = (place / weight).astype(np.float32)  # of neighbours these never meet: their photos' probabilities do not
    return tuple(map(float, knots)), tuple(map(float, hits / weight))


def _take_logs(probabilities: Floats) -> Floats:
    return np.log(np.maximum(probabilities, np.float32(SMALLEST)))


#: fit(labels, probabilities, start): ``start`` is near what comes out, or NONE.
FITS: dict[CalibrationKind, Callable[[Ints, Floats, Calibration], Calibration]] = {
    "none": fit_none,
    "temperature": fit_temperature_scaling,
    "mixture": fit_mixture,
    "isotonic": fit_isotonic,
}
