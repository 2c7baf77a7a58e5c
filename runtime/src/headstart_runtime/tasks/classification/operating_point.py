"""The operating point that a user wishes for: a recall or a precision that shall hold, or what both mistakes cost."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, cast, get_args

OperatingKind = Literal["recall", "precision", "cost"]
FORMS = "recall=0.95 or precision=0.9, with a share between 0 and 1, or cost=10:1, of a miss to a false alarm"


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A wish for the threshold from which on an item is predicted to be of the positive class.

    Raises:
        ValueError: it cannot be meant.
    """

    kind: OperatingKind
    value: float  #: recall, precision: a share; cost: of a missed positive, in false alarms

    def __post_init__(self) -> None:
        if self.kind not in get_args(OperatingKind):
            raise ValueError(FORMS)
        most = math.inf if self.kind == "cost" else 1
        if not 0 < self.value < most:
            raise ValueError(FORMS)

    def __str__(self) -> str:
        """Return it as a user writes it: "recall=0.95"."""
        return f"{self.kind}={self.value:g}:1" if self.kind == "cost" else f"{self.kind}={self.value:g}"

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the wish that ``dataclasses.asdict`` was given.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``asdict`` gives.
        """
        return cls(record["kind"], float(record["value"]))


def parse_operating_point(text: str) -> OperatingPoint:
    """Return the wish that a text such as "recall=0.95", "precision=90%" or "cost=10:1" means.

    Raises:
        ValueError: it means none; the message says what is wanted.
    """
    kind, _, value = (part.strip() for part in text.partition("="))
    if kind not in get_args(OperatingKind):
        raise ValueError(FORMS)
    try:
        return OperatingPoint(
            cast("OperatingKind", kind), _parse_ratio(value) if kind == "cost" else _parse_share(value)
        )
    except (ValueError, ZeroDivisionError):
        raise ValueError(FORMS) from None


def _parse_share(text: str) -> float:
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)


def _parse_ratio(text: str) -> float:
    miss, _, alarm = text.partition(":")
    return float(miss) / float(alarm or 1)
