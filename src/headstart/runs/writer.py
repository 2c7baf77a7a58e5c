"""Writes a run's folder."""

import json
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from headstart import __version__
from headstart.data.ledger import save_ledger
from headstart.data.relabel import format_relabels
from headstart.data.samples import Samples, Subset
from headstart.engines.parity import EngineChoice
from headstart.evaluation.evaluation import Evaluation
from headstart.events import RunLog
from headstart.extraction.extract import Extraction
from headstart.runs.run import Run
from headstart.selection import leaderboard
from headstart.selection.arm import Arm, arm_file_name
from headstart.selection.compare import Comparison
from headstart.selection.context import FitContext
from headstart.selection.test_scores import ArmTestScores
from headstart.storage.atomic import replace_text
from headstart.storage.run_layout import (
    COMPARISON,
    CURVES,
    EVALUATION,
    LEADERBOARD,
    LEDGER,
    RECORD,
    RELABELS,
    SCHEMA_VERSION,
    SETTINGS,
    SPLIT,
)
from headstart.training.obstacle import EXTRA, find_network_obstacle
from headstart_runtime.modalities import modality
from headstart_runtime.tasks import task
from headstart_runtime.tasks.task import Measure

#: Whose versions a run records, where they are installed.
LIBRARIES = ("numpy", "onnxruntime", "openvino", "pillow", "timm", "torch")


def write_run(
    contexts: Sequence[FitContext],
    engines: Sequence[EngineChoice],
    extractions: Sequence[Extraction],
    comparison: Comparison,
    scores: ArmTestScores,
    evaluations: Mapping[str, Evaluation],
    log: RunLog,
    more: Mapping[str, Any],
) -> Run:
    """Write a run's folder, all beside ``model/`` but ``run.json``, and return the run. ``finish_run`` does the rest.

    Args:
        contexts: one for each network, the first of them that of the run.
        engines: that ran them.
        extractions: of their features.
        comparison: of the arms.
        scores: of arms on test.
        evaluations: ``validation`` of the winner, ``test`` of the saved classifier.
        log: of the run.
        more: further facts for ``run.json``.
    """
    record = {**build_record(contexts, engines, extractions, comparison, scores, log), **more}
    run = Run(contexts[0].folder, evaluations["validation"], evaluations["test"], record)
    _write_files(run, contexts[0], comparison, scores)
    return run


def build_record(
    contexts: Sequence[FitContext],
    engines: Sequence[EngineChoice],
    extractions: Sequence[Extraction],
    comparison: Comparison,
    scores: ArmTestScores,
    log: RunLog,
) -> dict[str, Any]:
    """Return what ``run.json`` says: everything that is needed to repeat the run and to believe it."""
    context, engine, extraction = contexts[0], engines[0], extractions[0]
    samples, split = context.samples, context.split
    return {
        "schema_version": SCHEMA_VERSION,
        "headstart": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": samples.root,
        "working_folder": str(Path.cwd()),  # where relative paths, the source's and those of settings, begin
        "settings": context.settings.model_dump(mode="json"),
        "backbone": context.backbone.to_json(),
        "backbones": [it.backbone.to_json() for it in contexts],
        "modality": samples.modality,
        "task": samples.space.task,
        "packages": _find_packages(samples),
        "classes": list(samples.classes),
        "target_facts": dict(samples.space.facts),
        "files": {judge_advice.value: count for judge_advice, count in samples.ledger.counts().items()},
        "copies": len(samples.copies),
        "split": {part.value: len(split.samples_in(samples, part)) for part in Subset},
        "engine": {"name": engine.engine.name, "precision": engine.engine.precision},
        "proofs": [asdict(proof) for it in engines for proof in it.parity_checks],
        "space": {"fingerprint": extraction.space.fingerprint, "description": extraction.space.description},
        "extraction": {
            "asked": extraction.asked,
            "computed": sum(it.computed for it in extractions),
            "seconds": sum(it.seconds for it in extractions),
        },
        "arms": [_describe_arm(arm) for arm in comparison.arms],
        "left_out": [asdict(it) for it in comparison.skipped],
        "training_obstacle": _find_training_obstacle(contexts),
        "training_extra": _find_training_extra(contexts),
        "winner": comparison.winner.name,
        "choice": comparison.choice.to_json(),
        "test_opened_for": list(scores.tests),
        "seconds": log.seconds,
        "notes": _notes(context, log),
        "versions": _find_versions(),
        "machine": {"python": platform.python_version(), "platform": platform.platform()},
    }


def _find_versions() -> dict[str, str]:
    """Return the versions of the libraries that numbers depend on, those that are installed."""
    found = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _find_packages(samples: Samples) -> dict[str, str]:
    """Return the packages that brought the modality and the task, with their versions; those of others alone."""
    found = {
        "modality": modality.REGISTRY.find_package(samples.modality),
        "task": task.REGISTRY.find_package(samples.space.task),
    }
    return {kind: package for kind, package in found.items() if package}


