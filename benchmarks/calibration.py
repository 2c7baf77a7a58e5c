"""What calibration and prediction sets are worth on real photos, and which photos they should be fitted on.

    python benchmarks/calibration.py                    # the four collections in ../shared/data
    python benchmarks/calibration.py PHOTOS ... [--splits 20] [--coverage 0.9]

For each collection and each of twenty splits a logistic head is fitted on lite0's last layer, and calibrated three
ways:

* validation: fitted on train, calibrated on validation;
* refitted: the same calibration, of a head fitted on train and validation;
* cross-validated: that head, calibrated on train and validation, each photo by a head that was not fitted on it.

All are judged on test: expected calibration error (ECE) and log loss before and after, log loss by kind of calibration,
how often 90 % prediction sets hold the true class, and how many classes they have; means over the splits, and for
coverage the 95 % interval of that mean, by splits, and in how many splits the split's own interval, by groups, holds
what was wanted. Near-duplicates are one group, as in a fit. Sets have their threshold from cross-fitted calibrations;
``coverage_fitted`` is what they held were it from the calibration itself, on the photos that it was fitted on. ``auto``
is what ``choose_calibration`` chooses. Where the collection has a test part of its own, only train and validation
differ. The last line is one JSON object.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import measuring
from headstart import events
from headstart.data.groups import encode_groups, merge_groups
from headstart.data.read import read_source
from headstart.data.samples import Samples, Subset
from headstart.data.split import make_split
from headstart.diagnostics.near_duplicates.search import find_near_duplicates
from headstart.evaluation.coverage import Coverage, measure_coverage
from headstart.evaluation.metrics import log_loss
from headstart.evaluation.reliability import measure_reliability
from headstart.events import RunLog
from headstart.extraction.extract import extract
from headstart.heads.catalog import HEADS, fit_head
from headstart.heads.crossfit import cross_val_predict
from headstart.heads.head import TrainingSet
from headstart.modalities.image.stats import read_stats
from headstart.pipeline.backbones import load_backbones
from headstart.selection.budget import Budget
from headstart.selection.context import RunContext
from headstart.settings import FitSettings, HeadSettings, locate_store
from headstart.storage.store import Store
from headstart.tasks.classification.calibration_choice import choose_calibration
from headstart.tasks.classification.calibration_fits import FITS
from headstart.tasks.classification.conformal_fit import fit_conformal
from headstart_runtime.linalg import softmax
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.classification.calibration import CalibrationKind
from headstart_runtime.tasks.classification.conformal import ConformalKind

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
KINDS: tuple[CalibrationKind, ...] = tuple(FITS)
COLLECTIONS = ("brain_mri", "cats_vs_dogs", "hymenoptera", "trash")
WAYS = ("validation", "refitted", "cross-validated")
SETS: tuple[ConformalKind, ...] = ("lac",)


@dataclass(frozen=True)
class Judged:
    """One way to calibrate, on the test part of one split."""

    accuracy: float
    ece_before: float
    ece_after: float
    log_loss_before: float
    log_loss_after: float
    log_loss_by_kind: dict[str, float]  #: every kind as if it had been asked for, and auto
    chosen: str
    held_out: int  #: photos that it was calibrated on
    coverage: dict[str, float]  #: by kind of prediction set
    coverage_holds: dict[str, bool]  #: whether the 95 % interval of that, by groups, holds what was wanted
    coverage_fitted: dict[str, float]  #: with the threshold from photos that the calibration was fitted on
    size: dict[str, float]  #: mean number of classes in a set
    seconds: float  #: of choosing and fitting the calibration


def judge(
    held_out: tuple[np.ndarray, np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray, np.ndarray],
    coverage: float,
    seed: int,
) -> Judged:
    """Calibrates on (labels, probabilities, groups), judges on others like these."""
    labels, said, groups = test
    found = [choose_calibration(*held_out, seed=seed)]
    seconds = measuring.seconds(lambda: found.append(choose_calibration(*held_out, seed=seed)))
    calibration = found[0].calibration
    after = calibration.apply(said)
    by_kind = {
        kind: log_loss(labels, choose_calibration(*held_out, kind=kind, seed=seed).calibration.apply(said))
        for kind in (*KINDS, "auto")
    }

    def judged(known: np.ndarray) -> dict[str, Coverage]:
        made = {kind: fit_conformal(held_out[0], known, coverage=coverage) for kind in SETS}
        return {kind: measure_coverage(sets.predict(after), labels, groups=groups) for kind, sets in made.items()}

    sets, fitted = judged(found[0].cross_fitted), judged(calibration.apply(held_out[1]))
    before = measure_reliability(labels, said)
    return Judged(
        accuracy=float((after.argmax(axis=1) == labels).mean()),
        ece_before=before.ece,
        ece_after=measure_reliability(labels, after).ece,
        log_loss_before=before.log_loss,
        log_loss_after=log_loss(labels, after),
        log_loss_by_kind=by_kind,
        chosen=calibration.kind,
        held_out=len(held_out[0]),
        coverage={kind: it.coverage for kind, it in sets.items()},
        coverage_holds={kind: it.low <= coverage <= it.high for kind, it in sets.items()},
        coverage_fitted={kind: it.coverage for kind, it in fitted.items()},
        size={kind: it.mean_size for kind, it in sets.items()},
        seconds=seconds,
    )


def one_split(samples: Samples, features: np.ndarray, seed: int, coverage: float) -> dict[str, Judged]:
    """The three ways on one split; features (N, D) in the order of the samples."""
    split = make_split(samples, seed=seed, test_share=0.2, validation_share=0.15)
    parts = np.array([split.subsets[sample.id].value for sample in samples.samples])
    labels = np.array([sample.target for sample in samples.samples], np.int64)
    groups = encode_groups(samples.samples)

    def task(rows: np.ndarray) -> TrainingSet:
        return TrainingSet(features[rows], labels[rows], len(samples.classes), groups[rows], balanced=False, seed=seed)

    settings = HeadSettings()
    train, validation, test = (parts == part.value for part in (Subset.TRAIN, Subset.VALIDATION, Subset.TEST))
    first = fit_head("logistic", task(train), settings)
    whole = fit_head("logistic", task(~test), settings, first.chosen)
    crossed = cross_val_predict(task(~test), HEADS["logistic"], settings, first.chosen, folds=settings.folds)
    on_validation = labels[validation], softmax(first.head.logits(features[validation])), groups[validation]
    by_first = labels[test], softmax(first.head.logits(features[test])), groups[test]
    by_whole = labels[test], softmax(whole.head.logits(features[test])), groups[test]
    return {
        "validation": judge(on_validation, by_first, coverage, seed),
        "refitted": judge(on_validation, by_whole, coverage, seed),
        "cross-validated": judge((labels[~test], crossed, groups[~test]), by_whole, coverage, seed),
    }


def mean(judged: Sequence[Judged]) -> dict[str, object]:
    """All numbers averaged over the splits; of coverage the smallest and largest too."""
    rows = [asdict(it) for it in judged]
    averaged: dict[str, object] = {}
    for name, value in rows[0].items():
        if isinstance(value, dict):
            averaged[name] = {key: round(float(np.mean([row[name][key] for row in rows])), 4) for key in value}
        elif name == "chosen":
            averaged[name] = dict(Counter(row[name] for row in rows))
        else:
            averaged[name] = round(float(np.mean([row[name] for row in rows])), 4)
    spread = {kind: np.array([row["coverage"][kind] for row in rows]) for kind in SETS}
    averaged["coverage_range"] = {kind: [round(min(it), 4), round(max(it), 4)] for kind, it in spread.items()}
    around = {kind: 1.96 * it.std(ddof=1) / len(it) ** 0.5 for kind, it in spread.items()} if len(rows) > 1 else {}
    averaged["coverage_interval"] = {
        kind: [round(float(spread[kind].mean() + sign * half), 4) for sign in (-1, 1)] for kind, half in around.items()
    }
    return averaged


def features_of(folder: Path, store: Store) -> tuple[Samples, np.ndarray]:
    """The photos of a folder that decode, near-duplicates in one group, and lite0's last layer for each."""
    samples = read_source(folder, strict=False)
    context = RunContext(FitSettings.load(), store, Budget(None), RunLog(events.ignore))
    network = load_backbones(samples.samples, samples.modality, context, samples).first
    done = extract(samples.samples, network.backbone, network.chosen.engine, store)
    broken = {digest for digest, finding in done.issues.items() if finding.broken}
    sound = replace(samples, samples=tuple(it for it in samples.samples if it.digest not in broken))
    digests = [sample.digest for sample in sound.samples]
    features = np.asarray(store.read(done.space, digests, network.backbone.layers[-1].name), np.float32)
    stats = read_stats(store, network.backbone.spec, digests)
    found = find_near_duplicates(sound.samples, features, stats, get_modality(samples.modality))
    return merge_groups(sound, [(it.first, it.second) for it in found.pairs]), features


