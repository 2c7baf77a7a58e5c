"""What long work reports while it runs. Loops send these records; only the CLI, the page and the report speak."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


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


@dataclass
class RunLog:
    """Passes events on and keeps what the record of a run needs of them."""

    listener: Listener
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    took: float | None = None  #: seconds by the clock up to the last result

    def __call__(self, event: Event) -> None:
        """Hears an event: itself a listener."""
        if isinstance(event, Note):
            self.notes.append(event.text)
        self.listener(event)

    def stage(
        self,
        name: str,
        work: Callable[[], T],
        in_words: Callable[[T], str],
        apart: Callable[[T], float] = lambda _: 0.0,
    ) -> T:
        """Does a stage's work, times it and reports it; ``apart``: seconds of it that are another stage's."""
        began = time.perf_counter()
        result = work()
        self.seconds[name] = time.perf_counter() - began - apart(result)
        self(Finished(name, self.seconds[name], in_words(result)))
        return result

    def finished(self, name: str, seconds: float, summary: str) -> None:
        """Reports a stage whose work was done inside another."""
        self.seconds[name] = seconds
        self(Finished(name, seconds, summary))

    def end(self, took: float, budget: float | None) -> None:
        """Keep the seconds that all of it took, and note a budget that was not kept."""
        self.took = took
        if budget is not None and took > budget:
            self(Note(f"took {took:.0f} s, more than the budget of {budget:.0f} s"))
