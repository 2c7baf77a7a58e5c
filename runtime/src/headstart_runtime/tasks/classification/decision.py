"""The predicted class where there is a positive one: it from a threshold of its probability on, else another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.tasks.classification.operating_point import OperatingPoint
from headstart_runtime.tasks.threshold_distance import centre_on_threshold


@dataclass(frozen=True, slots=True)
class ClassDecision:
    """The positive class and its threshold; plain numbers, for it is saved in ``model.json``.

    Raises:
        ValueError: numbers that cannot be meant.
    """

    positive: int  #: index of the positive class
    threshold: float | None = (
        None  #: the least calibrated probability of it, in float32; None: the likeliest is predicted
    )
    wish: OperatingPoint | None = None  #: by which the threshold was chosen; None: none was

    def __post_init__(self) -> None:
        if self.positive < 0 or not (self.threshold is None or 0 <= self.threshold <= 1):
            raise ValueError(f"{self} cannot be meant; wanted the index of a class and a threshold in 0..1")

    def predict(self, probabilities: Floats) -> Ints:
        """Return the index of the predicted class for each item, (N,).

        Below the threshold it is the likeliest of the other classes; the first of equals.

        Args:
            probabilities: calibrated, float32 (N, C).
        """
        if self.threshold is None:
            return np.asarray(probabilities.argmax(axis=1), np.int64)
        others = np.where(np.arange(probabilities.shape[1]) == self.positive, np.float32(-1), probabilities)
        found = probabilities[:, self.positive] >= np.float32(self.threshold)
        return np.where(found, self.positive, others.argmax(axis=1)).astype(np.int64)

    def measure_sureness(self, probabilities: Floats) -> Doubles:
        """Return how sure the predicted class of each item is, (N,), by its distance from the threshold.

        It is the probability of the predicted class, after that of the positive one was moved so that the threshold
        becomes one half (``centre_on_threshold``), and those of the others to the sum that is left.

        Args:
            probabilities: calibrated, float32 (N, C).
        """
        rows = np.arange(len(probabilities))
        told = probabilities[rows, self.predict(probabilities)].astype(np.float64)
        if self.threshold is None:
            return told
        own = probabilities[:, self.positive]
        moved = centre_on_threshold(own, float(np.float32(self.threshold)))
        others = np.maximum(1 - own.astype(np.float64), told)
        share = np.divide(told, others, out=np.ones(len(told)), where=others > 0)
        return np.where(moved >= 0.5, moved, (1 - moved) * share)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the decision that ``dataclasses.asdict`` was given.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``asdict`` gives.
        """
        threshold, wish = record["threshold"], record["wish"]
        return cls(
            int(record["positive"]),
            None if threshold is None else float(threshold),
            None if wish is None else OperatingPoint.from_json(wish),
        )


def describe_decision(decision: ClassDecision, classes: Sequence[str]) -> str:
    """Return the positive class and what it is predicted by, in a few words."""
    name = repr(classes[decision.positive])
    if decision.threshold is None:
        return f"{name}, predicted where it is the likeliest class"
    wish = f", for {decision.wish}" if decision.wish is not None else ""
    return f"{name}, predicted from a probability of {decision.threshold:.3g} on{wish}"