def told(name: str, way: str, it: dict[str, object]) -> str:
    """A line for a person."""
    return (
        f"{name}, {way}: ECE {it['ece_before']:.4f} -> {it['ece_after']:.4f}, log loss {it['log_loss_before']:.4f} -> "
        f"{it['log_loss_after']:.4f} {it['log_loss_by_kind']}, chosen {it['chosen']}, coverage {it['coverage']}, "
        f"classes in a set {it['size']}, {it['seconds']:.3f} s"
    )


def main() -> None:
    """Runs the benchmark."""
    given = measuring.arguments(
        __doc__ or "",
        ("photos", {"nargs": "*", "type": Path}),
        ("--splits", {"type": int, "default": 20}),
        ("--coverage", {"type": float, "default": 0.9}),
    )
    results: dict[str, dict[str, Any]] = {}
    with Store(locate_store()) as store:
        for folder in given.photos or [DATA / name for name in COLLECTIONS]:
            samples, features = features_of(folder, store)
            splits = [one_split(samples, features, seed, given.coverage) for seed in range(given.splits)]
            ways = {way: mean([split[way] for split in splits]) for way in splits[0]}
            results[folder.name] = {"photos": len(samples), "classes": len(samples.classes), **ways}
            for way, averaged in ways.items():
                print(told(folder.name, way, averaged), flush=True)
    kinds = (*KINDS, "auto")
    means = {
        way: {
            kind: round(float(np.mean([it[way]["log_loss_by_kind"][kind] for it in results.values()])), 4)
            for kind in kinds
        }
        for way in WAYS
    }
    result = {"splits": given.splits, "coverage_wanted": given.coverage, "mean_log_loss": means, "results": results}
    measuring.finish(__file__, result, keep=given.keep)


if __name__ == "__main__":
    main()
