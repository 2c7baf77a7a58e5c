"""The run: one folder with everything a fit did. What ``fit`` returns, and what a later session opens again."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart import __version__
from headstart.data.ledger import load_ledger, save_ledger
from headstart.data.relabel import format_relabels
from headstart.data.samples import Subset
from headstart.engines.choose import EngineChoice
from headstart.errors import UserError
from headstart.evaluation.evaluation import Evaluation
from headstart.events import RunLog
from headstart.extraction.extract import Extraction
from headstart.inference.classifier import Classifier, PhotoLike, load
from headstart.reporting.records import total_seconds
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
    MODEL,
    NEIGHBOURS,
    RECORD,
    RELABELS,
    SCHEMA_VERSION,
    SETTINGS,
    SPLIT,
    TRUST,
)

if TYPE_CHECKING:
    from headstart.diagnostics.neighbours import Neighbours
    from headstart.explanation.explainer import Explainer, HeatMap
    from headstart.reporting.plots import Plots

ALIKE = 3  #: photos that an explanation names


@dataclass(frozen=True)
class Explanation:
    """Why a classifier says what it says of a photo."""

    heat: "HeatMap"  #: what speaks for the class, place by place; ``explainer.overlay_heat`` draws it
    alike: tuple[tuple[str, float], ...]  #: the photos most alike among those learnt from: name and cosine, best first


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: Path
    validation: Evaluation  #: of the winning arm, fitted on train
    test: Evaluation  #: of the saved classifier, read back, from file bytes to class name
    record: dict[str, Any] = field(repr=False)  #: what run.json says
    _home: Path = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # what is read when it is first asked for lies there wherever the process has gone meanwhile
        object.__setattr__(self, "_home", self.folder.absolute())

    def __fspath__(self) -> str:
        """Its folder, so that a run can be given wherever that can."""
        return str(self._home)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {len(self.classes)} classes, {self.test.accuracy:.1%} of test right)"

    @cached_property
    def classifier(self) -> Classifier:
        """The saved classifier."""
        return load(self._home / MODEL)

    @cached_property
    def trust(self) -> dict[str, Any]:
        """What trust.json says of data and answers; empty for a run of before there was one."""
        file = self._home / TRUST
        return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}

    @cached_property
    def plot(self) -> "Plots":
        """The report's plots as matplotlib figures: ``run.plot.confusion()``, ``run.plot.reliability()`` and others."""
        from headstart.reporting.plots import Plots

        return Plots(self._home)

    def explain(self, photo: PhotoLike, label: str | None = None) -> Explanation:
        """Why the classifier says what it says of a photo.

        Args:
            photo: a file's path, its bytes, or pixels, uint8 (H, W, 3).
            label: the class that is asked about; the likeliest when not given.

        Raises:
            DataError: the photo cannot be read.
            UserError: the classifier has no such class, or the run is of before there were neighbours.
        """
        heat = self._explainer.heat(photo, label)
        near = self._neighbours.nearest(heat.features[None], ALIKE)
        names = {entry.digest: entry.name for entry in load_ledger(self._home / LEDGER).entries}
        ids = [self._neighbours.ids[index] for index in near.indices[0]]
        found = zip((names[id_.partition(".")[0]] for id_ in ids), map(float, near.similarity[0]), strict=True)
        return Explanation(heat, tuple(found))

    @cached_property
    def _explainer(self) -> "Explainer":
        from headstart.explanation.explainer import Explainer

        return Explainer(self._home / MODEL)

    @cached_property
    def _neighbours(self) -> "Neighbours":
        from headstart.diagnostics.neighbours import Neighbours

        return Neighbours.load(self._home / NEIGHBOURS)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names to predict, in order."""
        return self.test.classes

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of this run."""
        return tuple(self.record["notes"])

    @property
    def seconds(self) -> dict[str, float]:
        """What each stage took."""
        return dict(self.record["seconds"])

    @property
    def took(self) -> float:
        """Seconds by the clock from its beginning to its last result, without the report."""
        return total_seconds(self.record)


