"""What every benchmark here shares: repeated measurements in one run, and how a result is printed and kept."""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headstart.storage.atomic import replace_text
from headstart_runtime.hardware import count_cores
from headstart_runtime.libraries import import_openvino


def arguments(purpose: str, *more: tuple[str, dict[str, Any]]) -> argparse.Namespace:
    """The command line of a benchmark: its own arguments and --keep."""
    parser = argparse.ArgumentParser(description=purpose)
    for name, options in more:
        parser.add_argument(name, **options)
    parser.add_argument("--keep", action="store_true", help="write the result beside the script")
    return parser.parse_args()


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median(values: list[float]) -> float:
    """The median; of ratios taken round by round, what a noisy machine disturbs least."""
    return statistics.median(values)


def machine() -> str:
    """The processor and how many of its cores are used."""
    name = import_openvino().Core().get_property("CPU", "FULL_DEVICE_NAME").strip()
    return f"{name}, {count_cores()} cores, {platform.system()}"


def finish(script: str, result: dict[str, Any], *, keep: bool) -> None:
    """Prints the result as the last line; with ``keep``, writes it beside the script with machine, command and date."""
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in result.items()}
    if keep:
        record = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "command": " ".join(["python", f"benchmarks/{Path(script).name}", *map(_without_folder, sys.argv[1:])]),
            "result": rounded,
        }
        replace_text(Path(script).with_suffix(".json"), json.dumps(record, indent=2) + "\n")
    print(json.dumps(rounded))


def _without_folder(word: str) -> str:
    """Return a word of the command; of a path its last part, for where it lay says nothing elsewhere."""
    return Path(word).name if "/" in word else word
