"""The gain of taking, of probes that cost the same, the one with the lower cross-validated log loss.

    python benchmarks/choosing.py                    # the four collections in ../shared/data
    python benchmarks/choosing.py PHOTOS ... [--splits 10]

For each collection and split the probes on lite0 are made as by ``fit``, near-duplicates kept together, and a winner is
chosen twice: by the rule that a cost-free improvement had to exceed a standard error on validation (before), and by the
cross-validated log loss over train and validation (now). Both winners are fitted once more on train and validation and
scored on test. Printed are the means over the splits, and the difference, now less before, with its standard error over
the splits; these share photos, so the true one is larger. Where the collection has a test part of its own, only train
and validation differ. The last line is one JSON object.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import measuring
from headstart import events
from headstart.data.read import read_source
from headstart.data.samples import Subset
from headstart.data.split import make_split
from headstart.evaluation.metrics import log_loss
from headstart.events import RunLog
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

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
COLLECTIONS = ("brain_mri", "cats_vs_dogs", "hymenoptera", "trash")


@dataclass(frozen=True)
class Scored:
    """A winner on the test part of one split."""

    arm: str
    accuracy: float
    log_loss: float


@dataclass(frozen=True)
class Both:
    """One split."""

    before: Scored
    now: Scored
    seconds: float  #: CPU seconds of making the probes and choosing


def one_split(photos: PreparedDataset, network: LoadedBackbone, store: Store, settings: FitSettings) -> Both:
    """Return both winners of one split."""
    split = make_split(
        photos.samples, seed=settings.seed, test_share=settings.test_share, validation_share=settings.validation_share
    )
    dataset = DatasetContext(
        settings=settings,
        store=store,
        budget=Budget(None),
        log=RunLog(events.ignore),
        samples=photos.samples,
        split=split,
        folder=Path("unused"),
        features=FeatureSource(store, photos.samples.samples),
    )
    context = dataset.with_backbone(network.backbone, network.chosen.engine, network.parity_samples)
    began = time.process_time()
    found = compare_arms(dataset, [context], requested_arms(settings))
    took = time.process_time() - began
    answers = {arm.name: arm.outputs for arm in found.arms}
    targets, task, noun = context.targets(Subset.VALIDATION), context.task, context.samples.noun
    former = choose_winner(targets, answers, "linear-probe", settings.seed, task=task, noun=noun).winner
    arms = {arm.name: arm for arm in found.arms}
    return Both(score(context, arms[former]), score(context, found.winner), took)


def score(context: FitContext, arm: Arm) -> Scored:
    """Return the test score of an arm as it would be saved."""
    labels = context.target_values(Subset.TEST)
    probabilities = context.predict_raw(refit_model(context, arm), context.samples_in(Subset.TEST))
    return Scored(arm.name, float((probabilities.argmax(axis=1) == labels).mean()), log_loss(labels, probabilities))


def summarise(splits: list[Both]) -> dict[str, object]:
    """Return the means over the splits, and the difference with its standard error."""
    found: dict[str, object] = {}
    for score in ("accuracy", "log_loss"):
        before, now = (np.array([getattr(getattr(it, way), score) for it in splits]) for way in ("before", "now"))
        error = (now - before).std(ddof=1) / np.sqrt(len(splits)) if len(splits) > 1 else 0.0
        found[score] = {
            "before": round(float(before.mean()), 4),
            "now": round(float(now.mean()), 4),
            "difference": round(float((now - before).mean()), 4),
            "standard_error": round(float(error), 4),
        }
    found["intermediate_probe_wins"] = {
        way: sum(getattr(it, way).arm == "intermediate-probe" for it in splits) for way in ("before", "now")
    }
    found["cpu_seconds"] = round(float(np.mean([it.seconds for it in splits])), 3)
    return found


def main() -> None:
    """Run the benchmark."""
    given = measuring.arguments(
        __doc__ or "", ("photos", {"nargs": "*", "type": Path}), ("--splits", {"type": int, "default": 10})
    )
    results = {}
    settings, log = FitSettings.load(), RunLog(events.ignore)
    with Store(locate_store()) as store:
        for folder in given.photos or [DATA / name for name in COLLECTIONS]:
            samples = read_source(folder)
            context = RunContext(settings, store, Budget(None), log)
            backbones = load_backbones(samples.samples, samples.modality, context, samples)
            photos, network = prepare_dataset(samples, backbones, context), backbones.first
            with limit_threads(len(samples) * backbones.width):
                splits = [
                    one_split(photos, network, store, settings.model_copy(update={"seed": seed}))
                    for seed in range(given.splits)
                ]
            results[folder.name] = summarise(splits)
            print(f"{folder.name}: {results[folder.name]}", flush=True)
    mean = {
        score: {
            way: round(float(np.mean([it[score][way] for it in results.values()])), 4)  # type: ignore[index]
            for way in ("before", "now", "difference")
        }
        for score in ("accuracy", "log_loss")
    }
    measuring.finish(__file__, {"splits": given.splits, "results": results, "mean": mean}, keep=given.keep)


if __name__ == "__main__":
    main()
