"""Reliability of probabilities: how far confidence and accuracy are apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation import metrics
from headstart.evaluation.intervals import grouped_wilson_interval
from headstart_runtime.errors import DataError

LEAST = 10  #: rows in a bin, or there are fewer bins: what is counted on less is mostly chance


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of about the same confidence."""

    n: int
    confidence: float  #: mean probability of the predicted class
    accuracy: float  #: share of right predictions
    low: float  #: of Wilson's 95 % interval of the accuracy
    high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The distance of probabilities from the share that is right; smaller is better for all three scores."""

    n: int
    ece: float  #: expected calibration error: mean over rows of |confidence - accuracy| of their bin
    brier: float  #: mean over rows of the squared distance to the truth, summed over classes: 0 to 2
    log_loss: float  #: nats per row
    bins: tuple[Bin, ...]  #: of rising confidence


def measure_reliability(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    bins: int = 15,
    *,
    groups: NDArray[np.int64] | None = None,
    predicted: NDArray[np.int64] | None = None,
) -> Reliability:
    """Score probabilities (N, C) against labels (N,), by the confidence in the predicted class.

    Bins hold as many rows each (equal mass: Nguyen & O'Connor, 2015, EMNLP; with bins of equal width most rows of a
    good classifier fall into the last). Rows of equal confidence are never in two bins, so the order of the rows does
    not matter: a bin's end moves up to the last of its equals, and where these fill whole bins there are fewer bins.
    There are also fewer where ``bins`` would hold less than ``LEAST`` rows each. The error of perfect probabilities is
    above 0 by chance, the more so the fewer rows. ``groups`` (N,) says which rows belong together, for the intervals of
    the bins; None: each is by itself. ``predicted`` (N,) is the class that is told of each row, as where a threshold
    decides; None: the likeliest.

    Raises:
        DataError: no rows, or shapes that do not belong together.
    """
    if probabilities.ndim != 2 or labels.shape != (len(probabilities),) or not len(labels):
        raise DataError(
            f"labels {labels.shape} and probabilities {probabilities.shape} cannot be scored; wanted (N,) and (N, C) "
            "with N of 1 or more"
        )
    told = probabilities.argmax(axis=1) if predicted is None else predicted
    confidence = probabilities[np.arange(len(labels)), told].astype(np.float64)
    right = told == labels
    own = np.arange(len(labels)) if groups is None else groups
    found = fill_bins(confidence, right, own, max(1, min(bins, len(labels) // LEAST)))
    truth = np.zeros(probabilities.shape)
    truth[np.arange(len(labels)), labels] = 1
    return Reliability(
        n=len(labels),
        ece=measure_bin_error(found),
        brier=float(np.square(probabilities - truth).sum(axis=1).mean()),
        log_loss=metrics.log_loss(labels, probabilities),
        bins=found,
    )


def measure_bin_error(bins: Sequence[Bin]) -> float:
    """Return the mean distance of a bin's probability from the share that came true, over the rows (ECE)."""
    return sum(one.n * abs(one.confidence - one.accuracy) for one in bins) / max(1, sum(one.n for one in bins))


def fill_bins(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], groups: NDArray[np.int64], bins: int
) -> tuple[Bin, ...]:
    """Return bins of as many rows each, of rising confidence (N,), and whether it came true, (N,); groups are (N,)."""
    order = np.argsort(confidence, kind="stable")
    confidence, right, groups = confidence[order], right[order], groups[order]
    last = np.arange(1, bins + 1) * len(order) // bins - 1
    ends = np.unique(np.searchsorted(confidence, confidence[last], side="right"))
    found = []
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        own = right[start:end]
        interval = grouped_wilson_interval(own, groups[start:end])
        mean = float(confidence[start:end].mean())
        found.append(Bin(len(own), mean, float(own.mean()), interval.low, interval.high))
    return tuple(found)


def describe_calibration_error(before: float, after: float) -> str:
    """Return the calibration error before and after a calibration, in one line."""
    off = f"stated probabilities are off by {100 * after:.1f} points on average"
    return f"calibration error {after:.1%} ({before:.1%} before): {off}"
