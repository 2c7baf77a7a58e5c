"""Listens to a fit and adds up what each stage takes: seconds by the clock, of the processor, and the most memory."""

import compileall
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import headstart
from headstart import events
from headstart.process import PASSIVE_WAITING
from headstart.storage.atomic import replace_text

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

    def find_peak(self) -> int:
        """Return the most memory of all stages that have ended so far."""
        return int(max(stage["peak_bytes"] for stage in self._stages.values()))

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


def run_watched(script: str, words: Sequence[str], folder: Path) -> tuple[float, dict[str, Any]]:
    """Return the seconds of a script's call of itself from an empty store in a folder, and what each stage took.

    The call ends with ``keep_stages`` into the same folder.
    """
    compileall.compile_dir(Path(headstart.__file__).parent, quiet=2)  # as an installation does
    environment = {**os.environ, **PASSIVE_WAITING, "HEADSTART_STORE": str(folder / "store")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    began = time.perf_counter()
    subprocess.run([sys.executable, script, *words], check=True, env=environment)
    return time.perf_counter() - began, json.loads((folder / "stages.json").read_text("utf-8"))


def keep_stages(watch: StageWatch, folder: Path) -> None:
    """Write what each stage took."""
    replace_text(folder / "stages.json", json.dumps(watch.end(), indent=2))


def print_stages(stages: Mapping[str, Mapping[str, float]], width: int) -> None:
    """Print a line for each stage; their names take ``width`` characters."""
    for name, stage in stages.items():
        print(
            f"  {name:{width}} {stage['seconds']:8.2f} s {stage['processor_seconds']:8.2f} s of the processor "
            f"{stage['peak_bytes'] / 1e6:7.0f} MB"
        )
