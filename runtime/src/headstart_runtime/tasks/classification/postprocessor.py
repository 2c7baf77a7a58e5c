"""All between a classifier's raw probabilities and its answers: calibration, prediction sets, the predicted class."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from numpy.typing import NDArray

from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.inference.model_format import PREDICTED, PREDICTION_SET, PROBABILITIES, UNCALIBRATED
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.tasks.classification.calibration import NONE, Calibration
from headstart_runtime.tasks.classification.conformal import ConformalPredictor
from headstart_runtime.tasks.classification.decision import ClassDecision


@dataclass(frozen=True, slots=True)
class ClassPostprocessor:
    """A calibration of probabilities, the rule that makes prediction sets of them, and that of the predicted class."""

    calibration: Calibration = NONE
    conformal: ConformalPredictor | None = None  #: None makes no sets
    decision: ClassDecision | None = None  #: None: there is no positive class, and the likeliest is predicted

    def apply(self, raw: Floats) -> dict[str, NDArray[Any]]:
        """Return both probabilities, float32 (N, C), prediction sets, bool (N, C), and predicted classes, int64 (N,).

        Sets and predicted classes are there where there is a rule for them; else the likeliest class is predicted.

        Args:
            raw: the members' combined probabilities, float32 (N, C).
        """
        calibrated = self.calibration.apply(raw)
        outputs: dict[str, NDArray[Any]] = {PROBABILITIES: calibrated, UNCALIBRATED: raw}
        if self.conformal is not None:
            outputs[PREDICTION_SET] = self.conformal.predict(calibrated)
        if self.uses_threshold:
            assert self.decision is not None
            outputs[PREDICTED] = self.decision.predict(calibrated)
        return outputs

    @property
    def uses_threshold(self) -> bool:
        """Whether the predicted class may be another than the likeliest."""
        return self.decision is not None and self.decision.threshold is not None

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values."""
        return {name: value for name, value in asdict(self).items() if name != "decision" or value is not None}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the record that ``to_json`` describes.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        conformal, decision = record["conformal"], record.get("decision")
        return cls(
            Calibration.from_json(record["calibration"]),
            None if conformal is None else ConformalPredictor.from_json(conformal),
            None if decision is None else ClassDecision.from_json(decision),
        )


def make_batch(
    probabilities: Floats, uncalibrated: Floats, prediction_set: Bools | None, novelty: Floats | None
) -> BatchPredictions:
    """Return predictions of a classifier for N samples.

    Args:
        probabilities: calibrated, (N, C).
        uncalibrated: (N, C).
        prediction_set: whether each class is in the sample's set, (N, C); None where it makes none.
        novelty: (N,); None where it is not judged.
    """
    outputs: dict[str, NDArray[Any]] = {PROBABILITIES: probabilities, UNCALIBRATED: uncalibrated}
    if prediction_set is not None:
        outputs[PREDICTION_SET] = prediction_set
    return BatchPredictions(outputs, novelty)
