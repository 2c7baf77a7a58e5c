"""The part of a number that a heat map explains: what raises it above the median of those that were learnt from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.tasks.explanation_facet import ExplainedOutput, ExplainedSlope
from headstart_runtime.tasks.regression.postprocessor import VALUE
from headstart_runtime.tasks.regression.units import show_number
from headstart_runtime.tasks.task import TargetSpace


class NumberExplanation:
    """The evidence that a number is a large one."""

    noun: str = "number"

    def list_explained(self, space: TargetSpace) -> Sequence[str]:
        """Return the names of the numbers."""
        return space.names

    def choose(self, space: TargetSpace, outputs: Mapping[str, NDArray[Any]], label: str | None) -> ExplainedOutput:
        """Return the number that is asked about; the first where none is."""
        index = 0 if label is None else space.names.index(label)
        value = float(np.ravel(outputs[VALUE])[index])
        return ExplainedOutput(index, space.names[index], value, show_number(value))

    def find_disputed(
        self, space: TargetSpace, targets: Doubles, outputs: Mapping[str, NDArray[Any]]
    ) -> Sequence[str | None]:
        """Return the number that is furthest off, in shares of its range; of a single one None."""
        if len(space.names) == 1:
            return [None] * len(targets)
        spread = np.subtract(space.facts["high"], space.facts["low"])
        away = np.abs(outputs[VALUE].reshape(targets.shape) - targets) / np.where(spread > 0, spread, 1.0)
        known = np.where(np.isfinite(away), away, -1.0)
        return [space.names[place] for place in known.argmax(axis=1)]

    def differentiate(self, space: TargetSpace, logits: Floats, index: int) -> ExplainedSlope:
        """Return the number above the median; the places of an item are told from each other where none is known."""
        gradient = np.zeros(len(logits), np.float32)
        gradient[index] = 1
        medians = space.facts.get("median")
        answer = float(logits[index]) - float(medians[index]) if medians else None
        return ExplainedSlope(gradient, answer, 1.0)
