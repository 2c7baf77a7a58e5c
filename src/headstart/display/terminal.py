"""Progress in a terminal: a bar for the stage under way, the finished ones above it."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from headstart import events
from headstart.display.lines import describe_event

if TYPE_CHECKING:
    from rich.progress import TaskID


class TerminalDisplay:
    """A listener that draws a bar with its rate and the time left.

    It moves by itself ten times a second: a stage that says nothing for long shows the seconds that it has taken.
    """

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._bars = Progress(
            TextColumn("{task.description:>16}"),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._stage = ""
        self._task: TaskID | None = None
        self._began = 0.0
        self._bars.start()
        self._begin("starting")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, event: events.Event) -> None:
        """Show an event."""
        if isinstance(event, events.Progress):
            self._move(event)
        elif isinstance(event, events.Started):
            self._begin(event.stage)
        else:
            self._bars.console.print(describe_event(event), highlight=False, markup=False)

    def _begin(self, stage: str) -> "TaskID":
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._stage, self._began = stage, time.monotonic()
        self._task = self._bars.add_task(stage, total=None, rate="", count="")
        return self._task

    def _move(self, event: events.Progress) -> None:
        task = self._begin(event.stage) if event.stage != self._stage or self._task is None else self._task
        elapsed = time.monotonic() - self._began
        rate = f"{event.done / elapsed:,.0f} {event.unit}/s" if elapsed > 0.5 else ""
        count = f"{event.done}/{event.total}"
        self._bars.update(task, completed=event.done, total=event.total, rate=rate, count=count)
