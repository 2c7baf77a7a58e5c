"""The gain of ways of answering that cost more: a photo and its mirror image, ``lda`` in ``auto``, ensembles.

    python benchmarks/arms.py                    # the four collections in ../shared/data
    python benchmarks/arms.py PHOTOS ... [--splits 10] [--backbones efficientnet_lite0,efficientnet_lite1]

For each collection the photos are split anew with each seed, near-duplicates kept together, whatever subsets they came
with. Heads are chosen on train (and, where several are compared, on validation), fitted once more on train and
validation, and scored on test:

* ``mirrored``: a logistic head on the last layer of the first backbone answers the photo and its mirror image, and the
  mean counts, against the same head on the photo alone. Each prediction takes two forward passes.
* ``auto with lda``: the winner among the probes with the heads logistic, lda and ridge and the intermediate probe,
  against the winner among the same without lda; and likewise without the intermediate probe. All cost the same to run.
* ``average``, ``vote`` and ``greedy`` (Caruana et al. 2004, Ensemble selection from libraries of models): all probes
  together, against the one that a fit would take; ``greedy`` against ``average`` too. ``on several backbones``: with
  the probes on each of them, against the winner among all of these.

Log loss is given as predicted, and calibrated by what ``choose_calibration`` chooses on validation. Differences are
paired by split, with their standard error over all splits of all collections; splits of one collection share photos,
so the true one is larger. The last line is one JSON object.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import measuring
from headstart import events
from headstart.data.groups import encode_groups
from headstart.data.read import read_source
from headstart.data.samples import Sample, Samples, Subset
from headstart.data.split import make_split
from headstart.evaluation.metrics import SMALLEST, log_loss
from headstart.events import RunLog
from headstart.extraction.extract import load_batch
from headstart.heads.threads import limit_threads
from headstart.pipeline.backbones import LoadedBackbone, load_backbones
from headstart.pipeline.dataset import PreparedDataset, prepare_dataset
from headstart.selection.arm import Arm, refit_model
from headstart.selection.arm_specs import requested_arms
from headstart.selection.budget import Budget
from headstart.selection.compare import compare_arms
from headstart.selection.context import DatasetContext, FitContext, RunContext
from headstart.selection.feature_table import FeatureSource
from headstart.selection.rule import choose_winner
from headstart.settings import FitSettings, locate_store
from headstart.storage.store import Store
from headstart.tasks.classification.calibration_choice import choose_calibration
from headstart_runtime.tasks.classification.combination import combine_members

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
COLLECTIONS = ("brain_mri", "cats_vs_dogs", "hymenoptera", "trash")
BACKBONES = "efficientnet_lite0,efficientnet_lite1"
SOLVED = ("logistic", "lda", "ridge")
SCORES = ("accuracy", "log_loss", "calibrated_log_loss")
#: name -> (with, without)
COMPARISONS = {
    "mirrored": ("mirrored", "probe"),
    "auto with lda": ("auto of three", "auto of two"),
    "auto with lda on the last layer": ("last layer of three", "last layer of two"),
    "average": ("average", "auto of two"),
    "vote": ("vote", "auto of two"),
    "greedy": ("greedy", "auto of two"),
    "greedy against average": ("greedy", "average"),
    "average on several backbones": ("average of all", "winner of all"),
    "vote on several backbones": ("vote of all", "winner of all"),
    "greedy on several backbones": ("greedy of all", "winner of all"),
    "greedy against average on several backbones": ("greedy of all", "average of all"),
}

Probabilities = NDArray[np.float32]
Scores = dict[str, float]


@dataclass(frozen=True)
class Way:
    """A way to answer, fitted on train for validation and on both for test."""

    validation: Probabilities  #: (validation photos, C)
    test: Probabilities  #: (test photos, C)
    held_out_loss: float = 0.0  #: of a probe: cross-validated over train and validation, nats
    cost_class: str = ""  #: of a probe: those of one class cost the same


def select_members(stack: NDArray[np.floating], labels: NDArray[np.int64], rounds: int = 50) -> NDArray[np.float64]:
    """Return weights (K,) of members of a stack (K, N, C): selection with replacement, sorted initialisation."""
    own = stack[:, np.arange(len(labels)), labels].astype(np.float64)

    def lose(sums: NDArray[np.float64], members: int) -> NDArray[np.float64]:
        return np.asarray(-np.log(np.clip(sums / members, SMALLEST, 1)).mean(axis=-1))

    order = np.argsort(lose(own, 1), kind="stable")
    starts = [np.isin(np.arange(len(own)), order[:size]).astype(int) for size in range(1, len(own) + 1)]
    counts = min(starts, key=lambda start: float(lose(start @ own, start.sum())))
    best, lowest = counts, float(lose(counts @ own, counts.sum()))
    for _ in range(rounds):
        losses = lose(counts @ own + own, counts.sum() + 1)
        counts = counts + (np.arange(len(own)) == losses.argmin())
        if losses.min() < lowest - 1e-9:
            best, lowest = counts, float(losses.min())
    return np.asarray(best / best.sum())


def mirror_features(samples: Sequence[Sample], network: LoadedBackbone) -> dict[str, NDArray[np.float32]]:
    """Return the last layer's features (D,) of each photo mirrored left to right, by digest."""
    backbone, engine = network.backbone, network.chosen.engine
    found: dict[str, NDArray[np.float32]] = {}
    unique = list({sample.digest: sample for sample in samples}.values())
    for start in range(0, len(unique), engine.batch):
        chunk = unique[start : start + engine.batch]
        pixels = load_batch(chunk, backbone.spec, len(chunk))["pixels"]
        rows = engine.forward({"pixels": np.ascontiguousarray(pixels[:, :, ::-1])})[backbone.layers[-1].name]
        found |= {sample.digest: row for sample, row in zip(chunk, rows, strict=True)}
    return found


