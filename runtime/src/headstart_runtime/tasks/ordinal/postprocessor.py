"""All between a model's raw distributions over ranks and its answers: calibration, the median, ranges."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES, UNCALIBRATED
from headstart_runtime.tasks.ordinal.calibration import UNCHANGED, RankCalibration
from headstart_runtime.tasks.ordinal.distribution import find_medians
from headstart_runtime.tasks.ordinal.ranges import RangePredictor, find_ends

RANK, RANGE = "rank", "range"  #: outputs of the graph beside those that classes have too


@dataclass(frozen=True, slots=True)
class RankPostprocessor:
    """A calibration of distributions, and the rule that makes ranges of them."""

    calibration: RankCalibration = UNCHANGED
    ranges: RangePredictor | None = None  #: None makes none

    def apply(self, raw: Floats) -> dict[str, NDArray[Any]]:
        """Return calibrated and raw probabilities, float32 (N, K), and the median rank, int64 (N,).

        Where it makes ranges, also whether each rank is in the item's, bool (N, K), and their ends, int64 (N, 2).

        Args:
            raw: the members' combined distributions, float32 (N, K).
        """
        calibrated = self.calibration.apply(raw)
        outputs: dict[str, NDArray[Any]] = {
            PROBABILITIES: calibrated,
            UNCALIBRATED: raw,
            RANK: find_medians(calibrated),
        }
        if self.ranges is not None:
            outputs[PREDICTION_SET] = self.ranges.predict(calibrated)
            outputs[RANGE] = find_ends(outputs[PREDICTION_SET])
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
        ranges = record["ranges"]
        return cls(
            RankCalibration.from_json(record["calibration"]),
            None if ranges is None else RangePredictor.from_json(ranges),
        )
