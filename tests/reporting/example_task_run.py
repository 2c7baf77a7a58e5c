"""Made-up runs of several labels and of numbers: nothing was fitted, but their files agree as a real run's do.

The folder of a made-up classifier's run (``example_run``) with targets, answers and scores of another task: photos,
split, duplicates, arms and previews are the same.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.diagnostics.label_review import Doubt, LabelReviewRecord, LabelSuspect
from headstart.diagnostics.score_slices import ScoreSlice, ScoreSlices
from headstart.evaluation.grouping import Targets
from headstart.evaluation.means import estimate_mean
from headstart.runs.predictions import to_plain
from headstart.storage.run_layout import SCHEMA_VERSION
from headstart.tasks.multilabel.evaluation import score_label_sets
from headstart.tasks.regression.evaluation import score_predicted_numbers
from headstart_runtime.tasks.task import TargetSpace
from tests.reporting.example_run import write_example_run

LABELS = ("cat", "dog", '<b>indoor</b> & "lit"', "person", "tree")
NUMBERS = ("weight (g)",)
THIRDS = ("dark", "middle", "light")


def write_label_run(
    folder: Path, names: Sequence[str] = LABELS, test: int = 80, seed: int = 0, *, bare: bool = False, good: float = 2.0
) -> Path:
    """A finished run of several labels; one label is unknown of some photos, one is taken with another too often.

    Args:
        folder: is made.
        names: of the labels.
        test: photos.
        seed: another seed, another run.
        bare: what may be missing is missing: promise, novelty, learning curve, labels that look wrong, slices.
        good: by how much labels are told apart.
    """
    write_example_run(folder, classes=4, test=test, seed=seed, bare=bare, trained=not bare)
    arrays, chance = _read_answers(folder), np.random.default_rng(seed + 1)
    n, k = len(arrays["id"]), len(names)
    there = chance.random((n, k)) < np.linspace(0.6, 0.1, k)
    logits = good * (2 * there - 1) + chance.normal(0, 1.2, (n, k)) - 0.5
    logits[:, 1] += 2.5 * there[:, 0]
    probabilities = (1 / (1 + np.exp(-logits))).astype(np.float32)
    label = there.astype(np.int8)
    label[chance.random(n) < 0.15, k - 1] = -1
    thresholds = np.linspace(0.35, 0.6, k).astype(np.float32)
    outputs = {
        "probabilities": probabilities,
        "uncalibrated": (1 / (1 + np.exp(-2 * logits))).astype(np.float32),
        "labels": probabilities >= thresholds,
        "prediction_set": probabilities >= np.float32(0.2),
    }
    evaluations = {}
    for part in ("validation", "test"):
        rows = arrays["part"] == part
        evaluations[part] = score_label_sets(
            part,
            Targets(label[rows], arrays["group"][rows]),
            outputs["probabilities"][rows],
            names,
            labels=outputs["labels"][rows],
            sets=None if bare else outputs["prediction_set"][rows],
        ).to_json()
    inside = arrays["part"] == "test"
    both = (label == 1) & outputs["labels"]
    either = (label == 1) | (outputs["labels"] & (label >= 0))
    jaccard = np.where(either.any(axis=1), both.sum(axis=1) / np.maximum(either.sum(axis=1), 1), 1.0)
    record: dict[str, Any] = {
        "thresholds": [
            {"threshold": float(value), "rule": "F1", "wanted": None, "n": 30, "shared": place == k - 1}
            for place, value in enumerate(thresholds)
        ],
        "calibration": {"kind": "platt", "held_out": "validation", "n": 60, "tried": {}, "reason": ""},
        "risk": None if bare else {"promised": 0.1, "threshold": 0.2, "n": 60},
    }
    doubts = (Doubt(0, "missing", 0.0, 0.97, 3.5), Doubt(2, "too many", 1.0, 0.04, 3.1))
    suspect = ("dog", "cat;dog", doubts)
    scores = jaccard[inside], ("Jaccard index", True, True)
    _change_task(folder, "multilabel", names, {"form": "several"}, bare=bare)
    _write(folder, arrays, label, outputs, evaluations, record, suspect, scores, bare=bare)
    return folder


def write_number_run(
    folder: Path,
    names: Sequence[str] = NUMBERS,
    test: int = 80,
    seed: int = 0,
    *,
    bare: bool = False,
    noise: float = 6.0,
) -> Path:
    """A finished run of numbers, with intervals; of several, the last is unknown of some photos.

    Args:
        folder: is made.
        names: of the numbers, with their units.
        test: photos.
        seed: another seed, another run.
        bare: what may be missing is missing.
        noise: standard deviation of the errors.
    """
    write_example_run(folder, classes=4, test=test, seed=seed, bare=bare, trained=not bare)
    arrays, chance = _read_answers(folder), np.random.default_rng(seed + 1)
    n, k = len(arrays["id"]), len(names)
    true = np.round(chance.gamma(4.0, 12.0, (n, k)), 1) * 10.0 ** np.arange(k)
    value = (0.9 * true + 0.1 * true.mean(axis=0) + chance.normal(0, noise, (n, k)) * 10.0 ** np.arange(k)).astype(
        np.float32
    )
    if k > 1:
        true[chance.random(n) < 0.2, k - 1] = np.nan
    half = (1.7 * noise * 10.0 ** np.arange(k) * (0.7 + 0.3 * value / value.mean(axis=0))).astype(np.float32)
    outputs = {"value": value} if bare else {"value": value, "interval": np.stack([value - half, value + half], axis=2)}
    units = [name.partition("(")[2].rstrip(")") for name in names]
    facts = {
        "form": "columns",
        "units": units,
        "median": [45.0] * k,
        "low": [1.0] * k,
        "high": [150.0 * 10**p for p in range(k)],
    }
    space, evaluations = TargetSpace("regression", tuple(names), facts), {}
    for part in ("validation", "test"):
        rows = arrays["part"] == part
        intervals = outputs["interval"][rows] if "interval" in outputs else None
        targets = Targets(true[rows], arrays["group"][rows])
        evaluations[part] = score_predicted_numbers(part, targets, value[rows], space, intervals).to_json()
    inside = arrays["part"] == "test"
    record = {
        "baseline": [45.0] * k,
        "intervals": None if bare else {"kind": "split", "coverage": 0.9, "held_out": "validation", "n": 60},
    }
    suspect = ("450", "45", (Doubt(0, "decimal point", 450.0, 46.2, 22.0),))
    scores = np.nanmean(np.abs(value - true)[inside], axis=1), ("absolute error", False, False)
    _change_task(folder, "regression", names, facts, bare=bare)
    _write(folder, arrays, true, outputs, evaluations, record, suspect, scores, bare=bare)
    return folder


def _read_answers(folder: Path) -> dict[str, NDArray[Any]]:
    with np.load(folder / "predictions.npz") as found:
        return dict(found)


def _change_task(folder: Path, task: str, names: Sequence[str], facts: dict[str, Any], *, bare: bool) -> None:
    """Make run.json and comparison.json those of a task; of numbers the scores of arms are errors."""
    run, comparison = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("run", "comparison"))
    run |= {"task": task, "classes": list(names), "target_facts": facts, "advice": None}
    if task == "regression":
        for arm in run["arms"]:
            for point in arm["depth"]:
                point |= {
                    key: None if point[key] is None else _as_error(point[key]) for key in ("score", "validation_score")
                }
            for epoch in arm["curves"]:
                epoch |= {key: _as_error(epoch[key]) for key in ("train_score", "validation_score")}
        for row in comparison["arms"]:
            low, high = row["validation_high"], row["validation_low"]
            row |= {"validation_low": low, "validation_high": high}
            keys = ("train_score", "validation_score", "validation_low", "validation_high", "test_score")
            row |= {key: None if row[key] is None else _as_error(row[key]) for key in keys}
    for name, record in (("run", run), ("comparison", comparison)):
        (folder / f"{name}.json").write_text(json.dumps(record), "utf-8")


def _as_error(share: float) -> float:
    return 30.0 * (1.05 - share)


def _write(
    folder: Path,
    arrays: dict[str, NDArray[Any]],
    label: NDArray[Any],
    outputs: dict[str, NDArray[Any]],
    evaluations: dict[str, Any],
    record: dict[str, Any],
    suspect: tuple[str, str, tuple[Doubt, ...]],
    scored: tuple[NDArray[np.float64], tuple[str, bool, bool]],
    *,
    bare: bool,
) -> None:
    """Write predictions.npz, evaluation.json and trust.json."""
    kept = {name: arrays[name] for name in ("id", "part", "group", "novelty", "out_of_distribution")}
    np.savez(folder / "predictions.npz", label=label, **kept, **outputs)
    (folder / "evaluation.json").write_text(
        json.dumps({"schema_version": SCHEMA_VERSION, "parts": evaluations}), "utf-8"
    )
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    known = dict(zip(arrays["id"].tolist(), to_plain(label), strict=True))
    shown = list(known)[:9]
    review = LabelReviewRecord(
        summary="about 3 of 240 labels are wrong by estimate; 9 are worth a second look",
        noise=None,
        corrected_in_test=0,
        untouched=None,
        issues=tuple(LabelSuspect(id_, suspect[0], suspect[1], 0.03, 0.97, suspect[2]) for id_ in shown),
    )
    if trust["learning_curve"]:
        trust["learning_curve"]["gains"] = []
    trust["leaks"]["scores"] = None
    for name in ("labels", "slices", "shortcuts", "calibration", "prediction_sets"):
        del trust[name]
    trust |= {
        "classes_of": {id_: known.get(id_, next(iter(known.values()))) for id_ in trust["classes_of"]},
        "strata": {
            "noun": "stratum",
            "names": ["first", "second"],
            "train": [150, 90],
            "validation": [40, 20],
            "test": [50, 30],
        },
        **record,
    }
    if not bare:
        slices = _cut_thirds(*scored)
        trust |= {"labels": asdict(review), "slices": asdict(slices)}
    (folder / "trust.json").write_text(json.dumps(to_plain(trust), allow_nan=False), "utf-8")


def _cut_thirds(scores: NDArray[np.float64], measure: tuple[str, bool, bool]) -> ScoreSlices:
    """By a brightness that is drawn so that the dark third is answered worst."""
    name, share, greater = measure
    order = np.argsort(scores if greater else -scores, kind="stable")
    found = []
    for value, rows in zip(THIRDS, np.array_split(order, 3), strict=True):
        mean = estimate_mean(scores[rows], rows)
        assert mean is not None
        p = 0.01 if value == "dark" else 1.0
        found.append(ScoreSlice("brightness", value, mean.n, mean.score, mean.low, mean.high, p, p, value == "dark"))
    return ScoreSlices(len(scores), float(scores.mean()), name, share, greater, tuple(found), found[0], 10)
