"""Whether a saved classifier answers the same wherever it runs: each export format, headstart-predict, the service.

    python benchmarks/everywhere.py [SOURCE...] [--strategies linear-probe] [--drawn 600] [--litert-python P] [--keep]

For each source (a folder or a table, as ``headstart fit`` takes it) and strategy a job is run; with ``--drawn`` so many
dials are drawn for each task that answers other than by a class, and items of ``--relabelled`` sources get labels for
these tasks that are measured in them (how bright photos are). The test items of a job are answered by the saved
classifier in ONNX Runtime, float32, one at a time, and by every way of running it: the export formats without their
proofs, so that what a proof refuses has its figures too; ``headstart-predict`` and ``headstart-serve`` over HTTP, each
in a process of its own on both engines. Said are ``differing``, the items that are answered otherwise, of these the
largest margin (how far the two answers lay apart), and the differences of the numbers that answers are read from,
``within`` says whether that is within what is asked: in float32 one item or 0.5 % (1 % in LiteRT and the browser), in
bf16 2 % with a margin below .05, mean difference at most .01. What cannot be run here says why in ``missing``. LiteRT
is run by ``--litert-python`` where its packages are in another environment; ``--option NAME=VALUE`` goes to formats.
With ``--keep`` rows of other classifiers and ways stay. The last line is one JSON object.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import headstart
import measuring
from drawn.answered import SETTINGS, write_tables
from drawn.relabelled import LABELLED, measure_items, write_relabelled
from headstart.deployment.formats import REGISTRY
from headstart.deployment.proof import list_outputs
from headstart.deployment.reference import Reference
from headstart.pipeline.own_items import list_run_items
from headstart_runtime.errors import DataError, HeadstartError, MissingExtra
from running.differences import measure_differences
from running.ways import Outputs, list_ways, start

MOST = {"f32": 0.005, "bf16": 0.02}  #: share of the items that may be answered otherwise; one always may
WIDER = {"litert": 0.01, "web": 0.01}
MARGIN, MEAN = 0.05, 0.01


def main() -> None:
    """Run the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("sources", {"type": Path, "nargs": "*"}),
        ("--strategies", {"default": "linear-probe"}),
        ("--formats", {"default": ",".join(REGISTRY.names())}),
        ("--precisions", {"default": "f32,bf16"}),
        ("--served", {"default": "runtime,service", "help": "ways beside the formats"}),
        ("--drawn", {"type": int, "default": 0}),
        ("--relabelled", {"type": Path, "nargs": "*", "default": [], "help": "sources, for each of the other tasks"}),
        ("--epochs", {"type": int, "default": None}),
        ("--litert-python", {"default": "", "help": "a Python that has litert-torch and ai-edge-litert"}),
        ("--option", {"action": "append", "default": [], "help": "of a format: NAME=VALUE"}),
        ("--runs", {"type": Path, "help": "a folder in which runs stay, and are taken from where they are there"}),
        ("--run", {"type": Path, "help": "measure the classifier of a run that is there, and fit nothing"}),
    )
    rows = []
    for facts, run in [({"set": options.run.name}, options.run)] if options.run else make_runs(options):
        rows += measure(facts, run, options)
    kept = Path(__file__).with_suffix(".json")
    made = {identify(row) for row in rows}
    if options.keep and kept.exists():
        earlier = json.loads(kept.read_text("utf-8"))["result"]["rows"]
        rows = [row for row in earlier if identify(row) not in made] + rows
    rows.sort(key=identify)
    measuring.finish(__file__, {"rows": rows}, keep=options.keep)


def identify(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a row is of; a way with an engine has the precision that the classifier was fitted in."""
    precision = "" if row["engine"] else row["precision"]
    return row["set"], row.get("strategy", ""), row["way"], precision, row["engine"]


def make_runs(options: Any) -> Iterator[tuple[dict[str, Any], Path]]:
    """Run the jobs, and yield for each what it is of and its folder, which is gone afterwards but for ``--runs``."""
    settings = {} if options.epochs is None else {"epochs": options.epochs}
    jobs: list[tuple[str, Path, str, dict[str, Any]]] = [
        (source.stem, source, strategy, settings)
        for source in options.sources
        for strategy in options.strategies.split(",")
    ]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.runs or Path(temporary)
        if options.drawn:
            (drawn := folder / "drawn").mkdir(parents=True, exist_ok=True)
            tables = write_tables(drawn, options.drawn)
            jobs += [
                (f"drawn dials, {task}", table, "linear-probe", {"task": task, **SETTINGS[task]})
                for task, table in tables.items()
            ]
        for source in options.relabelled:
            (folder / "labels").mkdir(parents=True, exist_ok=True)
            items = measure_items(source)
            for task in SETTINGS:
                table = write_relabelled(items, task, folder / "labels" / f"{source.stem}-{task}.csv")
                own = {"task": task, **LABELLED[task].settings}
                jobs.append((f"{source.stem}, {task}", table, "linear-probe", own))
        for name, source, strategy, own in jobs:
            out = folder / f"{source.stem}-{strategy}"
            if out.exists():
                run = headstart.open_run(out)
            else:
                run = headstart.fit(source, strategy=strategy, out=out, report=False, progress=False, **own)
            yield {"set": name, "strategy": strategy, "test": round(run.test.score, 4)}, out


def measure(facts: Mapping[str, Any], run: Path, options: Any) -> list[dict[str, Any]]:
    """Return a row for each way of running the classifier of a run."""
    classifier = headstart.load(run)
    items = list_run_items(classifier).items
    reference = Reference(classifier)
    outputs = list_outputs(classifier)
    saved = [_answer(reference, item.value, outputs) for item in items]
    given = dict(one.split("=", 1) for one in options.option)
    rows = []
    asked = (
        [one for one in names.split(",") if one] for names in (options.formats, options.precisions, options.served)
    )
    for way in list_ways(classifier, *asked):
        row = {**facts, "way": way.name, "precision": way.precision, "engine": way.engine}
        try:
            with start(way, classifier, items, given) as answer:
                row |= measure_differences(classifier, saved, answer)
            row["within"] = is_within(row)
        except HeadstartError as error:
            if way.name == "litert" and isinstance(error, MissingExtra) and options.litert_python:
                row |= _measure_elsewhere(run, options.litert_python)
            else:
                row["missing"] = str(error)
        rows.append(row)
        print(json.dumps(row), flush=True)
    return rows


def is_within(row: Mapping[str, Any]) -> bool:
    """Return whether answers are as near as it is asked."""
    most = max(1, int(row["items"] * WIDER.get(row["way"], MOST[row["precision"]])))
    near = row["precision"] == "f32" or row["largest_margin"] < MARGIN
    return row["differing"] <= most and near and row["mean_difference"] <= MEAN and not row["refused_otherwise"]


def _answer(reference: Reference, value: Any, outputs: list[str]) -> Outputs | None:
    try:
        found = reference.answer(value).outputs
        return {name: np.asarray(found[name]) for name in outputs}
    except DataError:
        return None


def _measure_elsewhere(run: Path, python: str) -> dict[str, Any]:
    """Return the figures of LiteRT, measured by another Python."""
    command = [python, __file__, "--run", str(run), "--formats", "litert", "--precisions", "f32", "--served", ""]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"missing": done.stderr.strip().splitlines()[-1][:300]}
    own = json.loads(done.stdout.splitlines()[-1])["rows"]
    found = next(row for row in own if row["way"] == "litert")
    return {name: value for name, value in found.items() if name not in ("set", "way", "precision", "engine")}


if __name__ == "__main__":
    main()
