"""What a whole fit costs beside its own extraction, everything counted from process start to exit.

    python benchmarks/whole_job.py PHOTOS [--rounds 3]

``headstart fit`` with an empty store (``cold_seconds``), again with the full one (``warm_seconds``), ``headstart
--help`` and ``headstart predict`` on one photo, each as a process of its own. ``times_extraction`` is
(cold_seconds - 8) / extraction seconds: at most 1.6 is wanted. Best of the rounds for the short ones, medians else.
The last line is JSON.
"""

import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import headstart
import measuring
from headstart_runtime.modalities.image.decode import SUFFIXES

HEADSTART = [sys.executable, "-m", "headstart.cli.main"]
ALLOWANCE = 8.0  #: seconds that starting, importing and converting may take


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(__doc__ or "", ("photos", {"type": Path}), ("--rounds", {"type": int, "default": 3}))
    photo = next(file for file in sorted(options.photos.rglob("*")) if file.suffix.lower() in SUFFIXES)
    compileall.compile_dir(Path(headstart.__file__).parent, quiet=2)  # as an installation does
    cold: list[float] = []
    warm: list[float] = []
    extraction: list[float] = []
    stages: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            first, record = _fit(options.photos, work, "cold")
            second, warm_record = _fit(options.photos, work, "warm")
            predict = [
                _timed([*HEADSTART, "predict", str(work / "cold" / "model"), str(photo)], work) for _ in range(3)
            ]
            helps = [_timed([*HEADSTART, "--help"], work) for _ in range(3)]
        cold.append(first)
        warm.append(second)
        extraction.append(record["seconds"]["extract"])
        stages["cold"].append(record["seconds"])
        stages["warm"].append(warm_record["seconds"])
        print(f"round {number + 1}: cold {first:.1f} s {_stages(record)}; warm {second:.1f} s {_stages(warm_record)}")
    result = {
        "photos": record["extraction"]["asked"],
        "precision": record["engine"]["precision"],
        "accuracy": json.loads(record["accuracy"]),
        "cold_seconds": measuring.median(cold),
        "extraction_seconds": measuring.median(extraction),
        "times_extraction": measuring.median([(a - ALLOWANCE) / b for a, b in zip(cold, extraction, strict=True)]),
        "warm_seconds": measuring.median(warm),
        "predict_seconds": min(predict),
        "help_seconds": min(helps),
        **{f"{name}_stages": _median_stages(rounds) for name, rounds in stages.items()},
    }
    measuring.finish(__file__, result, keep=options.keep)


def _fit(photos: Path, work: Path, name: str) -> tuple[float, dict[str, Any]]:
    took = _timed([*HEADSTART, "fit", str(photos), "--out", str(work / name), "--quiet"], work)
    record = json.loads((work / name / "run.json").read_text("utf-8"))
    test = json.loads((work / name / "evaluation.json").read_text("utf-8"))["parts"]["test"]
    return took, {**record, "accuracy": json.dumps(test["accuracy"])}


def _stages(record: dict[str, Any]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in record["seconds"].items()}


def _median_stages(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each stage's seconds over the rounds."""
    return {name: round(measuring.median([seconds[name] for seconds in rounds]), 3) for name in rounds[0]}


def _timed(command: list[str], work: Path) -> float:
    environment = {**os.environ, "HEADSTART_STORE": str(work / "store")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
