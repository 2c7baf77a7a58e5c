"""Wrong labels that were planted: how many are said to be wrong, and how many of them come first.

    python benchmarks/labels.py ../shared/data [--only trash,digits] [--seeds 5]

All photos of each folder, and scikit-learn's digits, as ``headstart check --labels`` takes them: parts joined,
near-duplicates in one group, heads on the last three layers of lite0 (``late``) or on the first three, so that the
classifier is poor (``early``). Then 0, 0.5, 2 and 5 % of the labels get another class: any other (``random``), or that
which the heads hold for the likeliest other one (``likeliest``; of two classes it is the same).

``told`` counts the seeds in which a number is said at all. Of those, ``over`` counts the estimates above twice the
planted share and a point, ``holds`` the intervals with the planted number inside; real photos have some wrong labels of
their own, which count against it. ``before`` is what was said until now: what stands off the diagonal of the confident
joint of Northcutt, Jiang & Chuang (2021, J. Artif. Intell. Res. 70, 1373-1411, section 3.1), by one head on the last
layer. ``first`` are planted ones among as many first suspects as were planted, by that head and by those of today.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import measuring
from drawn.handwritten import write_scans
from headstart import events
from headstart.data.read import read_source
from headstart.evaluation.label_noise import LabelNoise
from headstart.events import RunLog
from headstart.heads.crossfit import cross_val_predict
from headstart.heads.head import TrainingSet
from headstart.heads.logistic import fit_logistic
from headstart.heads.threads import limit_threads
from headstart.pipeline.backbones import load_backbones
from headstart.pipeline.dataset import prepare_dataset, split_samples
from headstart.selection.budget import Budget
from headstart.selection.context import RunContext
from headstart.settings import FitSettings
from headstart.storage.store import Store
from headstart.tasks.classification.label_issues import diagnose_labels, find_label_issues, make_training_sets

SETS = ("hymenoptera", "cats_vs_dogs", "brain_mri", "trash", "digits")
SHARES, KINDS, FOLDS = (0.005, 0.02, 0.05), ("random", "likeliest"), 5

Chances = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Planted:
    """One set, layers, share and kind; means over the seeds but for counts."""

    photos: int
    planted: int
    accuracy: float  #: of the heads, on labels as planted
    before: float  #: wrong labels, as they were counted
    seeds: int
    told: int  #: seeds in which a number is said
    estimate: float | None  #: of those
    low: float | None  #: least lower end
    high: float | None  #: greatest upper end
    over: int
    holds: int
    first_before: float | None
    first: float | None


def tasks_of(name: str, data: Path, scratch: Path, store: Store) -> dict[str, list[TrainingSet]]:
    """The photos as features of late and of early layers."""
    log, settings = RunLog(events.ignore), FitSettings.load()
    source = write_scans(scratch / "digits") if name == "digits" else data / name
    samples = read_source(source, listener=log)
    context = RunContext(settings, store, Budget(None), log)
    backbones = load_backbones(samples.samples, samples.modality, context, samples)
    dataset = prepare_dataset(samples, backbones, context, split_samples)
    space = dataset.extractions[0].space
    digests = [sample.digest for sample in dataset.samples.samples]
    layers = [layer.name for layer in backbones.first.backbone.layers]
    parts = {"late": layers, "early": layers[:3]}
    return {
        part: make_training_sets(dataset.samples, names, lambda layer: store.read(space, digests, layer), 0)
        for part, names in parts.items()
    }


def plant(
    tasks: Sequence[TrainingSet], share: float, kind: str, chances: Chances, seed: int
) -> tuple[list[TrainingSet], Ints]:
    """The tasks with some labels changed, and which were."""
    random = np.random.default_rng([seed, round(share * 1000), len(kind)])
    labels, classes = tasks[0].targets.copy(), tasks[0].outputs
    rows = random.choice(len(labels), round(share * len(labels)), replace=False)
    if kind == "random":
        labels[rows] = (labels[rows] + random.integers(1, classes, len(rows))) % classes
    else:
        others = chances[rows].copy()
        others[np.arange(len(rows)), labels[rows]] = -1
        labels[rows] = others.argmax(axis=1)
    return [replace(task, targets=labels, seed=seed, disposable=False) for task in tasks], rows


def counted_before(task: TrainingSet) -> tuple[float, list[int]]:
    """Wrong labels by the confident joint, and the suspects' rows, by one head on the last layer."""
    chances = cross_val_predict(task, fit_logistic, FitSettings.load(), None, folds=FOLDS)
    return off_diagonal(task.targets, chances), rows_of(find_label_issues(names(task), task.targets, chances))


