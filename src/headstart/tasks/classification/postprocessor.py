"""All between a classifier's raw probabilities and its answers: calibration and prediction sets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from numpy.typing import NDArray

from headstart.arrays import Bools, Floats
from headstart.inference.model_format import PREDICTION_SET, PROBABILITIES, UNCALIBRATED
from headstart.inference.postprocess import BatchPredictions
from headstart.tasks.classification.calibration import NONE, Calibration
from headstart.tasks.classification.conformal import ConformalPredictor


@dataclass(frozen=True, slots=True)
class ClassPostprocessor:
    """A calibration of probabilities, and the rule that makes prediction sets of them."""

    calibration: Calibration = NONE
    conformal: ConformalPredictor | None = None  #: None makes no sets

    def apply(self, raw: Floats) -> dict[str, NDArray[Any]]:
        """Return calibrated and raw probabilities, float32 (N, C), and prediction sets, bool (N, C), if there are any.

        Args:
            raw: the members' combined probabilities, float32 (N, C).
        """
        calibrated = self.calibration.apply(raw)
        outputs: dict[str, NDArray[Any]] = {PROBABILITIES: calibrated, UNCALIBRATED: raw}
        if self.conformal is not None:
            outputs[PREDICTION_SET] = self.conformal.predict(calibrated)
        return outputs

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the record that ``to_json`` describes.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        conformal = record["conformal"]
        return cls(
            Calibration.from_json(record["calibration"]),
            None if conformal is None else ConformalPredictor.from_json(conformal),
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