def open_run(folder: str | os.PathLike[str]) -> Run:
    """Opens the folder of a finished run.

    Raises:
        UserError: it is none, or of another schema.
    """
    if not isinstance(folder, str | os.PathLike):
        raise UserError(f"a run cannot be opened from {type(folder).__name__}; wanted the path of a run's folder")
    folder = Path(folder).expanduser()
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        parts = json.loads((folder / EVALUATION).read_text("utf-8"))["parts"]
        schema = record["schema_version"]
    except (OSError, ValueError, KeyError, TypeError):
        state = "there is no such folder" if not folder.exists() else "it has no finished run in it"
        raise UserError(f"{str(folder)!r} is not a run: {state}; give the folder that headstart fit wrote") from None
    if schema not in range(1, SCHEMA_VERSION + 1):
        raise UserError(
            f"{str(folder)!r} has schema version {schema}, this headstart reads 1 to {SCHEMA_VERSION}; "
            "open it with the headstart that wrote it"
        )
    if not {"validation", "test"} <= parts.keys():
        raise UserError(f"{str(folder)!r} is not a whole run: {EVALUATION} lacks a part; make the run again")
    return Run(folder, Evaluation.from_json(parts["validation"]), Evaluation.from_json(parts["test"]), record)


def record_of(
    materials: Sequence[FitContext],
    engines: Sequence[EngineChoice],
    extractions: Sequence[Extraction],
    comparison: Comparison,
    revealed: ArmTestScores,
    journal: RunLog,
) -> dict[str, Any]:
    """What ``run.json`` says: everything that is needed to repeat the run and to believe it."""
    material, engine, extraction = materials[0], engines[0], extractions[0]
    samples, split = material.samples, material.split
    return {
        "schema_version": SCHEMA_VERSION,
        "headstart": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": samples.root,
        "settings": material.settings.model_dump(mode="json"),
        "backbone": material.backbone.to_json(),
        "backbones": [it.backbone.to_json() for it in materials],
        "classes": list(samples.classes),
        "photos": {outcome.value: count for outcome, count in samples.ledger.counts().items()},
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
        "arms": [_arm_in_json(arm) for arm in comparison.arms],
        "left_out": [asdict(it) for it in comparison.left_out],
        "winner": comparison.winner.name,
        "choice": comparison.choice.to_json(),
        "test_opened_for": list(revealed.tests),
        "seconds": journal.seconds,
        "notes": _notes(material, journal),
        "versions": {name: version(name) for name in ("numpy", "onnxruntime", "openvino", "pillow", "timm", "torch")},
        "machine": {"python": platform.python_version(), "platform": platform.platform()},
    }


def _arm_in_json(arm: Arm) -> dict[str, Any]:
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


def write(run: Run, material: FitContext, comparison: Comparison, revealed: ArmTestScores) -> None:
    """Everything beside ``model/``; ``run.json`` last, for it marks the run as finished."""
    replace_text(run.folder / SETTINGS, material.settings.to_toml())
    material.split.save(run.folder / SPLIT)
    save_ledger(material.samples.ledger, run.folder / LEDGER)
    if material.samples.relabels:
        replace_text(run.folder / RELABELS, format_relabels(material.samples.relabels))
    evaluations = {"validation": run.validation.to_json(), "test": run.test.to_json()}
    _write_json(run.folder / EVALUATION, {"schema_version": SCHEMA_VERSION, "parts": evaluations})
    _write_comparison(run.folder, comparison, revealed)
    _write_json(run.folder / RECORD, run.record)


def finished(run: Run, material: FitContext, journal: RunLog) -> Run:
    """The run with what the journal heard since it was written: notes, and what the last stages took."""
    record = {**run.record, "seconds": dict(journal.seconds), "notes": _notes(material, journal)}
    record |= {} if journal.took is None else {"took": journal.took}
    _write_json(run.folder / RECORD, record)
    return replace(run, record=record)


def _notes(material: FitContext, journal: RunLog) -> list[str]:
    return list(dict.fromkeys([*material.samples.ledger.notes, *material.split.notes, *journal.notes]))


def _write_comparison(folder: Path, comparison: Comparison, revealed: ArmTestScores) -> None:
    board = leaderboard.build_leaderboard(comparison, revealed)
    _write_json(
        folder / COMPARISON,
        {
            "schema_version": SCHEMA_VERSION,
            "arms": leaderboard.to_json(board),
            "left_out": [asdict(it) for it in comparison.left_out],
            "choice": comparison.choice.to_json(),
            "test": {
                "opened_for": list(revealed.tests),
                "photos": revealed.n,
                "smallest_difference": revealed.smallest,
                "pairs": [pair.to_json() for pair in revealed.pairs],
            },
        },
    )
    replace_text(folder / f"{LEADERBOARD}.md", leaderboard.to_markdown(board))
    replace_text(folder / f"{LEADERBOARD}.csv", leaderboard.to_csv(board))
    for arm in comparison.arms:
        if arm.curves:
            replace_text(folder / CURVES / f"{arm_file_name(arm.name)}.csv", leaderboard.curves_to_csv(arm.curves))


def _write_json(file: Path, record: dict[str, Any]) -> None:
    replace_text(file, json.dumps(record, indent=2, ensure_ascii=False))
