"""A finished run's folder, read into one record: what every run has, whatever its task."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from headstart.data.ledger import load_ledger
from headstart.data.samples import Ledger
from headstart.data.split import Split
from headstart.evaluation.evaluation import Evaluation, read_evaluation
from headstart.reporting.absent import describe_absent_modality, get_task_of_run
from headstart.reporting.described_inputs import describe_inputs
from headstart.reporting.held_out import HeldOutRows
from headstart.reporting.record_types import ComparisonRecord, RunRecord, RunTrust
from headstart.storage.previews import read_previews
from headstart.storage.run_files import make_damage_error, read_run_json
from headstart.storage.run_layout import (
    COMPARISON,
    EVALUATION,
    LEDGER,
    MODEL,
    PREVIEWS,
    RECORD,
    SPLIT,
)
from headstart_runtime.errors import DataError, UserError
from headstart_runtime.inference.engine_agreement import EngineAgreement
from headstart_runtime.inference.model_format import RECORD as MODEL_RECORD
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import find_noun
from headstart_runtime.parsing import parse_json
from headstart_runtime.tasks.task import Measure, TargetSpace, Task, get_task

_Record = TypeVar("_Record")


@dataclass(frozen=True)
class RunRecords:
    """The files of a run, whatever its task."""

    folder: Path
    run: RunRecord
    validation: Evaluation  #: of the winning arm, fitted on train
    test: Evaluation  #: of the saved classifier
    comparison: ComparisonRecord
    trust: RunTrust
    predictions: HeldOutRows
    split: Split
    ledger: Ledger
    engines: (
        EngineAgreement | None
    )  #: what answered the test samples; None where the model is not there or does not say

    @property
    def task(self) -> Task:
        """The task."""
        return get_task(self.run.task)

    @property
    def measure(self) -> Measure:
        """The score and the loss by which the task compares."""
        return self.test.measure

    @property
    def space(self) -> TargetSpace:
        """The possible targets."""
        return TargetSpace(self.run.task, self.run.classes, self.run.target_facts)

    @property
    def noun(self) -> Noun:
        """The word that people have for a sample."""
        return find_noun(self.run.modality)

    @property
    def absent_modality(self) -> str:
        """In a line what is left out because the modality cannot be had; "" where it can."""
        return describe_absent_modality(self.run.modality, self.run.packages)

    @property
    def inputs(self) -> str:
        """The inputs of the saved graph in words, as Markdown."""
        return describe_inputs(self.run.modality)

    @property
    def seconds(self) -> float:
        """Seconds that the run took, without the report."""
        return _sum_seconds(self.run.took, self.run.seconds)

    @cached_property
    def previews(self) -> Mapping[str, Thumbnail]:
        """Small copies of items by key: an id, "heat/" and an id, or "sheet"; empty where the run kept none."""
        return read_previews(self.folder / PREVIEWS)

    def name(self, id_: str) -> str:
        """Return a sample's name for people; its id where the run does not say."""
        return self.trust.names.get(id_, id_)


def total_seconds(record: Mapping[str, Any]) -> float:
    """Return the seconds that a run took, from ``run.json``: the one number that is shown, without the report."""
    return _sum_seconds(record.get("took"), record["seconds"])


def _sum_seconds(took: float | None, stages: Mapping[str, float]) -> float:
    """Return the time by the clock; where the run was not finished by a fit, the sum of its stages."""
    if took is not None:
        return float(took)
    return float(sum(seconds for stage, seconds in stages.items() if stage != "report"))


def read_task_name(folder: Path) -> str:
    """Return the name of a run's task.

    Raises:
        UserError: the folder is no finished run, or its record is damaged.
    """
    return _read_name(folder, "task")


def read_task(folder: Path) -> Task:
    """Return a run's task.

    Raises:
        UserError: the folder is no finished run, its record is damaged, or its task cannot be had.
    """
    read_task_name(folder)
    return get_task_of_run(str(folder), _read_json(folder, RECORD))


def read_absent_modality(folder: Path) -> str:
    """Return in a line what a report leaves out because the run's modality cannot be had; "" where it can.

    Raises:
        UserError: the folder is no finished run, or its record is damaged.
    """
    return describe_absent_modality(_read_name(folder, "modality"), _read_json(folder, RECORD).get("packages", {}))


def refuse_unlike_runs(first: Path, second: Path) -> None:
    """Raise an error where two runs are of two kinds of data, or of two tasks: no number of theirs can be compared.

    Raises:
        UserError: they are, or one of them is no finished run.
    """
    kinds = [find_noun(_read_name(folder, "modality")).many for folder in (first, second)]
    tasks = [read_task(folder).title for folder in (first, second)]
    for one, other in (kinds, tasks):
        if one != other:
            raise UserError(
                f"{str(first)!r} is a run on {one} and {str(second)!r} one on {other}, which cannot be compared; name "
                "two runs of one kind"
            )


def _read_name(folder: Path, key: str) -> str:
    if not os.path.isfile(folder / RECORD):  # noqa: PTH113 (Path.is_file raises for names that are too long)
        state = "it has no finished run in it" if os.path.exists(folder) else "there is no such folder"  # noqa: PTH110
        raise UserError(f"{str(folder)!r} is not a run: {state}; give the folder that headstart fit wrote")
    name = _read_json(folder, RECORD).get(key)
    if not isinstance(name, str):
        raise make_damage_error(folder / RECORD, f"{key}: a name is missing")
    return name


def read_common_files(folder: Path) -> dict[str, Any]:
    """Return what every run's folder has, by the fields of ``RunRecords``: all but "trust" and "predictions".

    Raises:
        UserError: a file of it is missing or damaged.
    """
    run, evaluation = read_typed_record(folder, RECORD, RunRecord), _read_json(folder, EVALUATION)
    try:
        subsets = {name: read_evaluation(evaluation["parts"][name]) for name in ("validation", "test")}
    except (KeyError, TypeError, DataError) as error:
        raise make_damage_error(folder / EVALUATION, error) from None
    return {
        "folder": folder,
        "run": run,
        **subsets,
        "comparison": read_typed_record(folder, COMPARISON, ComparisonRecord),
        "split": Split.load(folder / SPLIT),
        "ledger": load_ledger(folder / LEDGER),
        "engines": _read_engines(folder),
    }


def _read_engines(folder: Path) -> EngineAgreement | None:
    """Return what the model's record says of the engines; None where the model was moved away, or was not scored."""
    name = f"{MODEL}/{MODEL_RECORD}"
    if not (folder / name).is_file():
        return None
    try:
        found = parse_json((folder / name).read_text("utf-8")).get("engines")
        return EngineAgreement.from_json(found) if found else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise make_damage_error(folder / name, error) from None


def read_typed_record(folder: Path, name: str, kind: type[_Record]) -> _Record:
    """Return a JSON file of a run as a dataclass, everything inside it too.

    Raises:
        UserError: it is missing or damaged, or a field of it is.
    """
    from pydantic import TypeAdapter, ValidationError

    value = _read_json(folder, name)
    try:
        record: _Record = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise make_damage_error(folder / name, f"{place}: {first['msg']}") from None
    return record


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        return read_run_json(folder / name)
    except FileNotFoundError:
        raise make_missing_error(folder, name) from None


def make_missing_error(folder: Path, name: str) -> UserError:
    """Return the error of a run that was made without a file that its report needs."""
    return UserError(
        f"{str(folder)!r} has no {name}, which the report is made from: the run was made with the report off; fit "
        "again with report on (features that are stored are not computed again)"
    )
