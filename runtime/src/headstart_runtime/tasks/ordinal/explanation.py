"""The part of a grade that a heat map explains: the mean rank, and what raises it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.inference.model_format import PROBABILITIES
from headstart_runtime.tasks.explanation_facet import ExplainedOutput, ExplainedSlope
from headstart_runtime.tasks.ordinal.distribution import spread_numbers
from headstart_runtime.tasks.task import TargetSpace

MEAN_RANK = 0  #: the one thing that is explained
GRADE = "grade"  #: what may be asked about: no grade by itself, for a higher one takes from the one below
_STEP = 1e-3  #: of differences, in a head's numbers


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
        return ExplainedOutput(MEAN_RANK, GRADE, rank, f"{space.names[likely]} (mean rank {rank:.2f})")

    def find_disputed(
        self, space: TargetSpace, targets: Ints, outputs: Mapping[str, NDArray[Any]]
    ) -> Sequence[str | None]:
        """Return that the one thing is explained that there is."""
        return [None] * len(targets)

    def differentiate(self, space: TargetSpace, logits: Floats, index: int) -> ExplainedSlope:
        """Return the mean rank, linear around a head's numbers, by central differences."""
        steps = _STEP * np.eye(len(logits))
        moved = logits.astype(np.float64) + np.concatenate([steps, -steps])
        above, below = np.split(spread_numbers(moved) @ np.arange(len(space.names)), 2)
        return ExplainedSlope(np.asarray((above - below) / (2 * _STEP), np.float32), None, 1.0)
