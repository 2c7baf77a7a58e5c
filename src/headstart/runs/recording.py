"""Writes the diagnostics of a run, its predictions and its previews into its folder."""

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.groups import encode_groups
from headstart.data.readers.arrays.arrays import IN_MEMORY
from headstart.data.samples import Samples, Subset
from headstart.diagnostics.near_duplicates.search import group_duplicates
from headstart.diagnostics.run import Diagnostics
from headstart.evaluation.intervals import estimate_proportion
from headstart.runs.examples import select_mentioned_samples
from headstart.runs.predictions import save_predictions, save_trust
from headstart.runs.thumbnails import Thumbnails
from headstart.selection.context import FitContext
from headstart.selection.results import Postprocessed, TestResult
from headstart.settings import FitSettings
from headstart.storage.previews import save_previews
from headstart.storage.run_layout import NEIGHBOURS, PREVIEWS, TRUST
from headstart.storage.usage import get_disk_usage
from headstart.training.memory import peak_memory


def save_diagnostics(
    diagnostics: Diagnostics,
    thumbnails: Thumbnails,
    context: FitContext,
    fitted: Postprocessed,
    test: TestResult,
    *,
    seconds: float,
) -> None:
    """Write ``trust.json``, the predictions, the neighbours and the previews into the run's folder.

    Args:
        diagnostics: of the run.
        thumbnails: for its report.
        context: of the first backbone.
        fitted: what was saved.
        test: its answers on test.
        seconds: that finding near-duplicates took.
    """
    folder, own = context.folder, context.task.diagnostics
    diagnostics.neighbours.save(folder / NEIGHBOURS)
    validation = ("validation", context.samples_in(Subset.VALIDATION), fitted.validation)
    save_predictions(
        folder, [validation, ("test", test.samples, test.answers)], context.samples.space, context.samples.noun
    )
    save_previews(thumbnails.previews, folder / PREVIEWS)
    samples = select_mentioned_samples(diagnostics, context, test)
    save_trust(
        {
            "names": {sample.id: sample.name for sample in samples},
            "classes_of": {sample.id: sample.target for sample in samples},
            **_describe_data(diagnostics, context, seconds),
            "strata": _count_strata(context),
            "groups": diagnostics.groups,
            **({} if own is None else own.to_record(diagnostics.findings, context, fitted, test)),
            "learning_curve": diagnostics.learning_curve,
            "novelty": _describe_novelty(fitted, test),
            **_describe_job(context),
            "neighbours": {
                id_: [(other.id, other.similarity) for other in alike] for id_, alike in diagnostics.similar.items()
            },
            "explained": {
                "method": thumbnails.method,
                "legend": thumbnails.legend,
                "ids": thumbnails.explained,
                "labels": thumbnails.labels,
            },
        },
        folder / TRUST,
    )


def _describe_data(diagnostics: Diagnostics, context: FitContext, seconds: float) -> Mapping[str, Any]:
    return {
        "duplicates": {
            "pairs": diagnostics.duplicates.pairs,
            "note": diagnostics.duplicates.note,
            "sets": group_duplicates(diagnostics.duplicates.pairs),
            "seconds": seconds,
        },
        "leaks": {
            "given": context.split.given,
            "leaks": diagnostics.leakage.leaks,
            "scores": diagnostics.leakage.scores,
        },
    }


def _count_strata(context: FitContext) -> Mapping[str, Any]:
    """Return the samples of each stratum in each subset."""
    samples, strata = context.samples, context.samples.stratify()
    held = [context.split.subsets.get(sample.id) for sample in samples.samples]
    counts = {
        subset.value: strata.membership[np.array([one is subset for one in held], bool)].sum(axis=0)
        for subset in Subset
    }
    return {"noun": strata.noun, "names": strata.names, **counts}


def _describe_job(context: FitContext) -> Mapping[str, Any]:
    return {
        "memory": peak_memory(),
        "disk": {"run": get_disk_usage(context.folder), "store": get_disk_usage(context.store.folder)},
        "command": build_repeat_command(context.settings, context.samples.root),
        "weights_sha256": context.backbone.weights_sha256,
        "data_digest": hash_dataset(context.samples),
    }


def build_repeat_command(settings: FitSettings, root: str) -> str:
    """Return what makes the same run again: a shell's command, or, of arrays, which have no path, a call."""
    knobs = type(settings).model_fields
    chosen = {name: getattr(settings, name) for name, knob in knobs.items() if name != "out"}
    told = {name: value for name, value in chosen.items() if value != knobs[name].default}
    if settings.out is not None:
        told["out"] = Path(f"{settings.out}-again")  # its own is taken
    if root == IN_MEMORY:
        given = ["arrays", "labels=labels", *(f"{name}={value!r}" for name, value in told.items())]
        return f"headstart.fit({', '.join(given)})"
    words = ["headstart", "fit", root]
    for name, value in told.items():
        flag = name.replace("_", "-")
        switch = [f"--{flag}" if value else f"--no-{flag}"]
        words += switch if isinstance(value, bool) else [f"--{flag}", f"{value}"]
    return shlex.join(words)


def hash_dataset(samples: Samples) -> str:
    """Return BLAKE2b-160 over all samples' contents and labels, whatever their names and order; hexadecimal."""
    lines = sorted(f"{sample.digest} {samples.describe(sample)}" for sample in samples.samples)
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=20).hexdigest()


def _describe_novelty(fitted: Postprocessed, test: TestResult) -> Mapping[str, Any] | None:
    novelty = fitted.model.novelty
    if novelty is None:
        return None
    unfamiliar: NDArray[np.bool_] = test.answers.out_of_distribution
    return {
        "kind": novelty.kind,
        "layers": [layer for branch in novelty.branches for layer in fitted.model.branches[branch].layers],
        "ood_acceptance": novelty.ood_acceptance,
        "accepted": estimate_proportion(~unfamiliar, encode_groups(test.samples)),
    }
