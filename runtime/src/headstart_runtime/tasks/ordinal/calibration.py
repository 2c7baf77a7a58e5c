"""Calibration of distributions over ranks: their cumulative logits are scaled, and a share is spread over all ranks.

Scaling leaves each side of a threshold as likely as the other where it was so, so the median, which is the answer,
stays: it is temperature scaling (Guo, Pleiss, Sun & Weinberger, 2017, ICML) of every threshold's question at once. The
share that all ranks have alike bounds what a sure mistake costs, as it does for classes without an order (Zhang,
Kailkhura & Han, 2020, Mix-n-Match, ICML).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.tasks.ordinal.distribution import accumulate_logits, distribute

RankCalibrationKind = Literal["none", "temperature", "mixture"]
KINDS: tuple[RankCalibrationKind, ...] = ("none", "temperature", "mixture")


@dataclass(frozen=True, slots=True)
class RankCalibration:
    """A fitted calibration; plain numbers, for it is saved in ``model.json``.

    Raises:
        ValueError: numbers that do not belong to the kind.
    """

    kind: RankCalibrationKind
    scale: float = 1.0  #: temperature, mixture: what cumulative logits are multiplied by, above 0
    mix: float = 0.0  #: mixture: the share, in 0..1, that all ranks have alike

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of calibration {self.kind!r}; wanted {', '.join(KINDS)}")
        if not (0 < self.scale < np.inf if self.kind != "none" else self.scale == 1):
            raise ValueError(f"calibration {self.kind!r} has scale {self.scale}; wanted above 0; 1 where unused")
        if not (0 < self.mix < 1 if self.kind == "mixture" else self.mix == 0):
            raise ValueError(f"calibration {self.kind!r} has mix {self.mix}; wanted 0..1 for mixture, 0 for others")

    def apply(self, probabilities: Floats) -> Floats:
        """Return calibrated probabilities, float32 (N, K), of probabilities, float32 (N, K)."""
        if self.kind == "none":
            return probabilities
        scaled = distribute(accumulate_logits(probabilities) * np.float32(self.scale))
        if not self.mix:
            return scaled
        return scaled * np.float32(1 - self.mix) + np.float32(self.mix / probabilities.shape[1])

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the calibration that ``dataclasses.asdict`` was given.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``asdict`` gives.
        """
        return cls(record["kind"], float(record["scale"]), float(record["mix"]))


UNCHANGED = RankCalibration("none")
