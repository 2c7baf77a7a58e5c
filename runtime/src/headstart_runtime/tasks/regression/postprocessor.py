"""All between predicted numbers and answers: their intervals."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.tasks.regression.intervals import IntervalRule

VALUE, INTERVAL = "value", "interval"  #: names of outputs in the graph


@dataclass(frozen=True, slots=True)
class NumberPostprocessor:
    """A rule that makes intervals."""

    intervals: IntervalRule | None = None  #: None makes none

    def apply(self, raw: Floats) -> dict[str, NDArray[Any]]:
        """Return the numbers as they are, float32 (N, K), and their intervals, float32 (N, K, 2), if there are any."""
        outputs: dict[str, NDArray[Any]] = {VALUE: raw}
        if self.intervals is not None:
            outputs[INTERVAL] = self.intervals.predict(raw)
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
        rule = record["intervals"]
        return cls(None if rule is None else IntervalRule.from_json(rule))
