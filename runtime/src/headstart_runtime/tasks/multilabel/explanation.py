"""The part of an answer of several labels that a heat map explains: one label's logit, above even odds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.inference.model_format import PROBABILITIES
from headstart_runtime.linalg import sigmoid
from headstart_runtime.tasks.explanation_facet import ExplainedOutput, ExplainedSlope
from headstart_runtime.tasks.multilabel.postprocessor import LABELS
from headstart_runtime.tasks.task import TargetSpace


class LabelSetExplanation:
    """The evidence for one label, whatever other labels there are."""

    noun: str = "label"

    def list_explained(self, space: TargetSpace) -> Sequence[str]:
        """Return the labels."""
        return space.names

    def choose(self, space: TargetSpace, outputs: Mapping[str, NDArray[Any]], label: str | None) -> ExplainedOutput:
        """Return the label that is asked about; the likeliest where none is."""
        probabilities = outputs[PROBABILITIES]
        index = int(probabilities.argmax()) if label is None else space.names.index(label)
        share = float(probabilities[index])
        return ExplainedOutput(index, space.names[index], share, f"{share:.1%}", share)

    def find_disputed(
        self, space: TargetSpace, targets: NDArray[np.integer], outputs: Mapping[str, NDArray[Any]]
    ) -> Sequence[str | None]:
        """Return the label that is furthest from the item's, of those that are known and answered otherwise."""
        wrong = (targets >= 0) & (outputs[LABELS] != (targets == 1))
        away = np.where(wrong, np.abs(outputs[PROBABILITIES] - (targets == 1)), -1.0)
        return [
            space.names[place] if some else None
            for place, some in zip(away.argmax(axis=1), wrong.any(axis=1), strict=True)
        ]

    def differentiate(self, space: TargetSpace, logits: Floats, index: int) -> ExplainedSlope:
        """Return the label's logit; a member counts by the probability that it gives to the label."""
        gradient = np.zeros(len(logits), np.float32)
        gradient[index] = 1
        return ExplainedSlope(gradient, float(logits[index]), float(sigmoid(logits[None])[0, index]))
