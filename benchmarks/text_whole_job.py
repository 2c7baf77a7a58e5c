"""The whole job on texts by probes beside sentence-transformers and scikit-learn, counted from process start to exit.

    python benchmarks/text_whole_job.py TABLE.csv [--column text] [--rounds 1] [--points 17] [--peer-python PYTHON]

``headstart fit`` with an empty store (``cold_seconds``: at most 90 s on TREC) and again with the full one
(``warm_seconds``: at most 12), and ``plain_training/text_probe.py``: the same weights, a grid of C, five folds, one
test, on the features that headstart's probes read, all layers side by side, and once more on the last layer alone.
Each is a process of its own, one after the other, round by round; medians of the rounds. ``cold_to_peer`` is the ratio
to the peer on the same features: at most 1/3 is wanted; ``cold_to_peer_on_last`` that to the least it can do.
headstart's job is more than the peer's: four arms, calibration, prediction sets, a saved folder that is checked,
diagnoses and a report. The last line is JSON.
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
import headstart_runtime
import measuring
from headstart.backbones.providers.minilm import find_model_folder

HEADSTART = [sys.executable, "-m", "headstart.cli.main"]
LAYERS = ("all", "last")  #: what the peer's logistic regression reads
PEER = Path(__file__).with_name("plain_training") / "text_probe.py"


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("table", {"type": Path}),
        ("--column", {"default": "text"}),
        ("--rounds", {"type": int, "default": 1}),
        ("--points", {"type": int, "default": 17}),
        ("--peer-python", {"default": sys.executable, "help": "an interpreter that has sentence-transformers"}),
    )
    for package in (headstart, headstart_runtime):  # as an installation does
        compileall.compile_dir(Path(package.__file__ or "").parent, quiet=2)
    peer = [options.peer_python, str(PEER), str(options.table), str(find_model_folder())]
    peer += ["--column", options.column, "--points", str(options.points)]
    seconds: dict[str, list[float]] = {name: [] for name in ("cold", "warm", *LAYERS)}
    said: dict[str, dict[str, Any]] = {}
    for number in range(1, options.rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            runs = {name: _fit(options.table, Path(folder), name) for name in ("cold", "warm")}
            for name, (took, record) in runs.items():
                seconds[name].append(took)
                print(f"round {number}: {name} {took:.1f} s {_round(record['seconds'])}", flush=True)
            for layers in LAYERS:
                took, printed = _timed([*peer, "--layers", layers], Path(folder))
                said[layers] = json.loads(printed.splitlines()[-1])
                seconds[layers].append(took)
                print(f"round {number}: the peer on {layers} {took:.1f} s {said[layers]}", flush=True)
    tests = {name: record["test"] for name, (_, record) in runs.items()}
    result = {
        "texts": runs["cold"][1]["extraction"]["asked"],
        **{f"{name}_seconds": measuring.median(seconds[name]) for name in ("cold", "warm")},
        "cold_to_peer": round(_compare(seconds["cold"], seconds["all"]), 3),
        "cold_to_peer_on_last": round(_compare(seconds["cold"], seconds["last"]), 3),
        "accuracy": tests["cold"]["accuracy"],
        "log_loss": tests["cold"]["log_loss"],
        "warm_is_alike": tests["cold"] == tests["warm"],
        "peers": {name: {"seconds": round(measuring.median(seconds[name]), 2), **said[name]} for name in LAYERS},
        **{f"{name}_stages": _round(record["seconds"]) for name, (_, record) in runs.items()},
    }
    measuring.finish(__file__, result, keep=options.keep)


def _compare(ours: list[float], theirs: list[float]) -> float:
    """Return the ratio of seconds, the median of the rounds."""
    return measuring.median([one / other for one, other in zip(ours, theirs, strict=True)])


def _fit(table: Path, work: Path, name: str) -> tuple[float, dict[str, Any]]:
    took, _ = _timed([*HEADSTART, "fit", str(table), "--out", str(work / name), "--quiet"], work)
    record = json.loads((work / name / "run.json").read_text("utf-8"))
    test = json.loads((work / name / "evaluation.json").read_text("utf-8"))["parts"]["test"]
    return took, {**record, "test": test}


def _round(stages: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in stages.items()}


def _timed(command: list[str], work: Path) -> tuple[float, str]:
    environment = {**os.environ, "HEADSTART_STORE": str(work / "store")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    began = time.perf_counter()
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - began, done.stdout


if __name__ == "__main__":
    main()
