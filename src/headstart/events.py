"""What long work reports while it runs. Loops send these records; only the CLI, the page and the report speak."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` things of a stage are finished."""

    stage: str  #: "read", "extract", "fit head", "judge", ...
    done: int
    total: int
    unit: str = "photos"


@dataclass(frozen=True, slots=True)
class Finished:
    """A stage has ended."""

    stage: str
    seconds: float
    summary: str  #: one line for a person


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know and nothing failed: a fallback, a repair, an assumption."""

    text: str


Event = Progress | Finished | Note
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of those who do not listen."""