def _find_training_obstacle(contexts: Sequence[FitContext]) -> str:
    """Return why none of the networks can be trained; "" where one can."""
    obstacles = [context.training_obstacle for context in contexts]
    return obstacles[0] if all(obstacles) else ""


def _find_training_extra(contexts: Sequence[FitContext]) -> str:
    """Return the extra for want of which no network was trained; "" where another reason stands before it, or none."""
    obstacles = [find_network_obstacle(it.backbone.name, it.backbone.spec, it.task) for it in contexts]
    return EXTRA if _find_training_obstacle(contexts) and not all(obstacles) else ""


def _describe_arm(arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "strategy": arm.strategy,
        "backbone": arm.backbone,
        "layer": arm.layer,
        "head": arm.head,
        "parameters": arm.parameters,
        "chosen": dict(arm.chosen),
        "path": [asdict(trial) for trial in arm.path],
        "depth": [asdict(depth) for depth in arm.depth],
        "curves": [asdict(epoch) for epoch in arm.curves],
        "planned_epochs": arm.planned_epochs,
        "best_epoch": arm.best_epoch,
        "rate_curve": None if arm.rate_curve is None else asdict(arm.rate_curve),
        "train": arm.train.to_json(),
        "validation": arm.validation.to_json(),
        "seconds": arm.seconds,
        "notes": list(arm.notes),
    }


def _write_files(run: Run, context: FitContext, comparison: Comparison, scores: ArmTestScores) -> None:
    """Write everything beside ``model/`` but ``run.json``, which marks the run as finished: see ``finish_run``."""
    replace_text(run.folder / SETTINGS, context.settings.to_toml(_list_chosen(run, context)))
    context.split.save(run.folder / SPLIT)
    save_ledger(context.samples.ledger, run.folder / LEDGER)
    if context.samples.relabels:
        replace_text(run.folder / RELABELS, format_relabels(context.samples.relabels, context.samples.noun))
    evaluations = {"validation": run.validation.to_json(), "test": run.test.to_json()}
    _write_json(run.folder / EVALUATION, {"schema_version": SCHEMA_VERSION, "parts": evaluations})
    _write_comparison(run.folder, comparison, scores, run.test.measure)


def _list_chosen(run: Run, context: FitContext) -> dict[str, str]:
    """Return what the run took where its settings left the choice to it; what was asked stands in its record."""
    names = ",".join(backbone["name"] for backbone in run.record["backbones"])
    return {"modality": context.samples.modality, "task": context.samples.space.task, "backbone": names}


def finish_run(run: Run, context: FitContext, log: RunLog) -> Run:
    """Write ``run.json``, by which a run is finished, with what the log heard since: notes, what the last stages took.

    Until then a run that is killed is gone on with. Once it has its report, this is done again.
    """
    record = {**run.record, "seconds": dict(log.seconds), "notes": _notes(context, log)}
    record["recalled"] = {name: asdict(known) for name, known in context.store.results.known.items()}
    record |= {} if log.took is None else {"took": log.took}
    record |= {"traces": list(log.traces)} if log.traces else {}
    _write_json(run.folder / RECORD, record)
    return replace(run, record=record)


def _notes(context: FitContext, log: RunLog) -> list[str]:
    return list(dict.fromkeys([*context.samples.ledger.notes, *context.split.notes, *log.notes]))


def _write_comparison(folder: Path, comparison: Comparison, scores: ArmTestScores, measure: Measure) -> None:
    board = leaderboard.build_leaderboard(comparison, scores)
    _write_json(
        folder / COMPARISON,
        {
            "schema_version": SCHEMA_VERSION,
            "arms": leaderboard.to_json(board),
            "left_out": [asdict(it) for it in comparison.skipped],
            "choice": comparison.choice.to_json(),
            "test": {
                "opened_for": list(scores.tests),
                "samples": scores.n,
                "smallest_difference": scores.smallest,
                "pairs": [pair.to_json() for pair in scores.pairs],
            },
        },
    )
    replace_text(folder / f"{LEADERBOARD}.md", leaderboard.to_markdown(board, measure))
    replace_text(folder / f"{LEADERBOARD}.csv", leaderboard.to_csv(board, measure))
    for arm in comparison.arms:
        if arm.curves:
            replace_text(
                folder / CURVES / f"{arm_file_name(arm.name)}.csv", leaderboard.curves_to_csv(arm.curves, measure)
            )


def _write_json(file: Path, record: dict[str, Any]) -> None:
    replace_text(file, json.dumps(record, indent=2, ensure_ascii=False))
