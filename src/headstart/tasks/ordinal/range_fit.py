"""Thresholds of ranges by split conformal prediction: see ``evaluation.coverage`` for the promise."""

import numpy as np

from headstart.evaluation.coverage import find_conformal_rank
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.ordinal.ranges import RangePredictor


def fit_ranges(ranks: Ints, probabilities: Floats, *, coverage: float) -> RangePredictor:
    """Return ranges with their threshold fitted on samples that the model has not seen.

    Args:
        ranks: (N,) in 0..K-1.
        probabilities: (N, K) float32, calibrated.
        coverage: share of samples whose range shall hold the true rank, in 0..1.

    Returns:
        Ranges of all ranks where there are fewer than coverage / (1 - coverage) samples.

    Raises:
        DataError: shapes that do not belong together.
    """
    if probabilities.ndim != 2 or ranks.shape != (len(probabilities),):
        raise DataError(
            f"ranks {ranks.shape} and probabilities {probabilities.shape} do not belong together; wanted (N,) and "
            "(N, K)"
        )
    everything = RangePredictor(coverage, 1 + 1e-3)  # above any score, rounding included
    place = find_conformal_rank(coverage, len(ranks))
    if place > len(ranks):
        return everything
    scores = np.sort(everything.scores(probabilities)[np.arange(len(ranks)), ranks])
    return RangePredictor(coverage, float(scores[place - 1]))
