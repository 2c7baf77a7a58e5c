"""``trust.json``, ``predictions.npz`` and ``predictions.csv`` of a run."""

import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.groups import encode_groups
from headstart.data.samples import Sample
from headstart.inference.postprocess import BatchPredictions
from headstart.storage.atomic import replace_bytes, replace_text
from headstart.storage.csv_cells import format_csv, join_names
from headstart.storage.run_layout import PREDICTIONS, SCHEMA_VERSION

AnsweredSubset = tuple[str, Sequence[Sample], BatchPredictions]  #: its name, its photos, what is said of them


def save_trust(record: Mapping[str, Any], file: Path) -> None:
    """Write a record of records as JSON, whole or not at all; a number that is none becomes null."""
    replace_text(file, json.dumps({"schema_version": SCHEMA_VERSION, **to_plain(record)}, indent=1, ensure_ascii=False))


def to_plain(value: Any) -> Any:
    """Return records, arrays and enums as what JSON knows; NaN and infinities as None."""
    if is_dataclass(value) and not isinstance(value, type):
        return to_plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): to_plain(it) for key, it in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.ndarray | np.generic):
        return to_plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(it) for it in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def save_predictions(folder: Path, parts: Sequence[AnsweredSubset], classes: Sequence[str]) -> None:
    """Write what is said of the photos of some parts: arrays for programs, a table for people.

    ``predictions.npz`` has, for N photos in the order given: ``id`` and ``part`` (N,) text, ``label`` and ``group``
    (N,) int64, ``probabilities`` and ``uncalibrated`` (N, C) float32, ``prediction_set`` (N, C) bool, ``novelty`` (N,)
    float32, ``out_of_distribution`` (N,) bool. Photos of one group belong together (equal bytes, near-duplicates, a
    name that the user gave). Where novelty was not judged it is NaN, and ``out_of_distribution`` False. No pickle is in
    it.
    """
    answers = [answers for _, _, answers in parts]
    arrays: dict[str, Any] = {
        "id": np.array([sample.id for _, samples, _ in parts for sample in samples]),
        "part": np.array([name for name, samples, _ in parts for _ in samples]),
        "group": encode_groups([sample for _, samples, _ in parts for sample in samples]),
        "label": np.array([sample.target for _, samples, _ in parts for sample in samples], dtype=np.int64),
        "probabilities": np.concatenate([it.probabilities for it in answers]),
        "uncalibrated": np.concatenate([it.uncalibrated for it in answers]),
        "prediction_set": np.concatenate([it.prediction_set_or_likeliest() for it in answers]),
        "novelty": np.concatenate([novelty_or_nan(it) for it in answers]),
        "out_of_distribution": np.concatenate([it.out_of_distribution for it in answers]),
    }
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    replace_bytes(folder / f"{PREDICTIONS}.npz", content.getvalue())
    replace_text(folder / f"{PREDICTIONS}.csv", _table(parts, classes))


def novelty_or_nan(answers: BatchPredictions) -> NDArray[np.float32]:
    """Return novelty (N,); NaN where the classifier does not judge it."""
    return answers.novelty if answers.novelty is not None else np.full(len(answers.probabilities), np.nan, np.float32)


def _table(parts: Iterable[AnsweredSubset], classes: Sequence[str]) -> str:
    rows: list[Sequence[str]] = [
        ("photo", "part", "label", "predicted", "probability", "prediction_set", "novelty", "out_of_distribution")
    ]
    for name, samples, answers in parts:
        best = answers.probabilities.argmax(axis=1)
        sets, novelties = answers.prediction_set_or_likeliest(), novelty_or_nan(answers)
        for index, sample in enumerate(samples):
            inside = answers.probabilities[index].argsort(kind="stable")[::-1]
            novelty = novelties[index]
            rows.append(
                [
                    sample.name,
                    name,
                    classes[sample.target],
                    classes[best[index]],
                    f"{answers.probabilities[index, best[index]]:.6f}",
                    join_names(classes[label] for label in inside if sets[index, label]),
                    "" if np.isnan(novelty) else f"{novelty:.4f}",
                    "" if np.isnan(novelty) else "yes" if answers.out_of_distribution[index] else "no",
                ]
            )
    return format_csv(rows)
