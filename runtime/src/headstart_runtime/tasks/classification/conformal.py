"""Prediction sets: as many classes as it takes to hold the true one in a promised share of items.

Each class of an item gets a score, small where it fits; a set holds the classes whose score is no larger than the
threshold, which ``conformal_fit`` finds on items that the classifier has not seen. The score is 1 - p of the
class (``lac``, least ambiguous classifier), which gives the smallest sets on average (Sadinle, Lei & Wasserman, 2019,
J. American Statistical Association 114). Sets of adaptive scores (Romano, Sesia & Candès, 2020; Angelopoulos et al.,
2021) were no fairer to hard classes: docs/trust.md.
"""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from headstart_runtime.arrays import Bools, Floats

ConformalKind = Literal["lac"]


@dataclass(frozen=True, slots=True)
class ConformalPredictor:
    """A rule that makes prediction sets of calibrated probabilities; plain numbers, saved in ``model.json``.

    Raises:
        ValueError: an unknown kind, or numbers that cannot be meant.
    """

    kind: ConformalKind
    coverage: float  #: share of items whose set shall hold the true class
    threshold: float  #: largest score of a class that is in

    def __post_init__(self) -> None:
        if self.kind != "lac":
            raise ValueError(f"unknown kind of prediction sets {self.kind!r}; wanted lac")
        if not (0 < self.coverage < 1 and np.isfinite(self.threshold)):
            raise ValueError(f"{self} cannot be meant; wanted a coverage in 0..1 and a finite threshold")

    def predict(self, probabilities: Floats) -> Bools:
        """Return whether each class is in the prediction set, (N, C); the likeliest, the first of equals, always is.

        Args:
            probabilities: calibrated, float32 (N, C).
        """
        chosen = self.scores(probabilities) <= np.float32(self.threshold)
        chosen[np.arange(len(chosen)), probabilities.argmax(axis=1)] = True
        return chosen

    def scores(self, probabilities: Floats) -> Floats:
        """Return the score of each class, float32 (N, C), from calibrated probabilities, float32 (N, C)."""
        return np.float32(1) - probabilities

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Return the rule that ``dataclasses.asdict`` was given.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``asdict`` gives.
        """
        return cls(record["kind"], float(record["coverage"]), float(record["threshold"]))
