"""Two arms compared sample by sample on the same samples."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from headstart.evaluation.intervals import Interval
from headstart.evaluation.paired import (
    SIGNIFICANT,
)
from headstart_runtime.errors import DataError


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Two arms on the same samples; differences are a - b."""

    a: str
    b: str
    n: int  #: samples
    difference: float  #: of the score, greater is better: of accuracy, or minus that of an error
    interval: Interval  #: of ``difference``
    only_a: int  #: samples that a answers better than b: of classes, that a alone answers rightly
    only_b: int  #: samples that b answers better than a
    p: float  #: of the task's test, by groups, two-sided: of classes McNemar's exact test
    p_holm: float  #: after Holm over all pairs compared with it
    standard_error: float  #: of ``difference``, paired, by groups
    loss_difference: float  #: of the loss per sample; below 0 where a is better
    loss_interval: Interval  #: of ``loss_difference``, bootstrapped over groups of samples
    exceeds_one_se: bool  #: whether the difference exceeds one standard error

    @property
    def significant(self) -> bool:
        """Whether the difference is beyond chance by the task's test, corrected for the number of pairs."""
        return self.p_holm < SIGNIFICANT

    def describe_verdict(self, lead: str, error: str) -> str:
        """Return a sentence on whether the difference can be chance.

        Args:
            lead: who is ahead, and by how much.
            error: the standard error, with its unit.
        """
        one = f"one standard error ({error})"
        if not self.exceeds_one_se:
            return f"{lead}, which is within {one}: this difference can be chance."
        if self.significant:
            return f"{lead}: more than chance."
        return f"{lead}: more than {one}, but this difference can be chance."

    def to_json(self) -> dict[str, Any]:
        """Return a record that ``json.dumps`` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the pair that ``to_json`` wrote.

        Raises:
            DataError: fields missing or unknown.
        """
        try:
            intervals = {name: Interval(**value[name]) for name in ("interval", "loss_interval")}
            return cls(**{**value, **intervals})
        except (KeyError, TypeError) as error:
            raise DataError(f"pair cannot be read: {error}; wanted the fields that to_json writes") from None
