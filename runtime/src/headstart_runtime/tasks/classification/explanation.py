"""The part of a class's answer that a heat map explains: its logit less the mean of all logits.

What is added to all logits changes no answer. Calibration, which comes after, does not move places.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.inference.model_format import PREDICTED, PROBABILITIES
from headstart_runtime.linalg import softmax
from headstart_runtime.tasks.explanation_facet import ExplainedOutput, ExplainedSlope
from headstart_runtime.tasks.task import TargetSpace


class ClassExplanation:
    """The evidence for one class."""

    noun: str = "class"

    def list_explained(self, space: TargetSpace) -> Sequence[str]:
        """Return the classes."""
        return space.names

    def choose(self, space: TargetSpace, outputs: Mapping[str, NDArray[Any]], label: str | None) -> ExplainedOutput:
        """Return the class that is asked about; the predicted one where none is."""
        probabilities = outputs[PROBABILITIES]
        predicted = int(outputs.get(PREDICTED, probabilities.argmax()))
        index = predicted if label is None else space.names.index(label)
        share = float(probabilities[index])
        return ExplainedOutput(index, space.names[index], share, f"{share:.1%}", share)

    def find_disputed(
        self, space: TargetSpace, targets: Ints, outputs: Mapping[str, NDArray[Any]]
    ) -> Sequence[str | None]:
        """Return that the predicted class is explained, right or wrong."""
        return [None] * len(targets)

    def differentiate(self, space: TargetSpace, logits: Floats, index: int) -> ExplainedSlope:
        """Return the logit less the mean of all; a member counts by the probability that it gives to the class."""
        gradient = -np.full(len(logits), 1 / len(logits), np.float32)
        gradient[index] += 1
        share = float(softmax(logits[None])[0, index])
        return ExplainedSlope(gradient, float(logits[index] - logits.mean()), share)
