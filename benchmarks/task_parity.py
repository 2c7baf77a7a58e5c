"""Whether the answers of every task are the same wherever a saved model runs.

    python benchmarks/task_parity.py PHOTOS [PHOTOS ...] [--only TASK]

PHOTOS is a folder per class. For each task a table of labels is made of it: the class; the class and whether the photo
is bright and colourful, several labels; how bright it is, a number; how bright in five grades. A linear probe is fitted
on each, in float32 and as by default: bf16 where the processor has it and task and photos bear it. Every photo is
answered by the saved heads on the stored features, which they were fitted on, and from its file by ONNX Runtime and by
OpenVINO. Said for each: how many photos have another answer than the stored features give, and the largest difference
among these of a number that the answer is read from, which is at least half of what such an answer was ahead by; of
numbers, as a share of their range; then the largest of all, and without 0.5 % of the photos (2 % in bf16). The last
line is JSON.
"""

import csv
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import headstart
import measuring
from headstart.data.read import read_source
from headstart.data.samples import Sample
from headstart.pipeline.testing import answer_samples
from headstart.settings import DataSettings, locate_store
from headstart.storage.store import FeatureSpace, Store
from headstart_runtime.tasks.task import TASKS

PRECISIONS = ("f32", "auto")  #: asked for; what was computed in is said
GRADES = ("darkest", "dark", "middle", "light", "lightest")
FEW = {"f32": 0.005, "bf16": 0.02}  #: share of the photos that may answer otherwise
SHOWN = 64  #: pixels along an edge of what is measured


@dataclass(frozen=True)
class PhotoFacts:
    """A photo of a class, measured; shares are ranks among all photos, 0..1."""

    file: Path
    label: str
    brightness: float  #: mean grey level
    bright: float
    colourful: float


@dataclass(frozen=True)
class LabelledAs:
    """The labels of a task."""

    label: Callable[[PhotoFacts], str]
    settings: Mapping[str, Any] = field(default_factory=dict)


def _list_labels(facts: PhotoFacts) -> str:
    named = {facts.label: True, "bright": facts.bright > 0.5, "colourful": facts.colourful > 0.5}
    return ";".join(name for name, there in named.items() if there)


LABELLED: dict[str, LabelledAs] = {
    "classification": LabelledAs(lambda facts: facts.label),
    "multilabel": LabelledAs(_list_labels),
    "regression": LabelledAs(lambda facts: f"{facts.brightness:.2f}"),
    "ordinal": LabelledAs(lambda facts: GRADES[min(4, int(5 * facts.bright))], {"order": ",".join(GRADES)}),
}


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(
        __doc__ or "", ("photos", {"type": Path, "nargs": "+"}), ("--only", {"choices": list(LABELLED)})
    )
    results = []
    for task in [options.only] if options.only else [name for name in LABELLED if name in TASKS]:
        for precision in PRECISIONS:
            for photos in options.photos:
                found = _compare(photos, task, precision)
                results += found
                for one in found:
                    print(_tell(one))
    worst: dict[str, float] = {}
    for one in results:
        worst[one["computed_in"]] = max(worst.get(one["computed_in"], 0.0), one["other_answers"] / one["photos"])
    measuring.finish(__file__, {"results": results, "worst": worst}, keep=options.keep)


def _tell(found: Mapping[str, Any]) -> str:
    where = ", ".join(found[name] for name in ("source", "task", "asked", "computed_in", "way"))
    other = f"{found['other_answers']} of {found['photos']} other answers, there {found['apart']:.2g} apart at most"
    return f"{where}: {other}; {found['largest']:.2g} anywhere, {found['all_but_few']:.2g} for all but a few"


def _compare(photos: Path, task: str, precision: str) -> list[dict[str, Any]]:
    """Return how each engine answers all photos, each content once, beside the stored features."""
    with tempfile.TemporaryDirectory() as folder:
        table, labelled = _write_table(photos, task, Path(folder) / "labels.csv"), LABELLED[task]
        settings = {"task": task, **labelled.settings}
        run = headstart.fit(
            table, out=Path(folder) / "run", precision=precision, strategy="linear-probe", report=False, **settings
        )
        read = read_source(table, options=DataSettings.model_validate(settings))
        samples = list({sample.digest: sample for sample in read.samples}.values())
        classifier = headstart.load(run.folder / "model")
        with Store(locate_store()) as store:
            digests = [sample.digest for sample in samples]
            space, branches = _space(run), classifier.record.branches
            rows = [[store.read(space, digests, layer) for layer in branch.layers] for branch in branches]
        stored = classifier.predict_features([np.concatenate(each, axis=1) for each in rows]).outputs
        return [
            {
                "task": task,
                "source": "/".join(photos.resolve().parts[-2:]),
                **_describe(classifier, samples, engine, stored, precision),
            }
            for engine in ("onnxruntime", "openvino")
        ]


def _describe(
    classifier: headstart.Classifier,
    samples: Sequence[Sample],
    engine: Any,
    wanted: Mapping[str, NDArray[Any]],
    asked: str,
) -> dict[str, Any]:
    outputs, count = answer_samples(classifier.with_engine(engine), samples).predictions.outputs, len(samples)
    share = classifier.task.scoring.share_same
    each = ([{name: rows[[row]] for name, rows in one.items()} for one in (outputs, wanted)] for row in range(count))
    other = np.array([share(*both) < 1 for both in each])
    apart = np.zeros(count)
    for compared in classifier.task.graph.list_compared(wanted):
        difference = np.abs(outputs[compared.name].astype(np.float64) - wanted[compared.name]) / compared.scale
        apart = np.maximum(apart, difference.reshape(count, -1).max(axis=1))
    computed = classifier.record.branches[0].precision
    return {
        "way": engine,
        "asked": asked,
        "computed_in": computed,
        "photos": len(samples),
        "other_answers": int(other.sum()),
        "apart": float(apart[other].max(initial=0.0)),
        "largest": float(apart.max()),
        "all_but_few": float(np.quantile(apart, 1 - FEW[computed])),
    }


def _write_table(photos: Path, task: str, table: Path) -> Path:
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label"])
        rows.writerows((facts.file.as_posix(), LABELLED[task].label(facts)) for facts in _measure(photos))
    return table


def _measure(photos: Path) -> list[PhotoFacts]:
    """Return all photos of a folder per class, measured."""
    samples = read_source(photos)
    files = [photos.resolve() / sample.name for sample in samples.samples]
    levels, colours = [], []
    for file in files:
        with Image.open(file) as opened:
            opened.draft("RGB", (SHOWN, SHOWN))
            small = np.asarray(opened.convert("HSV").resize((SHOWN, SHOWN)), np.float64)
        levels.append(float(small[..., 2].mean()))
        colours.append(float(small[..., 1].mean()))
    bright, colourful = (np.argsort(np.argsort(values)) / len(files) for values in (levels, colours))
    named = [samples.describe(sample) for sample in samples.samples]
    facts = zip(files, named, levels, bright.tolist(), colourful.tolist(), strict=True)
    return [PhotoFacts(*one) for one in facts]


def _space(run: headstart.Run) -> FeatureSpace:
    layers = tuple((layer["name"], layer["width"]) for layer in run.record["backbone"]["layers"])
    return FeatureSpace(run.record["space"]["fingerprint"], layers)


if __name__ == "__main__":
    main()
