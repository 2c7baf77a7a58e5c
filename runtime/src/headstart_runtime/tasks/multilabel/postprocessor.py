"""All between a model's raw probabilities of labels and its answers: calibration, thresholds, a promised miss rate."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES, UNCALIBRATED
from headstart_runtime.tasks.multilabel.label_calibration import UNCALIBRATED_LABELS, LabelCalibration

LABELS = "labels"  #: the output that says which labels are there
EVEN = 0.5  #: the threshold where none was chosen

ThresholdRule = Literal["f1", "precision", "recall", "given"]  #: "given": a caller's own


@dataclass(frozen=True, slots=True)
class LabelThreshold:
    """The probability from which on a label is taken to be there.

    Raises:
        ValueError: it is no probability.
    """

    threshold: float
    rule: ThresholdRule  #: by which it was chosen
    wanted: float | None  #: the precision or recall that was wanted; None of F1
    n: int  #: held-out items that have the label
    shared: bool = False  #: whether these were too few, so that it is that of all labels together

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1.5:  # above 1: the label is never taken
            raise ValueError(f"a label's threshold is {self.threshold}; wanted a probability")


@dataclass(frozen=True, slots=True)
class RiskControl:
    """A rule that makes a set of labels which misses a promised share of those that are there at most.

    Conformal risk control: Angelopoulos, Bates, Fisch, Lei & Schuster, 2022, arXiv:2208.02814 (ICLR 2024).

    Raises:
        ValueError: numbers that cannot be meant.
    """

    promised: float  #: share of an item's labels that is missed, in the mean over items that have some
    threshold: float  #: least probability of a label that is in; one that is taken is in as well
    n: int  #: groups of held-out items that it was found on

    def __post_init__(self) -> None:
        if not (0 < self.promised < 1 and 0 <= self.threshold <= 1):
            raise ValueError(f"{self} cannot be meant; wanted a share in 0..1 and a probability")

    def predict(self, probabilities: Floats, taken: Floats | float = 1.0) -> Bools:
        """Return whether each label is in the set, (N, K): those that are taken are, whatever the promise needs.

        Args:
            probabilities: calibrated, float32 (N, K).
            taken: from which on each label is taken, (K,) or one for all; above 1: none is.
        """
        return np.asarray(probabilities >= self.list_thresholds(taken))

    def list_thresholds(self, taken: Floats | float) -> Floats:
        """Return the least probability of each label that is in, of the shape of ``taken``."""
        return np.minimum(np.float32(self.threshold), np.asarray(taken, np.float32))


@dataclass(frozen=True, slots=True)
class LabelSetPostprocessor:
    """Calibration, a threshold for each label, and the rule for a promised miss rate."""

    calibration: LabelCalibration = UNCALIBRATED_LABELS
    thresholds: tuple[LabelThreshold, ...] = ()  #: of each label; none: ``EVEN`` for all
    risk: RiskControl | None = None  #: None promises nothing and makes no sets

    def apply(self, raw: Floats) -> dict[str, NDArray[Any]]:
        """Return calibrated and raw probabilities, float32 (N, K), the labels, bool (N, K), and sets, if there are any.

        Args:
            raw: the members' combined probabilities, float32 (N, K).
        """
        calibrated = self.calibration.apply(raw)
        outputs: dict[str, NDArray[Any]] = {
            PROBABILITIES: calibrated,
            UNCALIBRATED: raw,
            LABELS: calibrated >= self.threshold_values,
        }
        if self.risk is not None:
            outputs[PREDICTION_SET] = self.risk.predict(calibrated, self.threshold_values)
        return outputs

    @property
    def threshold_values(self) -> Floats:
        """The thresholds, (K,), or (1,) where all are alike."""
        return np.array([one.threshold for one in self.thresholds] or [EVEN], np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the record that ``to_json`` describes.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        return cls(
            LabelCalibration.from_json(record["calibration"]),
            tuple(LabelThreshold(**one) for one in record["thresholds"]),
            None if record["risk"] is None else RiskControl(**record["risk"]),
        )
