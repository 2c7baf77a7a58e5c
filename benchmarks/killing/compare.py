"""A run held against another of the same data: their files, and what lies beside them that should not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from killing.watched import Job

#: Fields of records that differ between two runs of the same: times, folders, measurements of the machine.
TOLD_APART = frozenset(
    {
        *("seconds", "took", "date", "source", "out", "store", "command", "notes", "computed", "extraction"),
        *("memory", "device_memory", "disk", "predicted_seconds", "predicted_memory", "predicted_disk"),
    }
)
TEXTS = ("ledger.jsonl", "split.json", "evaluation.json", "predictions.csv")
RECORDS = ("run.json", "comparison.json", "trust.json", "model/model.json")
BYTES = ("model/model.onnx", "model/head.safetensors", "model/novelty.safetensors", "neighbours.safetensors")
MARKERS = (".unfinished",)


def compare_runs(first: Path, second: Path) -> list[str]:
    """Return in words where two runs differ, but for times and folders; nothing where they are the same."""
    names = [{path.relative_to(run).as_posix() for path in run.rglob("*")} for run in (first, second)]
    differences = [f"{name} is in one run only" for name in sorted(names[0] ^ names[1])]
    there = [name for name in (*TEXTS, *BYTES) if name in names[0] & names[1]]
    differences += [f"{name} differs" for name in there if (first / name).read_bytes() != (second / name).read_bytes()]
    for name in RECORDS:
        if name in names[0] & names[1]:
            records = [_drop_times(json.loads((run / name).read_text("utf-8"))) for run in (first, second)]
            differences += [f"{name}: {place}" for place in _list_differences(*records)]
    return differences + _compare_arrays(first / "predictions.npz", second / "predictions.npz")


def list_leftovers(job: Job) -> list[str]:
    """Return in words what a job left that should not be there: drafts, markers, a lock that somebody holds."""
    left = [path for path in job.run.parent.rglob("*") if path.name.startswith(".") or path.name in MARKERS]
    beside = [path for path in job.run.parent.iterdir() if path != job.run]
    found = [f"{path.relative_to(job.home)} was left" for path in dict.fromkeys([*left, *beside])]
    for lock in job.store.rglob("*.lock"):
        try:
            FileLock(lock).acquire(timeout=0).lock.release()
        except Timeout:
            found.append(f"{lock.relative_to(job.home)} is held")
    return found


def _drop_times(value: Any) -> Any:
    """Return a record without what differs between two runs of the same; folders of jobs are one."""
    if isinstance(value, dict):
        return {key: _drop_times(one) for key, one in value.items() if key not in TOLD_APART}
    if isinstance(value, list):
        return [_drop_times(one) for one in value]
    return value


def _list_differences(first: Any, second: Any, place: str = "") -> list[str]:
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        return [found for key in first for found in _list_differences(first[key], second[key], f"{place}.{key}")]
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = enumerate(zip(first, second, strict=True))
        return [found for number, pair in pairs for found in _list_differences(*pair, f"{place}.{number}")]
    return [] if first == second else [f"{place.lstrip('.')}: {str(first)[:80]} and {str(second)[:80]}"]


def _compare_arrays(first: Path, second: Path) -> list[str]:
    with np.load(first, allow_pickle=False) as one, np.load(second, allow_pickle=False) as other:
        if one.files != other.files:
            return [f"{first.name} has other arrays"]
        return [
            f"{first.name}: {name} differs"
            for name in one.files
            if not np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f")
        ]
