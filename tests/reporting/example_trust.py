"""``trust.json`` of a made-up run."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.coverage import measure_coverage
from headstart.evaluation.intervals import wilson_interval
from headstart.evaluation.reliability import measure_reliability
from headstart.storage.run_layout import SCHEMA_VERSION

if TYPE_CHECKING:
    from tests.reporting.example_run import ExampleRun

SHOWN = 12  #: test photos that are shown in detail


_GROUPS = {
    "what": "a part of the name (such as 'anna' in 'anna_3')",
    "flag": "--group-pattern '^([^_]+)'",
    "groups": 12,
    "rows": 320,
    "shared": 0.97,
    "random": 0.91,
    "grouped": 0.84,
    "error": 0.012,
}


def make_trust(drawn: "ExampleRun", chance: np.random.Generator, *, given: bool, bare: bool) -> dict[str, Any]:
    """As a fit writes it; scores come from the drawn predictions."""
    test = drawn.where("test")
    labels, said = drawn.labels[test], drawn.calibrated[drawn.rows("test")]
    right = said.argmax(axis=1) == labels
    balanced = float(np.mean([right[labels == name].mean() for name in np.unique(labels)]))
    doubtful = np.argsort(np.where(right, 1, -1) * said.max(axis=1), kind="stable")[:SHOWN]
    shown = [drawn.ids[test[row]] for row in doubtful]
    trust = {
        "schema_version": SCHEMA_VERSION,
        "duplicates": {"pairs": [], "note": "", "sets": [], "seconds": 0.0} if bare else _duplicates(drawn),
        "leaks": _leaks(drawn, right, given=given and not bare),
        "labels": _labels(drawn, chance),
        "issues": _quality(drawn),
        "groups": None if bare else _GROUPS | {"significant": given},
        "slices": _slices(drawn, right),
        "shortcuts": _shortcuts(len(drawn.names), balanced),
        "learning_curve": None if bare else _learning_curve(drawn, float(right.mean())),
        "calibration": {
            "kind": "temperature",
            "held_out": "validation",
            "n": int(drawn.rows("validation").sum()),
            "tried": {"none": 0.61, "temperature": 0.52, "mixture": 0.55},
            "before": asdict(measure_reliability(labels, drawn.uncalibrated[drawn.rows("test")])),
            "after": asdict(measure_reliability(labels, said)),
        },
        "prediction_sets": {
            "kind": "lac",
            "coverage": 0.9,
            "threshold": drawn.threshold,
            "held_out_n": int(drawn.rows("validation").sum()),
            "test": asdict(measure_coverage(drawn.prediction_set[drawn.rows("test")], labels)),
        },
        "novelty": None if bare else _novelty(drawn),
        "neighbours": {} if bare else _neighbours(drawn, shown, chance),
        "explained": {"method": "hirescam", "ids": [] if bare else shown[:8]},
        "memory": 612_000_000,
        "disk": {"run": 15_400_000, "store": 61_000_000},
        "command": "headstart fit 'photos <drawn>' --out runs/drawn",
        "weights_sha256": "57" * 32,
        "data_digest": "da" * 20,
    }
    told = json.dumps(trust)
    named = [at for at, id_ in enumerate(drawn.ids) if drawn.held_out[at] or id_ in told]
    return trust | {
        "names": {drawn.ids[at]: drawn.files[at] for at in named},
        "classes_of": {drawn.ids[at]: int(drawn.labels[at]) for at in named},
    }


def _interval(right: int, n: int) -> dict[str, float]:
    interval = wilson_interval(right, n)
    return {"accuracy": right / n, "low": interval.low, "high": interval.high}


def _share(right: int, n: int) -> dict[str, float]:
    """As ``Share`` is saved."""
    interval = wilson_interval(right, n)
    return {"right": right, "n": n, "share": right / n, "low": interval.low, "high": interval.high}


def _duplicates(drawn: "ExampleRun") -> dict[str, Any]:
    train = drawn.where("train")
    pairs = [
        (train[0], train[1], "same bytes", 1.0),
        (train[1], train[2], "near", 0.97),
        (train[4], train[9], "near", 0.93),
    ]
    return {
        "pairs": [
            {"first": drawn.ids[a], "second": drawn.ids[b], "kind": kind, "similarity": likeness}
            for a, b, kind, likeness in pairs
        ],
        "note": "",
        "sets": [[drawn.ids[it] for it in train[:3]], [drawn.ids[train[4]], drawn.ids[train[9]]]],
        "seconds": 0.08,
    }


def _leaks(drawn: "ExampleRun", right: NDArray[np.bool_], *, given: bool) -> dict[str, Any]:
    if not given:
        return {"given": False, "leaks": [], "scores": None}
    test, train, leaked = drawn.where("test"), drawn.where("train"), 3
    clean = right[leaked:]
    return {
        "given": True,
        "leaks": [
            {
                "held_out": drawn.ids[test[number]],
                "subset": "test",
                "seen": drawn.ids[train[number]],
                "kind": "near",
                "similarity": 0.98 - 0.01 * number,
                "same_label": bool(drawn.labels[test[number]] == drawn.labels[train[number]]),
            }
            for number in range(leaked)
        ],
        "scores": {
            "leaked": leaked,
            "with_leaks": _share(int(right.sum()), len(right)),
            "without_leaks": _share(int(clean.sum()), len(clean)),
        },
    }


def _labels(drawn: "ExampleRun", chance: np.random.Generator) -> dict[str, Any]:
    """The first photos of train are suspected, some beyond doubt."""
    train, classes = drawn.where("train"), len(drawn.names)
    suspects = [
        {
            "id": drawn.ids[at],
            "given": int(drawn.labels[at]),
            "likely": int((drawn.labels[at] + 1) % classes),
            "given_probability": 0.02 + 0.03 * number,
            "likely_probability": 0.95 - 0.05 * number,
        }
        for number, at in enumerate(train[5:13])
    ]
    return {
        "noise": {"n": len(train), "doubted": len(suspects), "estimate": 4, "low": 3, "high": 6, "reason": ""},
        "corrected_in_test": 0,
        "untouched": None,
        "issues": suspects,
    }


def _quality(drawn: "ExampleRun") -> dict[str, Any]:
    counts = np.bincount(drawn.labels, minlength=len(drawn.names))
    some = [drawn.ids[it] for it in drawn.where("train")]
    flaws = [
        ("blurred", "sharpness below 2.1, where half of the photos have 5.0", some[20:24]),
        ("dark", "brightness below 15 %", some[30:32]),
        ("tiny", "shorter edge below 64 pixels", some[33:34]),
    ]
    return {
        "items": [{"kind": kind, "limit": limit, "ids": ids} for kind, limit, ids in flaws],
        "counts": {name: int(count) for name, count in zip(drawn.names, counts, strict=True)},
        "imbalance": float(counts.max() / max(1, counts.min())),
        "confusable": [{"first": drawn.names[0], "second": drawn.names[1], "share": 0.09, "n": 66, "wrong": 6}],
    }


def _slices(drawn: "ExampleRun", right: NDArray[np.bool_]) -> dict[str, Any]:
    """By class as they are, and by a brightness that is drawn so that the dark third has the mistakes."""
    labels = drawn.labels[drawn.where("test")]
    cut = [("class", name, labels == label) for label, name in enumerate(drawn.names)]
    order = np.argsort(right, kind="stable")
    third = len(right) // 3
    for name, rows in (("dark", order[:third]), ("middle", order[third : 2 * third]), ("light", order[2 * third :])):
        cut.append(("brightness", name, np.isin(np.arange(len(right)), rows)))
    least = 5
    slices = [
        {
            "by": by,
            "value": value,
            "n": int(rows.sum()),
            "right": int(right[rows].sum()),
            **_interval(int(right[rows].sum()), int(rows.sum())),
            "p": 0.004 if value == "dark" else 0.4,
            "adjusted": 0.03 if value == "dark" else 1.0,
            "worse": value == "dark",
        }
        for by, value, rows in cut
        if rows.sum() >= least
    ]
    worst = next((it for it in slices if it["worse"]), None)
    return {"n": len(right), "accuracy": float(right.mean()), "slices": slices, "worst": worst, "least": least}


def _shortcuts(classes: int, accuracy: float) -> list[dict[str, Any]]:
    chance = 1 / classes
    words = {
        "border": "the border of the photo",
        "file": "the file's size and format",
        "mean colour": "the mean colour",
    }
    lifts = {"border": 0.5, "file": 0.02, "mean colour": 0.2}
    return [
        {
            "cue": clue,
            "words": words.get(clue, f"the {clue}"),
            "accuracy": chance + lift * (accuracy - chance),
            "low": chance + (lift - 0.1) * (accuracy - chance),
            "high": chance + (lift + 0.1) * (accuracy - chance),
            "chance": chance,
            "significant": lift > 0.1,
            "share_of_gain": lift,
            "reached_by_subject": False,
        }
        for clue, lift in lifts.items()
    ]


def _learning_curve(drawn: "ExampleRun", accuracy: float) -> dict[str, Any]:
    photos = len(drawn.where("train"))
    sizes = [
        {
            "samples": photos // cut,
            "score": accuracy - 0.04 * step,
            "low": accuracy - 0.06 * step - 0.03,
            "high": min(1.0, accuracy - 0.03 * step + 0.03),
            "loss": 0.4 + 0.2 * step,
            "repeats": 5 if step else 1,
        }
        for step, cut in ((4, 16), (3, 8), (2, 4), (1, 2), (0, 1))
    ]
    gains = [
        {
            "name": name,
            "recall_half": 0.75,
            "recall_all": 0.75 + 0.1 / (1 + label),
            "gain": 0.1 / (1 + label),
            "low": 0.1 / (1 + label) - 0.06,
            "high": 0.1 / (1 + label) + 0.06,
        }
        for label, name in enumerate(drawn.names)
    ]
    return {"sizes": sizes, "doubling": 0.021, "gains": gains}


def _novelty(drawn: "ExampleRun") -> dict[str, Any]:
    scores = drawn.novelty[drawn.rows("test")]
    return {
        "kind": "nearest",
        "layers": ["stage4", "final"],
        "ood_acceptance": 0.95,
        "accepted": _share(int((scores <= 1).sum()), len(scores)),
    }


def _neighbours(drawn: "ExampleRun", shown: list[str], chance: np.random.Generator) -> dict[str, Any]:
    train = drawn.where("train")
    return {
        id_: [[drawn.ids[at], 0.9 - 0.1 * rank] for rank, at in enumerate(chance.choice(train, 3, replace=False))]
        for id_ in shown
    }
