"""What a budget buys: accuracy and log loss on test at several times, beside plain PyTorch in the same time.

    python benchmarks/budgets.py --data DATA/trash DATA/cats_vs_dogs ... [--seconds 30 60 300] [--seeds 0 1 2]
        [--long trash=1200] [--results benchmarks/budgets.json]

A cell is a collection, a time and the seed of a split. Ours: ``headstart fit PHOTOS --budget TIME`` and nothing else
said, from an empty store, from the start of the process to its end. Then, in the same sitting, plain: a fine-tune as it
is written by hand (``plain_training/within.py``) with the same weights, on the same photos and judged on the same ones,
in the same time. Its training photos are ours with those of validation, for it chooses nothing.

Each cell is written to the results as soon as it is measured, with the machine's name, and is not measured again there:
the script goes on where it stopped. The last line is one JSON object: means over the seeds by collection and time,
``over_budget``, the greatest share by which a run of ours passed its budget, and ``wasted``, the greatest share of a
budget that went into trainings that are no part of what was saved.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import measuring
from headstart.data.read import read_source
from headstart.data.samples import Sample, Subset
from headstart.data.sources import FileSource
from headstart.data.split import Split
from headstart.storage.atomic import replace_text

HERE = Path(__file__).resolve().parent
BACKBONE = "efficientnet_lite0"
SCHEMA = 1


def main() -> None:
    """Measure what is missing, and print the table."""
    options = measuring.arguments(
        __doc__ or "",
        ("--data", {"type": Path, "nargs": "+", "required": True, "help": "folders of photos, one a collection"}),
        ("--seconds", {"type": int, "nargs": "+", "default": [30, 60, 300]}),
        ("--seeds", {"type": int, "nargs": "+", "default": [0, 1, 2]}),
        ("--long", {"nargs": "*", "default": [], "help": "COLLECTION=SECONDS, measured with the first seed alone"}),
        ("--results", {"type": Path, "default": Path(__file__).with_suffix(".json")}),
    )
    machine, cells = measuring.machine(), _read(options.results)
    for photos, seconds, seed in _list_cells(options):
        key = f"{photos.name} {seconds}s {seed} on {machine}"
        if key in cells:
            continue
        cells[key] = {
            "collection": photos.name,
            "seconds": seconds,
            "seed": seed,
            "machine": machine,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            **_measure(photos, seconds, seed),
        }
        record = {"schema_version": SCHEMA, "cells": cells, "result": summarise(list(cells.values()))}
        replace_text(options.results, json.dumps(record, indent=1) + "\n")
        ours, plain = cells[key]["ours"], cells[key]["plain"]
        print(
            f"{key}: ours {ours['accuracy']:.1%} {ours['log_loss']:.3f} in {ours['wall']:.0f} s ({ours['winner']}), "
            f"plain {plain['accuracy']:.1%} {plain['log_loss']:.3f} in {plain['wall']:.0f} s",
            flush=True,
        )
    here = [cell for cell in cells.values() if cell["machine"] == machine]
    measuring.finish(__file__, summarise(here), keep=False)


def summarise(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Return means over seeds by collection, time and machine, and how budgets were kept."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for cell in cells:
        rows.setdefault(f"{cell['collection']} {cell['seconds']}s on {cell['machine']}", []).append(cell)
    table = {
        name: {
            "seeds": len(own),
            **{
                f"{whose}_{score}": round(sum(cell[whose][score] for cell in own) / len(own), 4)
                for whose in ("ours", "plain")
                for score in ("accuracy", "log_loss")
            },
        }
        for name, own in sorted(rows.items())
    }
    return {
        "table": table,
        "over_budget": max((cell["ours"]["wall"] / cell["seconds"] - 1 for cell in cells), default=0.0),
        "wasted": max((cell["ours"]["wasted"] for cell in cells), default=0.0),
    }


def _list_cells(options: Any) -> Iterator[tuple[Path, int, int]]:
    for seed in options.seeds:
        for seconds in options.seconds:
            yield from ((photos, seconds, seed) for photos in options.data)
    longer = dict(entry.split("=") for entry in options.long)
    yield from ((it, int(longer[it.name]), options.seeds[0]) for it in options.data if it.name in longer)


def _read(results: Path) -> dict[str, dict[str, Any]]:
    """Return the cells that were measured before."""
    if not results.is_file():
        return {}
    record = json.loads(results.read_text("utf-8"))
    return dict(record["cells"]) if record.get("schema_version") == SCHEMA else {}


def _measure(photos: Path, seconds: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="budgets-") as folder:
        work = Path(folder)
        run = work / "run"
        command = ["-m", "headstart", "fit", str(photos.resolve()), "--budget", f"{seconds}s", "--seed", str(seed)]
        began = time.time()
        _call([*command, "--out", str(run), "--store", str(work / "store"), "--no-report"])
        ours = {**_describe(run, seconds), "wall": round(time.time() - began, 1)}
        rows = _list_rows(photos, run)
        task = {"seconds": seconds, "seed": seed, "backbone": BACKBONE, **rows, "began": time.time()}
        (work / "task.json").write_text(json.dumps(task), "utf-8")
        said = _call([str(HERE / "plain_training" / "within.py"), str(work / "task.json")])
        plain = {**json.loads(said.splitlines()[-1]), "wall": round(time.time() - task["began"], 1)}
    return {"ours": ours, "plain": plain}


def _call(arguments: list[str]) -> str:
    """Return what a Python process writes."""
    done = subprocess.run([sys.executable, *arguments], env=os.environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments[:4])} failed: {done.stderr[-2000:]}")
    return done.stdout


def _describe(run: Path, seconds: int) -> dict[str, Any]:
    """Return the scores of a run, its arms, and the share of the budget that went into what was not saved."""
    record, parts = (json.loads((run / name).read_text("utf-8")) for name in ("run.json", "evaluation.json"))
    winner = next(arm for arm in record["arms"] if arm["name"] == record["winner"])
    kept = {winner["name"], *winner["chosen"]}
    lost = sum(arm["seconds"] for arm in record["arms"] if arm["curves"] and arm["name"] not in kept)
    return {
        "accuracy": parts["parts"]["test"]["accuracy"],
        "log_loss": parts["parts"]["test"]["log_loss"],
        "test_photos": parts["parts"]["test"]["n"],
        "winner": record["winner"],
        "took": round(record["took"], 1),
        "wasted": round(lost / seconds, 3),
        "stages": {name: round(took, 1) for name, took in record["seconds"].items()},
        "arms": {
            arm["name"]: {
                "validation_accuracy": round(arm["validation"]["accuracy"], 4),
                "validation_log_loss": round(arm["validation"]["log_loss"], 4),
                "seconds": round(arm["seconds"], 1),
                "epochs": len(arm["curves"]) - 1 if arm["curves"] else 0,
            }
            for arm in record["arms"]
        },
        "left_out": {arm["name"]: arm["reason"] for arm in record["left_out"]},
    }


def _list_rows(photos: Path, run: Path) -> dict[str, Any]:
    """Return the photos of train and validation, and those of test, with their labels."""
    samples, split = read_source(photos), Split.load(run / "split.json")
    parts = {subset: split.samples_in(samples, subset) for subset in Subset}
    train = [*parts[Subset.TRAIN], *parts[Subset.VALIDATION]]
    return {
        "classes": list(samples.classes),
        "train": [_row(sample) for sample in train],
        "test": [_row(sample) for sample in parts[Subset.TEST]],
    }


def _row(sample: Sample) -> list[Any]:
    assert isinstance(sample.source, FileSource)
    return [str(sample.source.path.resolve()), int(sample.target)]


if __name__ == "__main__":
    main()
