"""Events that long work sends while it runs. Loops send these records; displays and the command line show them."""

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from headstart_runtime.errors import Cancelled, HeadstartError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Started:
    """A stage has begun."""

    stage: str


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` things of a stage are finished."""

    stage: str  #: "read", "extract", "fit", "test", ...
    done: int
    total: int
    unit: str = "samples"


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


Event = Started | Progress | Finished | Note
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Do nothing with an event."""


class CancelToken:
    """Ends work that another thread does, soon, with what is done kept; a program gives it to ``fit`` and keeps it."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End the work at the next thing that it reports; may be called from any thread, and again."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """Return whether ``cancel`` was called."""
        return self._cancelled.is_set()


@dataclass
class Stage:
    """A stage under way."""

    summary: str = ""  #: one line for a person, set before it ends
    apart: float = 0.0  #: seconds of it that are reported as a stage of their own


@dataclass
class RunLog:
    """Passes events on and keeps what the record of a run needs of them."""

    listener: Listener
    cancel: CancelToken | None = None
    notes: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)  #: of faults that a run went on after
    seconds: dict[str, float] = field(default_factory=dict)
    took: float | None = None  #: seconds by the clock up to the last result

    def __call__(self, event: Event) -> None:
        """Take an event: a log is itself a listener.

        Raises:
            Cancelled: the work is to end.
        """
        if self.cancel is not None and self.cancel.is_cancelled:
            raise Cancelled("cancelled; what was computed is kept: the same call goes on from there")
        if isinstance(event, Note):
            self.notes.append(event.text)
        self.listener(event)

    @contextmanager
    def stage(self, name: str) -> Iterator["Stage"]:
        """Time what is done inside as a stage, and report it with the summary that it was given.

        A stage that fails is not reported.
        """
        self(Started(name))
        began = time.perf_counter()
        stage = Stage()
        yield stage
        self.finish(name, time.perf_counter() - began - stage.apart, stage.summary)

    def attempt(self, make: Callable[[], T], otherwise: T, lost: str) -> T:
        """Return what a function makes; where it fails, something else and a note.

        For what a run is whole without: no fault there may cost hours of training. What ends the work still does. Of a
        fault that no error of headstart is, the trace is kept.

        Args:
            make: the function.
            otherwise: given where it fails.
            lost: what a person misses then: "no report was written".
        """
        try:
            return make()
        except HeadstartError as error:
            self(Note(f"{lost}: {error}"))
        except Exception as error:  # noqa: BLE001
            self.traces.append("".join(traceback.format_exception(error)))
            self(Note(f"{lost}: {type(error).__name__}: {error}"))
        return otherwise

    def finish(self, name: str, seconds: float, summary: str) -> None:
        """Report a stage that took so many seconds; one that comes again is added to."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self(Finished(name, seconds, summary))

    def end(self, took: float, budget: float | None) -> None:
        """Keep the seconds that all of it took, and note a budget that was not kept."""
        self.took = took
        if budget is not None and took > budget:
            self(
                Note(
                    f"took {took:.0f} s, more than the budget of {budget:.0f} s: it decides what is trained; reading, "
                    "features of a network, probes, test and export count in it and are never cut short"
                )
            )