def make_probes(context: FitContext) -> dict[str, Arm]:
    """Return the linear probe with each solved head, and the intermediate probe with a logistic one."""
    arms = {}
    for head in SOLVED:
        settings = context.settings.model_copy(update={"head": head, "arms": "linear-probe"})
        own = replace(context, settings=settings)
        arms[head] = compare_arms(own, [own], requested_arms(settings)).winner
    settings = context.settings.model_copy(update={"head": "logistic", "arms": "intermediate-probe"})
    own = replace(context, settings=settings)
    arms["intermediate"] = compare_arms(own, [own], requested_arms(settings)).winner
    return {f"{name} on {context.backbone.name}": arm for name, arm in arms.items()}


def answer(context: FitContext, arm: Arm, mirrored: Mapping[str, NDArray[np.float32]] | None = None) -> Way:
    """Return a probe's answers; with mirrored features the mean of those to the photo and to its mirror image."""
    test, refitted = context.samples_in(Subset.TEST), refit_model(context, arm)
    plain = Way(arm.outputs, context.predict_raw(refitted, test), arm.held_out_loss or 0.0, arm.cost_class or "")
    if mirrored is None:
        return plain
    validation = context.samples_in(Subset.VALIDATION)
    flipped = [
        model.predict_raw([np.stack([mirrored[sample.digest] for sample in samples])])
        for model, samples in ((arm.model, validation), (refitted, test))
    ]
    return Way((plain.validation + flipped[0]) / 2, (plain.test + flipped[1]) / 2)


def combine(members: Sequence[Way], validation: NDArray[np.int64], how: str) -> Way:
    """Return an ensemble: ``average``, ``vote``, or ``greedy``, whose weights are chosen on validation."""
    weights = [1 / len(members)] * len(members)
    if how == "greedy":
        weights = select_members(np.stack([way.validation for way in members]), validation).tolist()
    method = "vote" if how == "vote" else "mean"
    return Way(
        combine_members([way.validation for way in members], weights, method),
        combine_members([way.test for way in members], weights, method),
    )


def choose(context: DatasetContext, ways: Mapping[str, Way]) -> Way:
    """Return the probe that a fit takes of these, cheap to dear."""
    equal: dict[str, dict[str, float]] = {}
    for name, way in ways.items():
        equal.setdefault(way.cost_class, {})[name] = way.held_out_loss
    several = [losses for losses in equal.values() if len(losses) > 1]
    answers = {name: way.validation for name, way in ways.items()}
    baseline, seed = next(iter(ways)), context.settings.seed
    targets, task, noun = context.targets(Subset.VALIDATION), context.task, context.samples.noun
    return ways[choose_winner(targets, answers, baseline, seed, several, task=task, noun=noun).winner]


def last_layer(ways: Mapping[str, Way]) -> dict[str, Way]:
    """Return the probes on the last layer."""
    return {name: way for name, way in ways.items() if not name.startswith("intermediate ")}


def score(context: DatasetContext, way: Way) -> Scores:
    """Return accuracy and log loss on test, and log loss after calibration on validation."""
    labels, known = context.target_values(Subset.TEST), context.target_values(Subset.VALIDATION)
    groups = encode_groups(context.samples_in(Subset.VALIDATION))
    calibration = choose_calibration(known, way.validation, groups, seed=context.settings.seed).calibration
    return {
        "accuracy": float((way.test.argmax(axis=1) == labels).mean()),
        "log_loss": log_loss(labels, way.test),
        "calibrated_log_loss": log_loss(labels, calibration.apply(way.test)),
    }


