"""A finished run of any task, read into one record: the pages that every task has are made from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.diagnostics.cue_probes import CueProbe
from headstart.diagnostics.issues import DatasetIssues
from headstart.diagnostics.label_review import LabelReviewRecord
from headstart.diagnostics.score_slices import ScoreSlices
from headstart.reporting.held_out import TaskAnswers, read_task_answers
from headstart.reporting.record_types import RunTrust
from headstart.reporting.run_records import RunRecords, make_missing_error, read_common_files, read_typed_record
from headstart.storage.run_files import make_damage_error, read_run_json
from headstart.storage.run_layout import COMPARISON, EVALUATION, PREDICTIONS, TRUST


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTrust(RunTrust):
    """``trust.json`` of any task; what its diagnostics do not look into is None, or empty."""

    labels: LabelReviewRecord | None = None
    issues: DatasetIssues | None = None
    slices: ScoreSlices | None = None
    shortcuts: tuple[CueProbe, ...] = ()


@dataclass(frozen=True)
class TaskRecords(RunRecords):
    """The files of a run, as any task has them."""

    trust: TaskTrust
    predictions: TaskAnswers
    own: Mapping[str, Any]  #: all of ``trust.json`` as it is written: what the task keeps there is in it

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the outputs, in order: labels, columns of numbers, grades."""
        return self.run.classes

    @property
    def beside_items(self) -> str:
        """A sentence on what is shown beside items, with a blank before it; "" where nothing is."""
        explained = self.trust.explained
        legend = explained.legend or "what spoke for the answer"
        return f" Shown with each: {legend} (by the method {explained.method})." if explained.ids else ""

    @property
    def several(self) -> bool:
        """Whether a target has several parts: labels, or numbers."""
        label = self.predictions.label
        return label.ndim > 1 and label.shape[1] > 1


def read_any_records(folder: Path) -> TaskRecords:
    """Read the folder of a finished run, whatever its task.

    Raises:
        UserError: it is none, a file of it is missing or damaged or does not fit the others, or it was made without
            what the report needs.
    """
    files = read_common_files(folder)
    trust = read_typed_record(folder, TRUST, TaskTrust)
    try:
        predictions = read_task_answers(folder)
    except FileNotFoundError:
        raise make_missing_error(folder, f"{PREDICTIONS}.npz") from None
    records = TaskRecords(**files, trust=trust, predictions=predictions, own=read_run_json(folder / TRUST))
    _check_files(records)
    return records


def _check_files(records: TaskRecords) -> None:
    """Raise an error where a file of a run says something that another one rules out."""
    if not any(row.winner for row in records.comparison.arms):
        raise make_damage_error(records.folder / COMPARISON, "no arm has won")
    for scores in (records.validation, records.test):
        if scores.n < 1:
            raise make_damage_error(records.folder / EVALUATION, f"the part {scores.part!r} has no samples")
        seen = int((records.predictions.part == scores.part).sum())
        if seen < scores.n:
            said = f"it has {seen} samples of the part {scores.part!r}, {EVALUATION} {scores.n}"
            raise make_damage_error(records.folder / f"{PREDICTIONS}.npz", said)
