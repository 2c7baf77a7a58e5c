"""The part of a grade that a heat map explains: the location on the scale of grades, what raises the grade.

Of a head that was solved the location of an item with average features is 0, so what a map adds up to is how far this
one lies above the average. Thresholds between grades, which the other outputs are, say nothing of places.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Floats
from headstart.inference.model_format import PROBABILITIES
from headstart.tasks.optional_facets import ExplainedOutput, ExplainedSlope
from headstart.tasks.task import TargetSpace

LOCATION = 0  #: the output of a head that is the location
GRADE = "grade"  #: what may be asked about: no grade by itself, for a higher one takes from the one below


class GradeExplanation:
    """The evidence that a grade is a high one."""

    noun: str = "answer"

    def list_explained(self, space: TargetSpace) -> Sequence[str]:
        """Return the one thing that is explained."""
        return (GRADE,)

    def choose(self, space: TargetSpace, outputs: Mapping[str, NDArray[Any]], label: str | None) -> ExplainedOutput:
        """Return the grade, by its mean rank, counted from 1."""
        probabilities = outputs[PROBABILITIES].astype(np.float64)
        rank = float(probabilities @ np.arange(1, len(probabilities) + 1) / max(float(probabilities.sum()), 1e-12))
        likely = int((probabilities.cumsum() < 0.5 * probabilities.sum() - 1e-9).sum())
        return ExplainedOutput(LOCATION, GRADE, rank, f"{space.names[likely]} (mean rank {rank:.2f})")

    def differentiate(self, space: TargetSpace, logits: Floats, index: int) -> ExplainedSlope:
        """Return the location."""
        gradient = np.zeros(len(logits), np.float32)
        gradient[index] = 1
        return ExplainedSlope(gradient, float(logits[index]), 1.0)
