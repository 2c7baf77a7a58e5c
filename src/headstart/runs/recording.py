"""Everything that was looked back on, put together and written into the run's folder."""

import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.groups import encode_groups
from headstart.data.readers.arrays import IN_MEMORY
from headstart.data.samples import Samples, Subset
from headstart.diagnostics.near_duplicates.search import group_duplicates
from headstart.diagnostics.run import Diagnostics
from headstart.evaluation.intervals import estimate_proportion
from headstart.runs.examples import SUSPECTS, mentioned_photos
from headstart.runs.predictions import save_predictions, save_trust
from headstart.runs.thumbnails import Thumbnails, save_pictures
from headstart.selection.context import FitContext
from headstart.selection.results import Postprocessed, TestResult
from headstart.settings import FitSettings
from headstart.storage.run_layout import NEIGHBOURS, PICTURES, TRUST
from headstart.storage.usage import get_disk_usage
from headstart.training.memory import peak_memory


def save_findings(it: Diagnostics, pictures: Thumbnails, folder: Path) -> None:
    """Writes ``trust.json``, the predictions, the neighbours and the pictures into the run's folder."""
    it.neighbours.save(folder / NEIGHBOURS)
    material, judged = it.subject.material, it.subject.judged
    validation = ("validation", material.samples_in(Subset.VALIDATION), it.subject.guarded.validation)
    save_predictions(folder, [validation, ("test", judged.samples, judged.answers)], material.samples.classes)
    save_pictures(pictures.jpegs, folder / PICTURES)
    photos = mentioned_photos(it)
    save_trust(
        {
            "names": {sample.id: sample.name for sample in photos},
            "classes_of": {sample.id: sample.label for sample in photos},
            **_of_data(it),
            "calibration": _calibration(it),
            "sets": _sets(it),
            "novelty": _novelty(it.subject.guarded, judged),
            **_of_the_job(material, folder),
            "neighbours": {id_: [(other.id, other.similarity) for other in alike] for id_, alike in it.similar.items()},
            "explained": {"method": pictures.method, "ids": pictures.explained},
        },
        folder / TRUST,
    )


def _of_data(it: Diagnostics) -> Mapping[str, Any]:
    return {
        "duplicates": {
            "pairs": it.subject.duplicates,
            "sets": group_duplicates(it.subject.duplicates),
            "seconds": it.subject.duplicates_seconds,
        },
        "leaks": {"given": it.subject.material.split.given, "leaks": it.leaks, "scores": it.leak_scores},
        "labels": {
            **asdict(it.labels.noise),
            **_corrected(it),
            "issues": it.labels.issues[:SUSPECTS],
        },
        "issues": it.issues,
        "slices": it.slices,
        "shortcuts": it.shortcuts,
        "learning_curve": it.learning_curve,
    }


def _corrected(it: Diagnostics) -> Mapping[str, Any]:
    """Test labels that were corrected: only what a classifier disputes is looked at, so the score gains by it."""
    named = {relabel.photo for relabel in it.subject.material.samples.relabels}
    judged = it.subject.judged
    touched = np.array([sample.name in named for sample in judged.samples], dtype=bool)
    if not touched.any():
        return {"corrected_in_test": 0, "untouched": None}
    groups = encode_groups(judged.samples)[~touched]
    return {"corrected_in_test": int(touched.sum()), "untouched": estimate_proportion(judged.right[~touched], groups)}


def _of_the_job(material: FitContext, folder: Path) -> Mapping[str, Any]:
    return {
        "memory": peak_memory(),
        "disk": {"run": get_disk_usage(folder), "store": get_disk_usage(material.store.folder)},
        "command": command_of(material.settings, material.samples.root),
        "weights_sha256": material.backbone.weights_sha256,
        "data_digest": digest_of_data(material.samples),
    }


def command_of(settings: FitSettings, root: str) -> str:
    """What makes the same run again: a shell's command, or, of arrays, which have no path, a call."""
    knobs = type(settings).model_fields
    chosen = {name: getattr(settings, name) for name, knob in knobs.items() if name != "out"}
    told = {name: value for name, value in chosen.items() if value != knobs[name].default}
    if settings.out is not None:
        told["out"] = Path(f"{settings.out}-again")  # its own is taken
    if root == IN_MEMORY:
        given = ["images", "labels=labels", *(f"{name}={value!r}" for name, value in told.items())]
        return f"headstart.fit({', '.join(given)})"
    words = ["headstart", "fit", root]
    for name, value in told.items():
        flag = name.replace("_", "-")
        switch = [f"--{flag}" if value else f"--no-{flag}"]
        words += switch if isinstance(value, bool) else [f"--{flag}", f"{value}"]
    return shlex.join(words)


def digest_of_data(samples: Samples) -> str:
    """BLAKE2b-160 over all photos' contents and labels, whatever their names and order; hexadecimal."""
    lines = sorted(f"{sample.digest} {samples.classes[sample.label]}" for sample in samples.samples)
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=20).hexdigest()


def _calibration(it: Diagnostics) -> Mapping[str, Any]:
    guarded = it.subject.guarded
    return {
        "kind": guarded.model.calibration.kind,
        "held_out": guarded.held.how,
        "n": len(guarded.held.labels),
        "tried": guarded.tried,
        "before": it.before,
        "after": it.after,
    }


def _sets(it: Diagnostics) -> Mapping[str, Any] | None:
    guarded = it.subject.guarded
    sets = guarded.model.conformal
    if sets is None:
        return None
    return {
        "kind": sets.kind,
        "coverage": sets.coverage,
        "threshold": sets.threshold,
        "held_out_n": len(guarded.held.labels),
        "test": it.coverage,
    }


def _novelty(guarded: Postprocessed, judged: TestResult) -> Mapping[str, Any] | None:
    novelty = guarded.model.novelty
    if novelty is None:
        return None
    unfamiliar: NDArray[np.bool_] = judged.answers.out_of_distribution
    return {
        "kind": novelty.kind,
        "layers": [layer for branch in novelty.branches for layer in guarded.model.branches[branch].layers],
        "ood_acceptance": novelty.ood_acceptance,
        "accepted": estimate_proportion(~unfamiliar, encode_groups(judged.samples)),
    }
