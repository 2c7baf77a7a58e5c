"""From features to predictions in NumPy: heads, the combination of members, calibration, prediction sets, novelty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from headstart.arrays import Bools, Floats
from headstart.errors import ClassifierError
from headstart.inference.calibration import Calibration
from headstart.inference.conformal import ConformalPredictor
from headstart.inference.model_format import Combine
from headstart.inference.novelty import Novelty
from headstart.linalg import softmax

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
    """Return probabilities, float32 (N, C): dense layers with ReLU between them, then softmax.

    Args:
        head: the dense layers.
        features: float32 (N, D).
    """
    values = features
    for index, (weight, bias) in enumerate(head):
        values = (np.maximum(values, 0) if index else values) @ weight + bias
    return softmax(values)


def combine_members(members: Sequence[Floats], weights: Sequence[float], combine: Combine) -> Floats:
    """Combine the members' probabilities, each float32 (N, C), to one, float32 (N, C).

    A ``mean`` weighs them. In a ``vote`` each gives one vote to its likeliest class (the first of equals), and the mean
    of all counts as one more voter, whose vote is spread over the classes: so where one class has more votes than any
    other it wins, and ties go to the mean.
    """
    stacked = np.stack(members)
    if combine == "mean":
        return np.einsum("k,knc->nc", np.asarray(weights, np.float32), stacked)
    votes = np.eye(stacked.shape[2], dtype=np.float32)[stacked.argmax(axis=2)].sum(axis=0)
    return np.asarray((votes + stacked.mean(axis=0)) / (len(members) + 1), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class BatchPredictions:
    """The predictions of a classifier for N photos, as arrays."""

    probabilities: Floats  #: (N, C), calibrated
    uncalibrated: Floats  #: (N, C)
    prediction_set: Bools | None  #: (N, C), whether a class is in the photo's prediction set
    novelty: Floats | None  #: (N,), above 1 is out of distribution

    @property
    def out_of_distribution(self) -> Bools:
        """Whether each photo is unlike the training photos, (N,); False where novelty is not judged."""
        return np.zeros(len(self.probabilities), bool) if self.novelty is None else self.novelty > 1

    def __len__(self) -> int:
        return len(self.probabilities)

    def select(self, rows: slice) -> Self:
        """Return the predictions of some of the photos."""
        return type(self)(
            self.probabilities[rows],
            self.uncalibrated[rows],
            None if self.prediction_set is None else self.prediction_set[rows],
            None if self.novelty is None else self.novelty[rows],
        )

    @classmethod
    def concatenate(cls, batches: Sequence[Self]) -> Self:
        """Join predictions of one classifier, at least one batch, in their order."""
        sets = [batch.prediction_set for batch in batches if batch.prediction_set is not None]
        novelty = [batch.novelty for batch in batches if batch.novelty is not None]
        return cls(
            np.concatenate([batch.probabilities for batch in batches]),
            np.concatenate([batch.uncalibrated for batch in batches]),
            np.concatenate(sets) if sets else None,
            np.concatenate(novelty) if novelty else None,
        )

    def prediction_set_or_likeliest(self) -> Bools:
        """Return prediction sets (N, C); where the classifier makes none, the likeliest class alone."""
        if self.prediction_set is not None:
            return self.prediction_set
        best = self.probabilities.argmax(axis=1)
        return np.asarray(np.arange(self.probabilities.shape[1]) == best[:, None])


def postprocess(
    uncalibrated: Floats,
    features: Sequence[Floats],
    calibration: Calibration,
    conformal: ConformalPredictor | None,
    novelty: Novelty | None,
) -> BatchPredictions:
    """Return predictions: calibrated probabilities, prediction sets and novelty.

    Args:
        uncalibrated: the members' combined probabilities, float32 (N, C).
        features: for each branch float32 (N, D).
        calibration: is applied to the probabilities.
        conformal: makes prediction sets; None makes none.
        novelty: tells photos that are out of distribution; None judges none.
    """
    calibrated = calibration.apply(uncalibrated)
    return BatchPredictions(
        calibrated,
        uncalibrated,
        None if conformal is None else conformal.predict(calibrated),
        None if novelty is None else novelty.score([features[branch] for branch in novelty.branches], uncalibrated),
    )
