"""``trust.json``, ``predictions.npz`` and ``predictions.csv`` of a run."""

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.groups import encode_groups
from headstart.data.samples import Sample
from headstart.storage.atomic import replace_bytes, replace_text
from headstart.storage.run_layout import PREDICTIONS, SCHEMA_VERSION
from headstart.tasks.facets import AnswerTable
from headstart_runtime.csv_cells import format_csv
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.item import SAMPLE, Noun
from headstart_runtime.tasks.task import TargetSpace, get_task

AnsweredSubset = tuple[str, Sequence[Sample], BatchPredictions]  #: its name, its samples, what is said of them


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


def save_predictions(folder: Path, parts: Sequence[AnsweredSubset], space: TargetSpace, noun: Noun = SAMPLE) -> None:
    """Write what is said of the samples of some parts: arrays for programs, a table for people.

    ``predictions.npz`` has, for N samples in the order given: ``id`` and ``part`` (N,) text, ``label`` (N, ...) their
    targets, ``group`` (N,) int64, the outputs of the task by their names, (N, ...) each, ``novelty`` (N,) float32,
    ``out_of_distribution`` (N,) bool. Of classes the outputs are ``probabilities`` and ``uncalibrated`` (N, C) float32
    and ``prediction_set`` (N, C) bool. Samples of one group belong together (equal bytes, near-duplicates, a name that
    the user gave). Where novelty was not judged it is NaN, and ``out_of_distribution`` False. No pickle is in it.
    """
    task = get_task(space.task)
    answered = [task.complete_outputs(answers.outputs) for _, _, answers in parts]
    outputs = {name: np.concatenate([one[name] for one in answered]) for name in answered[0]}
    targets = task.targets.stack([sample.target for _, samples, _ in parts for sample in samples])
    arrays: dict[str, Any] = {
        "id": np.array([sample.id for _, samples, _ in parts for sample in samples]),
        "part": np.array([name for name, samples, _ in parts for _ in samples]),
        "group": encode_groups([sample for _, samples, _ in parts for sample in samples]),
        "label": targets,
        **outputs,
        "novelty": np.concatenate([novelty_or_nan(answers) for _, _, answers in parts]),
        "out_of_distribution": np.concatenate([answers.out_of_distribution for _, _, answers in parts]),
    }
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    replace_bytes(folder / f"{PREDICTIONS}.npz", content.getvalue())
    table = task.scoring.tabulate(space, targets, outputs)
    replace_text(folder / f"{PREDICTIONS}.csv", _format_table(parts, arrays, table, noun))


def novelty_or_nan(answers: BatchPredictions) -> NDArray[np.float32]:
    """Return novelty (N,); NaN where the classifier does not judge it."""
    return answers.novelty if answers.novelty is not None else np.full(len(answers), np.nan, np.float32)


def _format_table(parts: Sequence[AnsweredSubset], arrays: Mapping[str, Any], table: AnswerTable, noun: Noun) -> str:
    names = [(sample.name, part) for part, samples, _ in parts for sample in samples]
    rows: list[Sequence[str]] = [(noun.one, "part", *table.columns, "novelty", "out_of_distribution")]
    judged = zip(arrays["novelty"], arrays["out_of_distribution"], strict=True)
    for named, cells, (novelty, unfamiliar) in zip(names, table.rows, judged, strict=True):
        told = ("", "") if np.isnan(novelty) else (f"{novelty:.4f}", "yes" if unfamiliar else "no")
        rows.append((*named, *cells, *told))
    return format_csv(rows)
