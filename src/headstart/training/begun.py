"""Plans of trainings that were begun under a budget and have not ended, so that the same command goes on with them.

How many epochs fit is found by timing, and a killed run that is started again finds less to prepare and the machine at
another pace. Planned anew it would often begin anew.
"""

import glob
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.storage.atomic import replace_text
from headstart.storage.prune import TRAINED
from headstart.training.cache import CHECKPOINT, digest_purpose, locate_unfinished
from headstart.training.checkpoint import count_epochs

if TYPE_CHECKING:
    from headstart.training.inputs import TrainingInputs

PLAN = "plan.json"  #: beside the checkpoint
_FIELDS = {"purpose", "unfreeze", "views", "epochs"}


@dataclass(frozen=True, slots=True)
class BegunPlan:
    """The plan of a training that has a checkpoint."""

    unfreeze: str | None  #: the lowest layer that is trained
    views: int  #: of each sample
    epochs: int
    done: int  #: epochs that its checkpoint has

    @property
    def left(self) -> int:
        """Epochs that are to be made."""
        return self.epochs - self.done


def write_plan(inputs: "TrainingInputs", folder: Path) -> None:
    """Write what a training is planned as into its folder, that of the checkpoint."""
    plan = {"unfreeze": inputs.spec.unfreeze, "views": inputs.settings.views, "epochs": inputs.epochs}
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / PLAN, json.dumps({"purpose": _describe(inputs), **plan}))


def list_begun(inputs: "TrainingInputs") -> list[BegunPlan]:
    """Return plans of trainings like this one, under the same budget, that have a checkpoint; the furthest first."""
    trained, name = inputs.spec.folder / TRAINED, inputs.spec.backbone.architecture
    files = trained.glob(locate_unfinished(Path(f"{glob.escape(name)}-*")).name + f"/{PLAN}")
    kept = [(file, record) for file in files if (record := _read(file)) is not None]
    purpose = _describe(inputs) if kept else []
    plans = []
    for file, record in kept:
        if record.pop("purpose") == purpose and (done := count_epochs(file.with_name(CHECKPOINT))):
            plans.append(BegunPlan(**record, done=done))
    return sorted(plans, key=lambda plan: plan.left / plan.epochs)


def _describe(inputs: "TrainingInputs") -> list[str | None]:
    """Return what a plan is for, as JSON gives it."""
    return [digest_purpose(inputs), inputs.spec.settings.budget]


def _read(file: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and set(record) == _FIELDS else None
