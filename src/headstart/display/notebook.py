"""Progress in a notebook: one small output that is drawn anew each second."""

import threading
import time
from html import escape
from types import TracebackType
from typing import Any, Self

from headstart import events

TICK_SECONDS = 1.0  #: between two drawings while nothing is heard
LEAST_SECONDS = 0.2  #: between two drawings
MOST_LINES = 40  #: of finished stages and notes that stay


class NotebookDisplay:
    """A listener that draws the finished stages and a bar for the one under way."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._lines: list[str] = []
        self._stage, self._count = "starting", ""
        self._share: float | None = None
        self._began = time.monotonic()
        self._drawn = 0.0
        self._ended = threading.Event()
        self._handle: Any = None

    def __enter__(self) -> Self:
        from IPython.display import HTML, display

        self._make = HTML
        self._handle = display(HTML(self.to_html()), display_id=True)
        self._ticker = threading.Thread(target=self._tick, name="headstart-progress", daemon=True)
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._ticker.join()
        with self._lock:
            self._stage = "" if kind is None else "stopped" if kind is KeyboardInterrupt else "ended by an error"
            self._count, self._share = "", None
            self._draw()

    def __call__(self, event: events.Event) -> None:
        """Take up an event; what has ended is drawn at once."""
        with self._lock:
            if isinstance(event, events.Progress):
                if event.stage != self._stage:
                    self._begin(event.stage)
                self._count = f"{event.done:,} of {event.total:,} {event.unit}"
                self._share = event.done / event.total if event.total else None
                if time.monotonic() - self._drawn < LEAST_SECONDS:
                    return
            elif isinstance(event, events.Started):
                self._begin(event.stage)
            elif isinstance(event, events.Finished):
                self._lines.append(f"{event.stage}: {event.summary} ({event.seconds:.1f} s)")
                self._begin("")
            else:
                self._lines.append(f"note: {event.text}")
            self._draw()

    def to_html(self) -> str:
        """Return what is shown now."""
        lines = [f"<div>{escape(line)}</div>" for line in self._lines[-MOST_LINES:]]
        if self._stage:
            bar = "" if self._share is None else f'<progress value="{self._share:.4f}" max="1"></progress> '
            seconds = "" if self._ended.is_set() else f" {time.monotonic() - self._began:.0f} s"
            lines.append(f"<div>{bar}<b>{escape(self._stage)}</b> {escape(self._count)}{seconds}</div>")
        return f'<div style="font-family:monospace;font-size:90%">{"".join(lines)}</div>'

    def _begin(self, stage: str) -> None:
        self._stage, self._count, self._share = stage, "", None
        self._began = time.monotonic()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if self._handle is not None:
            self._handle.update(self._make(self.to_html()))

    def _tick(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            with self._lock:
                if self._stage:
                    self._draw()
