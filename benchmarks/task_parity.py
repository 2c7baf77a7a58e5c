"""Whether the answers of every task are the same wherever a saved model runs.

    python benchmarks/task_parity.py SOURCE [SOURCE ...] [--group COLUMN] [--only TASK] [--most N]

A source is a folder of photos per class, or a table of texts or clips with their classes. For each task a table of
labels is made of it (``drawn/relabelled.py``): the class; several labels; a number; one of five grades. A linear probe
is fitted on each, in float32 and as by default: bf16 where the processor has it and task and items bear it. The test
items, and others up to N, are answered by the saved heads on the stored features, which they were fitted on, and from
their files by ONNX Runtime and by OpenVINO. Said for each: how many items have another answer than the stored features
give, and the largest difference among these of a number that the answer is read from, which is at least half of what
such an answer was ahead by; of numbers, as a share of their range; then the largest of all, and without 0.5 % of the
items (2 % in bf16). The last line is JSON.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import headstart
import measuring
from drawn.relabelled import LABELLED, ItemFacts, measure_items, write_relabelled
from headstart.data.read import read_source
from headstart.data.samples import Sample, Subset
from headstart.data.split import load_split
from headstart.pipeline.testing import answer_samples
from headstart.settings import DataSettings, locate_store
from headstart.storage.store import FeatureSpace, Store
from headstart_runtime.tasks.task import TASKS

PRECISIONS = ("f32", "auto")  #: asked for; what was computed in is said
FEW = {"f32": 0.005, "bf16": 0.02}  #: share of the items that may answer otherwise
LEAST = 1  #: items that may, however few there are


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("sources", {"type": Path, "nargs": "+"}),
        ("--group", {"default": None, "help": "column of a table whose values stay in one part"}),
        ("--only", {"choices": list(LABELLED)}),
        ("--most", {"type": int, "default": 600, "help": "items that are answered"}),
    )
    results = []
    for source in options.sources:
        items = measure_items(source)
        for task in [options.only] if options.only else [name for name in LABELLED if name in TASKS]:
            group = options.group if options.group in items[0].row and LABELLED[task].grouped else None
            for precision in PRECISIONS:
                found = _compare(items, task, precision, group, options.most)
                results += [{"source": "/".join(source.resolve().parts[-2:]), **one} for one in found]
                for one in results[-len(found) :]:
                    print(_tell(one), flush=True)
    worst: dict[str, float] = {}
    beyond = []
    for one in results:
        worst[one["computed_in"]] = max(worst.get(one["computed_in"], 0.0), one["other_answers"] / one["items"])
        if one["other_answers"] > max(LEAST, FEW[one["computed_in"]] * one["items"]):
            beyond.append({name: one[name] for name in ("source", "task", "asked", "way")})
    measuring.finish(__file__, {"results": results, "worst": worst, "beyond": beyond}, keep=options.keep)


def _tell(found: Mapping[str, Any]) -> str:
    where = ", ".join(found[name] for name in ("source", "modality", "task", "asked", "computed_in", "way"))
    other = f"{found['other_answers']} of {found['items']} other answers, there {found['apart']:.2g} apart at most"
    return f"{where}: {other}; {found['largest']:.2g} anywhere, {found['all_but_few']:.2g} for all but a few"


def _compare(
    items: Sequence[ItemFacts], task: str, precision: str, group: str | None, most: int
) -> list[dict[str, Any]]:
    """Return how each engine answers items, each content once, beside the stored features."""
    with tempfile.TemporaryDirectory() as folder:
        table = write_relabelled(items, task, Path(folder) / "labels.csv")
        settings = {"task": task, **({"group_column": group} if group else {}), **LABELLED[task].settings}
        run = headstart.fit(
            table, out=Path(folder) / "run", precision=precision, strategy="linear-probe", report=False, **settings
        )
        read = read_source(table, options=DataSettings.model_validate(settings))
        samples = _choose(list({sample.digest: sample for sample in read.samples}.values()), run, most)
        classifier = headstart.load(run.folder / "model")
        with Store(locate_store()) as store:
            digests = [sample.digest for sample in samples]
            space, branches = _space(run), classifier.record.branches
            rows = [[store.read(space, digests, layer) for layer in branch.layers] for branch in branches]
        stored = classifier.predict_features([np.concatenate(each, axis=1) for each in rows]).outputs
        return [
            {"task": task, "modality": read.modality, **_describe(classifier, samples, engine, stored, precision)}
            for engine in ("onnxruntime", "openvino")
        ]


def _choose(samples: Sequence[Sample], run: headstart.Run, most: int) -> list[Sample]:
    """Return the test samples first, then those with the smallest digests."""
    split = load_split(run.folder).subsets
    order = sorted(samples, key=lambda sample: (split.get(sample.id) is not Subset.TEST, sample.digest))
    return [sample for sample in order if sample.id in split][:most]


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
        "items": count,
        "other_answers": int(other.sum()),
        "apart": float(apart[other].max(initial=0.0)),
        "largest": float(apart.max()),
        "all_but_few": float(np.quantile(apart, 1 - FEW[computed])),
    }


def _space(run: headstart.Run) -> FeatureSpace:
    layers = tuple((layer["name"], layer["width"]) for layer in run.record["backbone"]["layers"])
    return FeatureSpace(run.record["space"]["fingerprint"], layers)


if __name__ == "__main__":
    main()
