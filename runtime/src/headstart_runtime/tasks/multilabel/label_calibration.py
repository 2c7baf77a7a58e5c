"""Calibration of labels: probabilities changed so that of the items given 80 % for a label 80 % have it.

Fitted on items that the model has not seen (``calibration_choice``), applied here in NumPy and in ``model.onnx`` by
``graph``. Each probability p becomes ``sigmoid(scale * logit p + bias)``.

* ``temperature``: one scale for all labels, no bias (Guo, Pleiss, Sun & Weinberger, 2017, ICML).
* ``platt``: a scale and a bias for each label (Platt, 1999, Advances in Large Margin Classifiers).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.linalg import sigmoid

LabelCalibrationKind = Literal["none", "temperature", "platt"]

#: Probabilities count as no less and no more: float32 has no others of which the logarithm is kept by all engines.
LEAST, MOST = np.float32(1e-30), np.float32(1 - 2**-23)


def compute_logits(probabilities: Floats) -> Floats:
    """Return the logits, float32, of probabilities of any shape."""
    bounded = np.clip(probabilities, LEAST, MOST)
    return np.asarray(np.log(bounded) - np.log(np.float32(1) - bounded), np.float32)


@dataclass(frozen=True, slots=True)
class LabelCalibration:
    """A fitted calibration; plain numbers, for it is saved in ``model.json``.

    Raises:
        ValueError: numbers that do not belong to the kind.
    """

    kind: LabelCalibrationKind
    scales: tuple[float, ...] = ()  #: temperature: one; platt: of each label; above 0
    biases: tuple[float, ...] = ()  #: platt: of each label

    def __post_init__(self) -> None:
        counts = {"none": (0, 0), "temperature": (1, 0), "platt": (len(self.scales), len(self.scales))}
        if self.kind not in counts:
            raise ValueError(f"unknown kind of calibration {self.kind!r}; wanted {', '.join(counts)}")
        if (len(self.scales), len(self.biases)) != counts[self.kind] or (self.kind == "platt" and not self.scales):
            raise ValueError(f"calibration {self.kind!r} has {len(self.scales)} scales and {len(self.biases)} biases")
        if not (all(0 < scale < np.inf for scale in self.scales) and np.isfinite(self.biases).all()):
            raise ValueError(
                f"calibration {self.kind!r} has numbers that cannot be meant: {self.scales}, {self.biases}"
            )

    @property
    def labels(self) -> int | None:
        """The number of labels K; None where any number will do."""
        return len(self.biases) or None

    def apply(self, probabilities: Floats) -> Floats:
        """Return calibrated probabilities, float32 (N, K), of probabilities, float32 (N, K)."""
        if self.kind == "none":
            return probabilities
        moved = compute_logits(probabilities) * np.asarray(self.scales, np.float32)
        return sigmoid(moved + np.asarray(self.biases, np.float32) if self.biases else moved)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the calibration that ``dataclasses.asdict`` was given.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``asdict`` gives.
        """
        scales, biases = (tuple(float(value) for value in record[name]) for name in ("scales", "biases"))
        return cls(record["kind"], scales, biases)


UNCALIBRATED_LABELS = LabelCalibration("none")
