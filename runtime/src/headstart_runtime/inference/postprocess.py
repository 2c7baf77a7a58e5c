"""From features to predictions in NumPy: heads, the task's postprocessor, novelty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.errors import ClassifierError
from headstart_runtime.inference.model_format import PREDICTED, PREDICTION_SET, PROBABILITIES, UNCALIBRATED
from headstart_runtime.inference.novelty import Novelty
from headstart_runtime.tasks.task import OutputRule, Postprocessor

DenseLayers = tuple[tuple[Floats, Floats], ...]  #: (weight (D, H), bias (H,)) of each dense layer


def parse_heads(content: bytes, count: int) -> tuple[DenseLayers, ...]:
    """Return the dense layers of so many members' heads, from the bytes of ``head.safetensors``.

    Raises:
        ClassifierError: they are not there.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(content)
        return tuple(_head(tensors, f"{index}/" if count > 1 else "") for index in range(count))
    except (KeyError, SafetensorError) as error:
        raise ClassifierError(
            f"head.safetensors does not hold {count} heads: {error}; copy the whole model folder again"
        ) from None


def _head(tensors: Mapping[str, Floats], prefix: str) -> DenseLayers:
    count = max(1, sum(name.startswith(prefix) for name in tensors) // 2)
    return tuple((tensors[f"{prefix}{index}.weight"], tensors[f"{prefix}{index}.bias"]) for index in range(count))


def apply_head(head: DenseLayers, features: Floats) -> Floats:
    """Return logits, float32 (N, K): dense layers with ReLU between them.

    Args:
        head: the dense layers.
        features: float32 (N, D).
    """
    values = features
    for index, (weight, bias) in enumerate(head):
        values = (np.maximum(values, 0) if index else values) @ weight + bias
    return values


@dataclass(frozen=True, slots=True, eq=False)
class BatchPredictions:
    """The predictions of a model for N items, as arrays."""

    outputs: Mapping[str, NDArray[Any]]  #: (N, ...) each, by their names in the graph; the task says which there are
    novelty: Floats | None = None  #: (N,), above 1 is out of distribution

    @property
    def out_of_distribution(self) -> Bools:
        """Whether each item is unlike the training items, (N,); False where novelty is not judged."""
        return np.zeros(len(self), bool) if self.novelty is None else self.novelty > 1

    @property
    def probabilities(self) -> Floats:
        """Calibrated probabilities (N, C), of a classifier."""
        return self.outputs[PROBABILITIES]

    @property
    def uncalibrated(self) -> Floats:
        """Probabilities before calibration (N, C), of a classifier."""
        return self.outputs[UNCALIBRATED]

    @property
    def prediction_set(self) -> Bools | None:
        """Whether a class is in the item's prediction set, (N, C), of a classifier; None where it makes none."""
        return self.outputs.get(PREDICTION_SET)

    @property
    def predicted(self) -> Ints:
        """Index of the predicted class (N,), of a classifier: by a threshold where it has one, else the likeliest."""
        if PREDICTED in self.outputs:
            return self.outputs[PREDICTED]
        return np.asarray(self.probabilities.argmax(axis=1))

    def __len__(self) -> int:
        return len(next(iter(self.outputs.values())))

    def select(self, rows: slice | Bools | Ints) -> Self:
        """Return the predictions of some of the items."""
        return type(self)(
            {name: values[rows] for name, values in self.outputs.items()},
            None if self.novelty is None else self.novelty[rows],
        )

    def answer_by(self, rule: OutputRule) -> Self:
        """Return the predictions with answers that a rule takes anew from the outputs."""
        return type(self)(rule(self.outputs), self.novelty)

    @classmethod
    def concatenate(cls, batches: Sequence[Self]) -> Self:
        """Join predictions of one model, at least one batch, in their order."""
        novelty = [batch.novelty for batch in batches if batch.novelty is not None]
        return cls(
            {name: np.concatenate([batch.outputs[name] for batch in batches]) for name in batches[0].outputs},
            np.concatenate(novelty) if novelty else None,
        )

    def prediction_set_or_likeliest(self) -> Bools:
        """Return prediction sets (N, C); where the classifier makes none, the likeliest class alone."""
        if self.prediction_set is not None:
            return self.prediction_set
        best = self.probabilities.argmax(axis=1)
        return np.asarray(np.arange(self.probabilities.shape[1]) == best[:, None])


def postprocess(
    raw: Floats, features: Sequence[Floats], postprocessor: Postprocessor, novelty: Novelty | None
) -> BatchPredictions:
    """Return predictions: the outputs that the postprocessor makes, and novelty.

    Args:
        raw: the members' combined outputs, float32 (N, K).
        features: for each branch float32 (N, D).
        postprocessor: of the task: calibration, prediction sets.
        novelty: tells items that are out of distribution; None judges none.
    """
    return BatchPredictions(
        postprocessor.apply(raw),
        None if novelty is None else novelty.score([features[branch] for branch in novelty.branches], raw),
    )
