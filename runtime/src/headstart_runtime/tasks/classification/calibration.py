"""Calibration: probabilities changed so that a prediction of 80 % is right in 80 % of cases.

Fitted on items that the classifier has not seen (``calibration_choice``), applied here in NumPy and in
``model.onnx`` by ``graph_calibration``.

* ``temperature``: ``softmax(scale * log p)``, one number for all classes (Guo, Pleiss, Sun & Weinberger, 2017, ICML,
  section 4.2; their temperature is 1 / scale).
* ``mixture``: a share ``mix`` of every class alike, the rest ``softmax(scale * log p)``: the answer to items on which
  the classifier is sure and knows nothing (Zhang, Kailkhura & Han, 2020, Mix-n-Match, ICML: their ensemble temperature
  scaling without its third, uncalibrated part). No probability falls below mix / C.
* ``isotonic``: each class against the rest through a rising curve, then divided by the sum (Zadrozny & Elkan, 2002,
  KDD). The curve is linear between its knots and level beyond them.
"""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.linalg import softmax

CalibrationKind = Literal["none", "temperature", "mixture", "isotonic"]

#: Probabilities below count as this: float32 has no smaller ones that all engines keep.
SMALLEST = 1e-30


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted calibration of probabilities; plain numbers, for it is saved in ``model.json``.

    Raises:
        ValueError: numbers that do not belong to the kind.
    """

    kind: CalibrationKind
    scale: float = 1.0  #: temperature, mixture: what log-probabilities are multiplied by, above 0
    knots: tuple[tuple[float, ...], ...] = ()  #: isotonic: for each class probabilities, rising
    values: tuple[tuple[float, ...], ...] = ()  #: isotonic: for each class what becomes of them, in 0..1, never falling
    mix: float = 0.0  #: mixture: the share, in 0..1, that all classes have alike

    def __post_init__(self) -> None:
        if self.kind not in ("none", "temperature", "mixture", "isotonic"):
            raise ValueError(
                f"unknown kind of calibration {self.kind!r}; wanted none, temperature, mixture or isotonic"
            )
        scaled = self.kind in ("temperature", "mixture")
        if not (0 < self.scale < np.inf if scaled else self.scale == 1):
            raise ValueError(f"calibration {self.kind!r} has scale {self.scale}; wanted above 0; 1 where unused")
        if not (0 < self.mix < 1 if self.kind == "mixture" else self.mix == 0):
            raise ValueError(f"calibration {self.kind!r} has mix {self.mix}; wanted 0..1 for mixture, 0 for others")
        counts = len(self.knots), len(self.values)
        if counts[0] != counts[1] or (counts[0] > 0) != (self.kind == "isotonic"):
            raise ValueError(f"calibration {self.kind!r} has {counts} curves; wanted one for each class of isotonic")
        for knots, values in zip(self.knots, self.values, strict=True):
            rising = (np.diff(np.asarray(knots, np.float32)) > 0).all() and (np.diff(values) >= 0).all()
            if not knots or len(knots) != len(values) or not rising:
                raise ValueError("a curve's knots do not rise in float32, or have no value each; wanted a rising curve")

    @property
    def classes(self) -> int | None:
        """The number of classes C; None where any number will do."""
        return len(self.knots) or None

    def apply(self, probabilities: Floats) -> Floats:
        """Return calibrated probabilities, float32 (N, C); a row that all curves make 0 stays as it is.

        Args:
            probabilities: float32 (N, C), each row sums to 1.
        """
        if self.kind == "none":
            return probabilities
        if self.kind == "isotonic":
            return self._apply_curves(probabilities)
        logits = np.log(np.maximum(probabilities, np.float32(SMALLEST))) * np.float32(self.scale)
        scaled = softmax(logits)
        if not self.mix:
            return scaled
        return scaled * np.float32(1 - self.mix) + np.float32(self.mix / probabilities.shape[1])

    def _apply_curves(self, probabilities: Floats) -> Floats:
        curves = zip(probabilities.T, self.knots, self.values, strict=True)
        values = np.stack([np.interp(column, knots, levels) for column, knots, levels in curves], axis=1)
        total = values.sum(axis=1, keepdims=True)
        return np.where(total > 0, values / np.where(total > 0, total, 1), probabilities).astype(np.float32)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Return the calibration that ``dataclasses.asdict`` was given.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``asdict`` gives.
        """
        knots, values = (
            tuple(tuple(float(value) for value in curve) for curve in record[name]) for name in ("knots", "values")
        )
        return cls(record["kind"], float(record["scale"]), knots, values, float(record["mix"]))


NONE = Calibration("none")
