"""From features to answers in NumPy: the heads of a saved classifier, several made one, and what is said of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.errors import ClassifierError
from headstart.inference.calibration import Calibration
from headstart.inference.conformal import ConformalPredictor
from headstart.inference.model_format import Combine
from headstart.inference.novelty import Novelty

DenseLayers = tuple[
    tuple[NDArray[np.float32], NDArray[np.float32]], ...
]  #: (weight (D, H), bias (H,)) of each dense layer


def parse_heads(content: bytes, count: int) -> tuple[DenseLayers, ...]:
    """The dense layers of so many answers' heads, from the bytes of ``head.safetensors``.

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


def _head(tensors: Mapping[str, NDArray[np.float32]], prefix: str) -> DenseLayers:
    count = max(1, sum(name.startswith(prefix) for name in tensors) // 2)
    return tuple((tensors[f"{prefix}{index}.weight"], tensors[f"{prefix}{index}.bias"]) for index in range(count))


def apply_head(head: DenseLayers, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Float32 (N, D) -> probabilities, float32 (N, C): dense layers with ReLU between them, then softmax."""
    values = features
    for index, (weight, bias) in enumerate(head):
        values = (np.maximum(values, 0) if index else values) @ weight + bias
    values = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(values / values.sum(axis=1, keepdims=True), dtype=np.float32)


def combine_members(
    answers: Sequence[NDArray[np.float32]], weights: Sequence[float], combine: Combine
) -> NDArray[np.float32]:
    """Several answers, each float32 (N, C), as one, float32 (N, C).

    A ``mean`` weighs them. In a ``vote`` each gives one vote to its likeliest class (the first of equals), and the mean
    of all counts as one more voter, whose vote is spread over the classes: so where one class has more votes than any
    other it wins, and ties go to the mean.
    """
    stacked = np.stack(answers)
    if combine == "mean":
        return np.einsum("k,knc->nc", np.asarray(weights, np.float32), stacked)
    votes = np.eye(stacked.shape[2], dtype=np.float32)[stacked.argmax(axis=2)].sum(axis=0)
    return np.asarray((votes + stacked.mean(axis=0)) / (len(answers) + 1), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class BatchPredictions:
    """All that a classifier says of N photos."""

    probabilities: NDArray[np.float32]  #: (N, C), calibrated
    uncalibrated: NDArray[np.float32]  #: (N, C)
    prediction_set: NDArray[np.bool_] | None  #: (N, C), whether a class is in the photo's prediction set
    novelty: NDArray[np.float32] | None  #: (N,), above 1 is declined

    @property
    def out_of_distribution(self) -> NDArray[np.bool_]:
        """Whether a photo is unlike those that the classifier was made for, (N,)."""
        return np.zeros(len(self.probabilities), bool) if self.novelty is None else self.novelty > 1

    def prediction_set_or_likeliest(self) -> NDArray[np.bool_]:
        """Return prediction sets (N, C); where the classifier makes none, the likeliest class alone."""
        if self.prediction_set is not None:
            return self.prediction_set
        best = self.probabilities.argmax(axis=1)
        return np.asarray(np.arange(self.probabilities.shape[1]) == best[:, None])


def postprocess(
    uncalibrated: NDArray[np.float32],
    features: Sequence[NDArray[np.float32]],
    calibration: Calibration,
    conformal: ConformalPredictor | None,
    novelty: Novelty | None,
) -> BatchPredictions:
    """What is said beyond probabilities, float32 (N, C), and features, for each branch float32 (N, D)."""
    calibrated = calibration.apply(uncalibrated)
    return BatchPredictions(
        calibrated,
        uncalibrated,
        None if conformal is None else conformal.predict(calibrated),
        None if novelty is None else novelty.score([features[branch] for branch in novelty.branches], uncalibrated),
    )
