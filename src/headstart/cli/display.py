"""How long work is shown: live on a terminal, plain lines elsewhere, nothing when quiet."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from headstart import events
from headstart.cli.streams import tell

if TYPE_CHECKING:
    from rich.progress import TaskID

PLAIN_SECONDS = 10  #: between two progress lines where there is no terminal


@contextmanager
def shown(*, quiet: bool) -> Iterator[events.Listener]:
    """A listener that shows what it is told on standard error, so that standard output is the result alone."""
    if quiet:
        yield events.ignore
    elif sys.stderr is not None and sys.stderr.isatty():
        with _Live() as live:
            yield live
    else:
        yield _Plain()


class _Plain:
    """Lines without colour or movement."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.Progress):
            now = time.monotonic()
            if now - self._last.setdefault(event.stage, now) >= PLAIN_SECONDS:
                self._last[event.stage] = now
                tell(f"{event.stage}: {event.done} of {event.total} {event.unit}")
        else:
            tell(line_of(event))


class _Live:
    """A bar for the stage under way, with its rate and the time left; finished stages stay above it."""

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        rate = TextColumn("{task.fields[rate]}")
        self._bars = Progress(
            TextColumn("{task.description:>16}"),
            BarColumn(),
            MofNCompleteColumn(),
            rate,
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._stage = ""
        self._task: TaskID | None = None
        self._began = 0.0
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.Progress):
            self._move(event)
        else:
            self._bars.console.print(line_of(event), highlight=False, markup=False)

    def _move(self, event: events.Progress) -> None:
        if event.stage != self._stage or self._task is None:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._stage, self._began = event.stage, time.monotonic()
            self._task = self._bars.add_task(event.stage, total=event.total, rate="")
        elapsed = time.monotonic() - self._began
        rate = f"{event.done / elapsed:,.0f} {event.unit}/s" if elapsed > 0.5 else ""
        self._bars.update(self._task, completed=event.done, total=event.total, rate=rate)


def line_of(event: events.Finished | events.Note) -> str:
    """An event as one line."""
    if isinstance(event, events.Note):
        return f"note: {event.text}"
    return f"{event.stage:>16}  {event.summary}  ({event.seconds:.1f} s)"