def off_diagonal(labels: Ints, chances: Chances) -> float:
    """What the confident joint holds for wrong; each row of it sums to the photos that were given its class."""
    classes = chances.shape[1]
    counts = np.bincount(labels, minlength=classes)
    own = chances[np.arange(len(labels)), labels].astype(np.float64)
    confidence = np.bincount(labels, weights=own, minlength=classes) / np.maximum(counts, 1)
    reached = (chances >= confidence - 1e-6) & (counts > 0)
    sure = reached.any(axis=1)
    joint = np.zeros((classes, classes))
    np.add.at(joint, (labels[sure], np.where(reached, chances, -1).argmax(axis=1)[sure]), 1)
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))
    scaled = joint * (counts / joint.sum(axis=1))[:, None]
    return float(scaled.sum() - np.trace(scaled))


def names(task: TrainingSet) -> list[str]:
    return [str(row) for row in range(len(task.targets))]


def rows_of(found: Sequence[object]) -> list[int]:
    return [int(it.id) for it in found]  # type: ignore[attr-defined]


def measure(tasks: Sequence[TrainingSet], share: float, kind: str, chances: Chances, seeds: int) -> Planted:
    said: list[LabelNoise] = []
    before, accuracy, first_before, first = [], [], [], []
    for seed in range(seeds):
        turned, rows = plant(tasks, share, kind, chances, seed)
        held = diagnose_labels(names(turned[0]), turned, folds=FOLDS)
        count, order = counted_before(turned[0])
        said.append(held.noise)
        before.append(count)
        accuracy.append(held.accuracy)
        first_before.append(len(np.intersect1d(order[: len(rows)], rows)))
        first.append(len(np.intersect1d(rows_of(held.issues)[: len(rows)], rows)))
    n, planted = len(tasks[0].targets), len(rows)
    told = [it for it in said if it.estimate is not None and it.low is not None and it.high is not None]
    return Planted(
        photos=n,
        planted=planted,
        accuracy=round(float(np.mean(accuracy)), 4),
        before=round(float(np.mean(before)), 1),
        seeds=seeds,
        told=len(told),
        estimate=round(float(np.mean([it.estimate for it in told])), 1) if told else None,
        low=min(it.low for it in told) if told else None,
        high=max(it.high for it in told) if told else None,
        over=sum(it.estimate > 2 * planted + 0.01 * n for it in told),
        holds=sum(it.low <= planted <= it.high for it in told),
        first_before=float(np.mean(first_before)) if planted else None,
        first=float(np.mean(first)) if planted else None,
    )


def main() -> None:
    given = measuring.arguments(
        __doc__ or "",
        ("data", {"type": Path, "help": "folder with the sets of photos"}),
        ("--only", {"default": ",".join(SETS)}),
        ("--seeds", {"type": int, "default": 5}),
    )
    result: dict[str, object] = {}
    with (
        tempfile.TemporaryDirectory() as scratch,
        Store(Path(scratch) / "store", events.ignore) as store,
        limit_threads(1),
    ):
        for name in given.only.split(","):
            for part, tasks in tasks_of(name, given.data, Path(scratch), store).items():
                chances = diagnose_labels(names(tasks[0]), tasks, folds=FOLDS).probabilities
                kinds = KINDS if tasks[0].outputs > 2 else KINDS[:1]
                cases = [(0.0, "random", 1), *((share, kind, given.seeds) for share in SHARES for kind in kinds)]
                for share, kind, seeds in cases:
                    found = measure(tasks, share, kind, chances, seeds)
                    result[f"{name}, {part}, {share:.1%} {kind}"] = asdict(found)
                    print(f"{name}, {part}, {share:.1%} {kind}: {found}", flush=True)
    measuring.finish(__file__, result, keep=given.keep)


if __name__ == "__main__":
    main()
