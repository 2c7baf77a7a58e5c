"""What the report adds to the time of a fit, everything counted from process start to exit.

    python benchmarks/report.py PHOTOS [--rounds 3]

``headstart fit`` with and without ``--no-report``, each as a process of its own, in turns: with an empty store (cold)
and with a full one (warm). ``cold_added`` and ``warm_added`` are (with - without) / without, medians of the rounds:
at most 0.2 is wanted on trash. ``stages_share`` is what the stages ``thumbnails`` and ``report`` took of a cold fit's
stages; ``trust_share`` the stages that find near-duplicates, calibrate and diagnose, which run without a report too.
``page_seconds`` is making the page again from the run's records. The last line is JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measuring
from headstart.reporting.page import render_report
from headstart.reporting.records import read_records

REPORT, TRUST = ("thumbnails", "report"), ("near-duplicates", "calibrate", "diagnose")


def main() -> None:
    """Run the benchmark."""
    options = measuring.arguments(__doc__ or "", ("photos", {"type": Path}), ("--rounds", {"type": int, "default": 3}))
    cold: list[float] = []
    warm: list[float] = []
    stages: list[dict[str, float]] = []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            order = [(Path(one), True), (Path(other), False)][:: -1 if number % 2 else 1]
            took = {wanted: _fit(options.photos, work, "cold", report=wanted) for work, wanted in order}
            again = {wanted: _fit(options.photos, work, "warm", report=wanted) for work, wanted in order}
            record = json.loads((Path(one) / "cold" / "run.json").read_text("utf-8"))
            size = (Path(one) / "cold" / "report.html").stat().st_size
            records = read_records(Path(one) / "cold")
            page = [measuring.seconds(lambda records=records: render_report(records)) for _ in range(3)]
        cold.append(took[True] / took[False] - 1)
        warm.append(again[True] / again[False] - 1)
        stages.append(record["seconds"])
        print(
            f"round {number + 1}: cold {took[True]:.1f} s for {took[False]:.1f}, warm {again[True]:.1f} s for "
            f"{again[False]:.1f}"
        )
    result = {
        "photos": record["extraction"]["asked"],
        "cold_added": measuring.median(cold),
        "warm_added": measuring.median(warm),
        "stages_share": measuring.median([_share(it, REPORT) for it in stages]),
        "trust_share": measuring.median([_share(it, TRUST) for it in stages]),
        "report_bytes": size,
        "page_seconds": min(page),
    }
    measuring.finish(__file__, result, keep=options.keep)


def _share(seconds: dict[str, float], names: tuple[str, ...]) -> float:
    """Return the time of some stages over that of all others of a fit without a report."""
    rest = sum(value for name, value in seconds.items() if name not in REPORT)
    return sum(seconds[name] for name in names) / rest


def _fit(photos: Path, work: Path, name: str, *, report: bool) -> float:
    command = [sys.executable, "-m", "headstart.cli.main", "fit", str(photos), "--out", str(work / name), "--quiet"]
    environment = {**os.environ, "HEADSTART_STORE": str(work / "store")}
    began = time.perf_counter()
    subprocess.run(
        command if report else [*command, "--no-report"], check=True, env=environment, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
