"""Thresholds of prediction sets by split conformal prediction: see ``evaluation.coverage`` for the promise."""

import numpy as np

from headstart.evaluation.coverage import find_conformal_rank
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.classification.conformal import ConformalPredictor


def fit_conformal(labels: Ints, probabilities: Floats, *, coverage: float) -> ConformalPredictor:
    """Return prediction sets with their threshold fitted on samples that the classifier has not seen.

    Args:
        labels: (N,) in 0..C-1.
        probabilities: (N, C) float32, calibrated.
        coverage: share of samples whose set shall hold the true class, in 0..1.

    Returns:
        Sets that hold all classes where there are fewer than coverage / (1 - coverage) samples.

    Raises:
        DataError: shapes that do not belong together.
    """
    if probabilities.ndim != 2 or labels.shape != (len(probabilities),):
        raise DataError(
            f"labels {labels.shape} and rows {probabilities.shape} do not belong together; wanted (N,) and (N, C)"
        )
    everything = ConformalPredictor("lac", coverage, 1 + 1e-3)  # above any score, rounding included
    rank = find_conformal_rank(coverage, len(labels))
    if rank > len(labels):
        return everything
    scores = np.sort(everything.scores(probabilities)[np.arange(len(labels)), labels])
    return ConformalPredictor("lac", coverage, float(scores[rank - 1]))
