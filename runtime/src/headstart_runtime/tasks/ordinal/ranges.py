"""Prediction sets of ordered classes: ranges of neighbouring ranks that hold the true one in a promised share of items.

A range is grown from the median outwards for as long as a rank, or one beyond it, is likely enough: a rank's score is 1
less the largest probability from there on, away from the median. That is the least ambiguous set (Sadinle, Lei &
Wasserman, 2019, J. American Statistical Association 114) with its holes filled; where probabilities fall on both sides
of a peak there are none (Dey, Merugu & Kaveri, 2023, Conformal Prediction Sets for Ordinal Classification, NeurIPS).
Scores grow outwards, so sets are nested, and split conformal prediction's promise holds for them as for any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.tasks.ordinal.distribution import find_medians


@dataclass(frozen=True, slots=True)
class RangePredictor:
    """A rule that makes ranges of calibrated probabilities; plain numbers, saved in ``model.json``.

    Raises:
        ValueError: numbers that cannot be meant.
    """

    coverage: float  #: share of items whose range shall hold the true rank
    threshold: float  #: largest score of a rank that is in

    def __post_init__(self) -> None:
        if not (0 < self.coverage < 1 and np.isfinite(self.threshold)):
            raise ValueError(f"{self} cannot be meant; wanted a coverage in 0..1 and a finite threshold")

    def predict(self, probabilities: Floats) -> Bools:
        """Return whether each rank is in the range, (N, K); the median always is.

        Args:
            probabilities: calibrated, float32 (N, K).
        """
        inside = self.scores(probabilities) <= np.float32(self.threshold)
        inside[np.arange(len(inside)), find_medians(probabilities)] = True
        return inside

    def scores(self, probabilities: Floats) -> Floats:
        """Return the score of each rank, float32 (N, K): 0 fits best, 1 not at all; never falling outwards."""
        up = np.maximum.accumulate(probabilities[:, ::-1], axis=1)[:, ::-1]
        down = np.maximum.accumulate(probabilities, axis=1)
        above = np.arange(probabilities.shape[1]) >= find_medians(probabilities)[:, None]
        return np.asarray(np.float32(1) - np.where(above, up, down))

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the rule that ``dataclasses.asdict`` was given.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``asdict`` gives.
        """
        return cls(float(record["coverage"]), float(record["threshold"]))


def find_ends(inside: Bools) -> Ints:
    """Return the lowest and the highest rank of ranges (N, K), as (N, 2)."""
    last = inside.shape[1] - 1
    return np.stack([inside.argmax(axis=1), last - inside[:, ::-1].argmax(axis=1)], axis=1).astype(np.int64)


def describe_range(inside: Bools, names: Sequence[str]) -> str:
    """Return the ends of one range (K,) for a person: "fair", "fair to good"; "" where nothing is inside."""
    if not inside.any():
        return ""
    low, high = find_ends(inside[None])[0]
    return names[low] if low == high else f"{names[low]} to {names[high]}"
