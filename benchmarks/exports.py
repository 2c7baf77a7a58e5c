"""Exports of real classifiers: how many test items each format answers as saved, how fast, how large.

    python benchmarks/exports.py SOURCE... [--strategies linear-probe] [--backbone resnet18@FILE]
        [--formats onnx,openvino,litert] [--keep]

For each source (a folder or a table, as ``headstart fit`` takes it) and strategy a job is run, and its classifier is
exported to each format at each of its precisions. The proof of the export has the figures: ``differing`` of ``items``
test items answered otherwise, mean and largest difference of the probabilities, equal prediction sets and novelty
flags, milliseconds for one item (one at a time, beside the saved classifier in ONNX Runtime), megabytes. int8 has its
scores on validation and on test beside. An export that is refused has the reason in ``refused``. With ``--runs`` a run
that is in that folder already is taken. With ``--keep`` rows of other sources, strategies, backbones, formats and
precisions stay. The last line is one JSON object.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import headstart
import measuring
from headstart.data.load import try_item
from headstart.data.samples import Subset
from headstart.data.split import load_split
from headstart.deployment.formats import REGISTRY
from headstart.deployment.item_proof import ProofItem
from headstart.deployment.reference import Reference
from headstart.deployment.validation import ValidationItems, judge_validation
from headstart.pipeline.own_items import read_run_samples
from headstart.selection.context import make_targets
from headstart_runtime.errors import HeadstartError, MissingExtra


def main() -> None:
    """Run the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("sources", {"type": Path, "nargs": "+"}),
        ("--strategies", {"default": "linear-probe"}),
        ("--formats", {"default": "onnx,openvino,litert"}),
        ("--precisions", {"default": "f32,f16,bf16,int8"}),
        ("--epochs", {"type": int, "default": None}),
        ("--backbone", {"default": "", "help": "the network, as of headstart fit; that of the modality if not given"}),
        ("--runs", {"type": Path, "help": "a folder in which runs stay, and are taken from where they are there"}),
    )
    rows = []
    for source in options.sources:
        for strategy in options.strategies.split(","):
            with tempfile.TemporaryDirectory() as folder:
                rows += measure(run_job(source, strategy, options, Path(folder)), options, Path(folder))
    kept = Path(__file__).with_suffix(".json")
    made = {identify(row) for row in rows}
    if options.keep and kept.exists():
        earlier = json.loads(kept.read_text("utf-8"))["result"]["rows"]
        rows = [row for row in earlier if identify(row) not in made] + rows
    rows.sort(key=lambda row: identify(row)[:3])
    measuring.finish(__file__, {"rows": rows}, keep=options.keep)


def identify(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a row is of."""
    return row["set"], row["strategy"], row.get("backbone", ""), row["format"], row["precision"]


def run_job(source: Path, strategy: str, options: Any, folder: Path) -> tuple[dict[str, Any], Any]:
    """Run a job, or take the run that is kept; return what it is of, and the run."""
    settings = {} if options.epochs is None else {"epochs": options.epochs}
    facts: dict[str, Any] = {"set": source.stem, "strategy": strategy}
    if options.backbone:
        settings["backbone"] = options.backbone
        facts["backbone"] = options.backbone.partition("@")[0]
    out = (options.runs or folder) / "-".join(facts.values()).replace(":", "-")
    if out.exists():
        run = headstart.open_run(out)
    else:
        run = headstart.fit(source, arms=strategy, out=out, report=False, progress=False, **settings)
    return {**facts, "test": round(run.test.score, 4)}, run


def measure(job: tuple[dict[str, Any], Any], options: Any, folder: Path) -> list[dict[str, Any]]:
    """Export the classifier of a run to each format, and return a row for each."""
    facts, run = job
    rows = []
    for form in options.formats.split(","):
        kind = REGISTRY.get(form)
        for precision in [one for one in kind.precisions if one in options.precisions.split(",")]:
            row = {**facts, "format": form, "precision": precision}
            try:
                made = headstart.export(run, to=form, precision=precision, out=folder / f"{form}-{precision}")
            except MissingExtra:
                print(f"{form}: its converter is not installed", flush=True)
                break
            except HeadstartError as error:
                row["refused"] = str(error)
            else:
                row |= describe(made)
                if made.validation:
                    row["test_scores"] = score_test(run, kind.start(made.folder))
            rows.append(row)
            print(json.dumps(row), flush=True)
    return rows


def describe(made: Any) -> dict[str, Any]:
    """Return the figures of an export's proof."""
    proof, held_out = made.proof, made.proof.held_out
    network = json.loads((made.folder / "manifest.json").read_text("utf-8"))["files"]
    size = sum(one["bytes"] for name, one in network.items() if not name.startswith("golden/"))
    scores = made.validation
    return {
        "items": held_out.items,
        "differing": held_out.differing,
        "mean_difference": float(f"{held_out.mean_difference:.2g}"),
        "largest_difference": float(f"{held_out.largest_difference:.2g}"),
        "same_sets": held_out.same_sets,
        "same_flags": held_out.same_out_of_distribution,
        "drawn": proof.drawn.items if proof.drawn else 0,
        "drawn_differing": proof.drawn.differing if proof.drawn else 0,
        "milliseconds": round(proof.milliseconds, 2),
        "saved_milliseconds": round(proof.reference_milliseconds, 2),
        "megabytes": round(size / 1e6, 1),
        "validation": [round(scores.exported, 4), round(scores.saved, 4)] if scores else None,
    }


def score_test(run: Any, runner: Any) -> list[float]:
    """Return the scores of an export and of the saved classifier on the test items of a run.

    Raises:
        SaveError: the export is worse beyond the interval.
    """
    classifier = headstart.load(run)
    samples = classifier.task.targets.match(read_run_samples(run.record, run.folder), classifier.record.space).samples
    parts = load_split(run.folder).by_digest()
    first = {sample.digest: sample for sample in samples if parts.get(sample.digest) is Subset.TEST}
    items = [ProofItem(sample.name, try_item(sample.source)) for sample in first.values()]
    test = ValidationItems(items, make_targets(list(first.values()), classifier.task))
    scores = judge_validation(classifier, Reference(classifier), runner, test)
    return [round(scores.exported, 4), round(scores.saved, 4)]


if __name__ == "__main__":
    main()
