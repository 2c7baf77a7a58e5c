"""Calibration: probabilities changed so that what is said with 80 % is right in 80 % of cases.

Fitted on photos that the classifier has not seen (``trust.calibrating``), applied here in NumPy and in ``model.onnx``
by ``saving.calibration``.

* ``temperature``: ``softmax(scale * log p)``, one number for all classes (Guo, Pleiss, Sun & Weinberger, 2017, ICML,
  section 4.2; their temperature is 1 / scale).
* ``mixture``: a share ``mix`` of every class alike, the rest ``softmax(scale * log p)``: the answer to photos on which
  the classifier is sure and knows nothing (Zhang, Kailkhura & Han, 2020, Mix-n-Match, ICML: their ensemble temperature
  scaling without its third, uncalibrated part). No probability falls below mix / C.
* ``vector``: ``softmax(scale_c * log p_c + shift_c)`` (Guo et al., section 4.2); read and applied, fitted no more.
* ``isotonic``: each class against the rest through a rising curve, then divided by the sum (Zadrozny & Elkan, 2002,
  KDD). The curve is linear between its knots and level beyond them.
"""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from headstart.arrays import Floats

CalibrationKind = Literal["none", "temperature", "mixture", "vector", "isotonic"]

#: Probabilities below count as this: float32 has no smaller ones that all engines keep.
SMALLEST = 1e-30


@dataclass(frozen=True, slots=True)
class Calibration:
    """How probabilities are calibrated; plain numbers, for it stands in ``model.json``.

    Raises:
        ValueError: numbers that do not belong to the kind.
    """

    kind: CalibrationKind
    scale: tuple[float, ...] = ()  #: temperature, mixture: one; vector: (C,); all above 0
    shift: tuple[float, ...] = ()  #: vector: (C,), nats
    knots: tuple[tuple[float, ...], ...] = ()  #: isotonic: for each class probabilities, rising
    values: tuple[tuple[float, ...], ...] = ()  #: isotonic: for each class what becomes of them, in 0..1, never falling
    mix: float = 0.0  #: mixture: the share, in 0..1, that all classes have alike

    def __post_init__(self) -> None:
        sizes = len(self.scale), len(self.shift), len(self.knots), len(self.values)
        classes = max(sizes)
        wanted = {
            "none": (0, 0, 0, 0),
            "temperature": (1, 0, 0, 0),
            "mixture": (1, 0, 0, 0),
            "vector": (classes, classes, 0, 0),
            "isotonic": (0, 0, classes, classes),
        }.get(self.kind)
        if sizes != wanted:
            raise ValueError(f"calibration {self.kind!r} has {sizes} numbers; wanted {wanted}")
        finite = bool(np.isfinite([*self.scale, *self.shift]).all())
        if not finite or min(self.scale, default=1.0) <= 0 or (self.kind != "none" and not classes):
            raise ValueError(f"calibration {self.kind!r} has scale {self.scale}, shift {self.shift}; wanted finite")
        if not (0 < self.mix < 1 if self.kind == "mixture" else self.mix == 0):
            raise ValueError(f"calibration {self.kind!r} has mix {self.mix}; wanted 0..1 for mixture, 0 for others")
        for knots, values in zip(self.knots, self.values, strict=True):
            rising = (np.diff(np.asarray(knots, np.float32)) > 0).all() and (np.diff(values) >= 0).all()
            if not knots or len(knots) != len(values) or not rising:
                raise ValueError("a curve's knots do not rise in float32, or have no value each; wanted a rising curve")

    @property
    def classes(self) -> int | None:
        """C; None where any number of classes will do."""
        return max(len(self.shift), len(self.knots)) or None

    def apply(self, probabilities: Floats) -> Floats:
        """Float32 (N, C), rows sum to 1 -> the same, calibrated; a row that all curves make 0 stays as it is."""
        if self.kind == "none":
            return probabilities
        if self.kind == "isotonic":
            return self._curved(probabilities)
        logits = np.log(np.maximum(probabilities, np.float32(SMALLEST))) * np.asarray(self.scale, np.float32)
        if self.shift:
            logits += np.asarray(self.shift, np.float32)
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        scaled = np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)
        if not self.mix:
            return scaled
        return scaled * np.float32(1 - self.mix) + np.float32(self.mix / probabilities.shape[1])

    def _curved(self, probabilities: Floats) -> Floats:
        curves = zip(probabilities.T, self.knots, self.values, strict=True)
        values = np.stack([np.interp(column, knots, levels) for column, knots, levels in curves], axis=1)
        total = values.sum(axis=1, keepdims=True)
        return np.where(total > 0, values / np.where(total > 0, total, 1), probabilities).astype(np.float32)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """The inverse of ``dataclasses.asdict``; ``mix`` may be missing, as it is in records of schema version 3.

        Raises:
            KeyError, TypeError, ValueError: it is not what that gives.
        """
        scale, shift = ([float(value) for value in record[name]] for name in ("scale", "shift"))
        knots, values = (
            [tuple(float(value) for value in curve) for curve in record[name]] for name in ("knots", "values")
        )
        return cls(
            record["kind"], tuple(scale), tuple(shift), tuple(knots), tuple(values), float(record.get("mix", 0.0))
        )


NONE = Calibration("none")