def one_split(
    dataset: DatasetContext, networks: Sequence[LoadedBackbone], mirrored: Mapping[str, NDArray[np.float32]]
) -> dict[str, Scores]:
    """Return the test scores of each way on one split."""
    contexts = [
        dataset.with_backbone(network.backbone, network.chosen.engine, network.parity_samples) for network in networks
    ]
    probes = [make_probes(context) for context in contexts]
    answers = [
        {name: answer(context, arm) for name, arm in arms.items()}
        for context, arms in zip(contexts, probes, strict=True)
    ]
    first = next(iter(answers[0]))
    validation = dataset.target_values(Subset.VALIDATION)
    three = answers[0]
    two = {name: way for name, way in three.items() if not name.startswith("lda ")}
    every = {name: way for ways in answers for name, way in ways.items() if not name.startswith("lda ")}
    ways = {
        "probe": three[first],
        "mirrored": answer(contexts[0], probes[0][first], mirrored),
        "auto of three": choose(dataset, three),
        "auto of two": choose(dataset, two),
        "last layer of three": choose(dataset, last_layer(three)),
        "last layer of two": choose(dataset, last_layer(two)),
        "winner of all": choose(dataset, every),
    }
    for how in ("average", "vote", "greedy"):
        ways[how] = combine(list(two.values()), validation, how)
        ways[f"{how} of all"] = combine(list(every.values()), validation, how)
    return {name: score(dataset, way) for name, way in ways.items()}


def prepare(folder: Path, context: RunContext) -> tuple[PreparedDataset, list[LoadedBackbone]]:
    """Return the photos of a folder, in no subset yet, and the backbones that their features are of."""
    samples = read_source(folder)
    samples = replace(samples, samples=tuple(replace(sample, subset=None) for sample in samples.samples))
    backbones = load_backbones(samples.samples, samples.modality, context, samples)
    return prepare_dataset(samples, backbones, context), list(backbones.all)


def one_collection(folder: Path, store: Store, settings: FitSettings, splits: int) -> list[dict[str, Scores]]:
    """Return the test scores of each way on each split of a collection."""
    run = RunContext(settings, store, Budget(None), RunLog(events.ignore))
    photos, networks = prepare(folder, run)
    samples: Samples = photos.samples
    mirrored = mirror_features(samples.samples, networks[0])
    found = []
    for seed in range(splits):
        own = settings.model_copy(update={"seed": seed})
        split = make_split(samples, seed=seed, test_share=own.test_share, validation_share=own.validation_share)
        dataset = DatasetContext(
            settings=own,
            store=store,
            budget=Budget(None),
            log=RunLog(events.ignore),
            samples=samples,
            split=split,
            folder=Path("unused"),
            features=FeatureSource(store, samples.samples),
        )
        found.append(one_split(dataset, networks, mirrored))
    return found


def compare(splits: Sequence[dict[str, Scores]], tried: str, usual: str) -> dict[str, float]:
    """Return what a way gains over another: means, and the paired differences with their standard error."""
    found: dict[str, float] = {}
    for name in SCORES:
        ours, theirs = (np.array([split[way][name] for split in splits]) for way in (tried, usual))
        difference = ours - theirs
        found |= {f"{name}_without": theirs.mean(), f"{name}_with": ours.mean(), f"{name}_gain": difference.mean()}
        if len(splits) > 1:
            found[f"{name}_standard_error"] = difference.std(ddof=1) / np.sqrt(len(splits))
        if name != "accuracy":
            found[f"{name}_ratio"] = float(
                np.exp(np.log(np.maximum(ours, SMALLEST) / np.maximum(theirs, SMALLEST)).mean())
            )
    return {name: round(float(value), 5) for name, value in found.items()}


def brief(found: Mapping[str, float]) -> dict[str, float]:
    """Return what a way gains, for a collection of several."""
    return {name: value for name, value in found.items() if name == "accuracy_gain" or name.endswith("_ratio")}


def main() -> None:
    """Run the benchmark."""
    given = measuring.arguments(
        __doc__ or "",
        ("photos", {"nargs": "*", "type": Path}),
        ("--splits", {"type": int, "default": 10}),
        ("--backbones", {"default": BACKBONES}),
    )
    settings = FitSettings.load(backbone=given.backbones)
    splits: dict[str, list[dict[str, Scores]]] = {}
    with Store(locate_store()) as store:
        for folder in given.photos or [DATA / name for name in COLLECTIONS]:
            with limit_threads(0):
                splits[folder.name] = one_collection(folder, store, settings, given.splits)
            for name, pair in COMPARISONS.items():
                print(f"{folder.name}, {name}: {compare(splits[folder.name], *pair)}", flush=True)
    together = [split for ones in splits.values() for split in ones]
    result = {
        "splits": given.splits,
        "all": {name: compare(together, *pair) for name, pair in COMPARISONS.items()},
        "results": {
            folder: {name: brief(compare(ones, *pair)) for name, pair in COMPARISONS.items()}
            for folder, ones in splits.items()
        },
    }
    measuring.finish(__file__, result, keep=given.keep)


if __name__ == "__main__":
    main()
