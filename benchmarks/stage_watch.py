"""Listens to a fit and adds up what each stage takes: seconds by the clock, of the processor, and the most memory."""

import time
from contextlib import suppress
from pathlib import Path

from headstart import events

BETWEEN = "between stages"
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class StageWatch:
    """A listener that adds up what each stage takes; what an inner stage takes is not counted for the outer one."""

    def __init__(self) -> None:
        self._stages: dict[str, dict[str, float]] = {}
        self._open = ["start"]
        self._before = (time.perf_counter() - time.process_time(), 0.0)  # a process begins by importing, on one core

    def __call__(self, event: events.Event) -> None:
        """Count what has passed where a stage begins or ends."""
        if isinstance(event, events.Started):
            self._count()
            self._open = [BETWEEN] if self._open == ["start"] else self._open
            self._open.append(event.stage)
        elif isinstance(event, events.Finished) and event.stage == self._open[-1]:
            self._count()
            self._open.pop()

    def end(self) -> dict[str, dict[str, float]]:
        """Return what each stage took."""
        self._count()
        return {
            name: {key: round(value, 3) if key != "peak_bytes" else value for key, value in stage.items()}
            for name, stage in self._stages.items()
        }

    def _count(self) -> None:
        now, peak = (time.perf_counter(), time.process_time()), read_peak()
        seconds, processor = (after - before for after, before in zip(now, self._before, strict=True))
        stage = self._stages.setdefault(self._open[-1], {"seconds": 0, "processor_seconds": 0, "peak_bytes": 0})
        stage["seconds"] += seconds
        stage["processor_seconds"] += processor
        stage["peak_bytes"] = max(stage["peak_bytes"], peak)
        self._before = now


def read_peak() -> int:
    """Return the most bytes that were resident since this was last called, or ever where the mark cannot be set back.

    See proc(5), clear_refs.
    """
    with suppress(OSError, StopIteration):
        lines = STATUS.read_text("ascii", "replace").splitlines()
        peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        CLEAR.write_text("5", "ascii")
        return peak * 1024
    from headstart.training.memory import peak_memory

    return peak_memory()
