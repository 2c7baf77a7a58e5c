"""Progress as plain lines, for files and pipes."""

import time

from headstart import events
from headstart_runtime.stderr import print_to_stderr

PLAIN_SECONDS = 10  #: between two progress lines


def describe_event(event: events.Finished | events.Note) -> str:
    """Return an event as one line."""
    if isinstance(event, events.Note):
        return f"note: {event.text}"
    return f"{event.stage:>16}  {event.summary}  ({event.seconds:.1f} s)"


class LineDisplay:
    """A listener that writes lines without colour or movement."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, event: events.Event) -> None:
        """Print what has ended at once, and progress every ``PLAIN_SECONDS``."""
        if isinstance(event, events.Progress):
            now = time.monotonic()
            if now - self._last.setdefault(event.stage, now) >= PLAIN_SECONDS:
                self._last[event.stage] = now
                print_to_stderr(f"{event.stage}: {event.done} of {event.total} {event.unit}")
        elif not isinstance(event, events.Started):
            print_to_stderr(describe_event(event))
