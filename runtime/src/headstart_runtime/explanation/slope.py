"""The slope of what is explained of an answer: by a member's logits, and through its head by the features it reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.explanation.layer import ExplainedLayer
from headstart_runtime.inference.postprocess import DenseLayers


@dataclass(frozen=True, slots=True)
class MemberSlope:
    """The slope of what is explained of one member's answer, and of what it reads."""

    weight: float  #: of the member
    answer: float | None  #: as ``ExplainedSlope`` has it
    layers: Sequence[tuple[int, ExplainedLayer, Floats]]  #: branch, layer, and the gradient by its features (D,)


def run_head(head: DenseLayers, features: Floats) -> tuple[Floats, list[Bools]]:
    """Return a head's logits (K,), and which of the inputs of its later layers are above 0."""
    values, masks = features, []
    for number, (weight, bias) in enumerate(head):
        if number:
            masks.append(values > 0)
            values = np.maximum(values, 0)
        values = values @ weight + bias
    return values, masks


def differentiate_head(head: DenseLayers, masks: Sequence[Bools], gradient: Floats) -> Floats:
    """Return the gradient by a head's features (D,) of what has this gradient by its logits (K,)."""
    for number in range(len(head) - 1, -1, -1):
        gradient = head[number][0] @ gradient
        if number:
            gradient = gradient * masks[number - 1]
    return gradient
