"""The run: one folder with everything a fit did. What ``fit`` returns, and what a later session opens again."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from headstart import __version__
from headstart.data.ledger import save_ledger
from headstart.data.samples import Part
from headstart.data.writing import replace_text
from headstart.engines.choose import Chosen
from headstart.errors import UserError
from headstart.evaluation.evaluation import Evaluation
from headstart.features.extract import Extraction
from headstart.journal import Journal
from headstart.runtime.classifier import Classifier, load
from headstart.strategies.strategy import Arm, Material

SCHEMA_VERSION = 1
RECORD, SETTINGS, SPLIT, LEDGER, EVALUATION, MODEL = (
    "run.json",
    "settings.toml",
    "split.json",
    "ledger.jsonl",
    "evaluation.json",
    "model",
)
UNFINISHED = ".unfinished"  #: marks the folder of a run that is under way or was killed


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: Path
    validation: Evaluation  #: of the winning arm, fitted on train
    test: Evaluation  #: of the saved classifier, read back, from file bytes to class name
    record: dict[str, Any] = field(repr=False)  #: what run.json says

    @cached_property
    def classifier(self) -> Classifier:
        """The saved classifier."""
        return load(self.folder / MODEL)

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


def open_run(folder: str | Path) -> Run:
    """Opens the folder of a finished run.

    Raises:
        UserError: it is none, or of another schema.
    """
    folder = Path(folder).expanduser()
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        parts = json.loads((folder / EVALUATION).read_text("utf-8"))["parts"]
        schema = record["schema_version"]
    except (OSError, ValueError, KeyError, TypeError):
        state = "there is no such folder" if not folder.exists() else "it has no finished run in it"
        raise UserError(f"{str(folder)!r} is not a run: {state}; give the folder that headstart fit wrote") from None
    if schema != SCHEMA_VERSION:
        raise UserError(
            f"{str(folder)!r} has schema version {schema}, this headstart reads {SCHEMA_VERSION}; "
            "open it with the headstart that wrote it"
        )
    if not {"validation", "test"} <= parts.keys():
        raise UserError(f"{str(folder)!r} is not a whole run: {EVALUATION} lacks a part; make the run again")
    return Run(folder, Evaluation.from_json(parts["validation"]), Evaluation.from_json(parts["test"]), record)


def record_of(
    material: Material,
    engine: Chosen,
    extraction: Extraction,
    arms: Sequence[Arm],
    winner: Arm,
    journal: Journal,
) -> dict[str, Any]:
    """What ``run.json`` says: everything that is needed to repeat the run and to believe it."""
    samples, split = material.samples, material.split
    return {
        "schema_version": SCHEMA_VERSION,
        "headstart": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": samples.root,
        "settings": material.settings.model_dump(mode="json"),
        "backbone": material.backbone.to_json(),
        "classes": list(samples.classes),
        "photos": {outcome.value: count for outcome, count in samples.ledger.counts().items()},
        "copies": len(samples.copies),
        "split": {part.value: len(split.of(samples, part)) for part in Part},
        "engine": {"name": engine.engine.name, "precision": engine.engine.precision},
        "proofs": [asdict(proof) for proof in engine.proofs],
        "space": {"fingerprint": extraction.space.fingerprint, "description": extraction.space.description},
        "extraction": {"asked": extraction.asked, "computed": extraction.computed, "seconds": extraction.seconds},
        "arms": [_arm_in_json(arm) for arm in arms],
        "winner": winner.name,
        "seconds": journal.seconds,
        "notes": [*samples.ledger.notes, *split.notes, *journal.notes],
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
        "chosen": dict(arm.chosen),
        "path": [asdict(trial) for trial in arm.path],
        "validation": arm.validation.to_json(),
        "seconds": arm.seconds,
    }


def write(run: Run, material: Material) -> None:
    """Everything beside ``model/``; ``run.json`` last, for it marks the run as finished."""
    replace_text(run.folder / SETTINGS, material.settings.to_toml())
    material.split.save(run.folder / SPLIT)
    save_ledger(material.samples.ledger, run.folder / LEDGER)
    evaluations = {"validation": run.validation.to_json(), "test": run.test.to_json()}
    replace_text(
        run.folder / EVALUATION, json.dumps({"schema_version": SCHEMA_VERSION, "parts": evaluations}, indent=2)
    )
    replace_text(run.folder / RECORD, json.dumps(run.record, indent=2, ensure_ascii=False))
