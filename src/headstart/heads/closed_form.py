"""Parts shared by ridge and lda: the spectrum of the rows, and a temperature that makes scores into probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.heads.head import Trial
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.linalg import softmax

_ROWS = 4096  #: converted to float64 at a time
_RANK = 1e-9  #: share of the largest eigenvalue under which one is rounding


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Eigenvalues of ``rows.T @ rows`` and where the rows lie in that basis; the shorter side is decomposed."""

    values: Doubles  #: (r,) not negative
    basis: Doubles  #: (D, r) orthonormal columns, which span the rows
    coordinates: NDArray[
        np.floating
    ]  #: (N, r) ``rows @ basis``; float64 where N <= D, float32 where there are many rows


def decompose(rows: Floats) -> Spectrum:
    """Return the spectrum of rows (N, D) by one eigendecomposition of a square matrix of min(N, D), in float64."""
    if len(rows) > rows.shape[1]:
        values, basis = np.linalg.eigh(_gram(rows))
        return Spectrum(np.maximum(values, 0), basis, rows @ basis.astype(np.float32))
    long = rows.astype(np.float64)
    values, turn = np.linalg.eigh(long @ long.T)
    kept = values > _RANK * max(values[-1], 1e-30)
    values, turn = values[kept], turn[:, kept]
    return Spectrum(values, (long.T @ turn) / np.sqrt(values), turn * np.sqrt(values))


def _gram(rows: Floats) -> Doubles:
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, len(rows), _ROWS):
        block = rows[start : start + _ROWS].astype(np.float64)
        total += block.T @ block
    return total


def fit_temperature(scores: Doubles, labels: Ints, weights: Doubles) -> float:
    """Return the factor t > 0 for which softmax(t * scores) has the smallest log loss; scores (N, C).

    The true class counts as (N + 1) / (N + 2), the rest as all classes alike (Platt, 1999), so that N right answers
    do not make certainty. The loss is convex in t: Newton's method, kept between slopes of both signs.
    """
    shares = weights / weights.sum()
    doubt = 1 / (len(labels) + 2)
    own = (1 - doubt) * scores[np.arange(len(labels)), labels] + doubt * scores.mean(axis=1)
    scale = max(float(np.abs(scores - scores.mean(axis=1, keepdims=True)).max()), 1e-12)
    low, high, t = 1e-3 / scale, 1e4 / scale, 1 / scale
    for _ in range(60):
        chance = softmax(t * scores)
        mean = (chance * scores).sum(axis=1)
        slope = shares @ (mean - own)
        low, high = (t, high) if slope < 0 else (low, t)
        bend = shares @ ((chance * np.square(scores)).sum(axis=1) - np.square(mean))
        proposed = t - slope / max(bend, 1e-30)
        following = proposed if low < proposed < high else float(np.sqrt(low * high))
        if abs(following - t) <= 1e-6 * t:
            break
        t = following
    return float(t)


def score_trial(value: float, scores: Doubles, labels: Ints, weights: Doubles) -> Trial:
    """Return log loss and accuracy of softmax(scores) (N, C), rows weighted, as the trial of a value."""
    chance = softmax(scores)[np.arange(len(labels)), labels]
    right = scores.argmax(axis=1) == labels
    lost = -np.log(np.maximum(chance, 1e-15))
    return Trial(value, float(np.average(lost, weights=weights)), float(np.average(right, weights=weights)))


def compute_sample_weight(labels: Ints, classes: int, balanced: bool) -> Doubles:
    """Return a weight for each row (N,): 1, or N / (classes present x rows of its class)."""
    counts = np.bincount(labels, minlength=classes)
    if not balanced:
        return np.ones(len(labels))
    return np.asarray(len(labels) / ((counts > 0).sum() * counts[labels]), np.float64)
