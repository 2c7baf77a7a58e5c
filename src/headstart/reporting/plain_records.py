"""The files of a run as pages for any task read them: scores, arms, and what was recorded of the data and the job."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from headstart.errors import UserError, describe_schema_mismatch
from headstart.evaluation.evaluation import Evaluation, read_evaluation
from headstart.modalities.item import Noun
from headstart.modalities.modality import find_noun
from headstart.reporting.absent import describe_absent_modality
from headstart.selection.leaderboard import LeaderboardRow, from_json
from headstart.storage.run_layout import COMPARISON, EVALUATION, PREDICTIONS, RECORD, SCHEMA_VERSION, TRUST
from headstart.tasks.task import Task, get_task


@dataclass(frozen=True)
class PlainRecords:
    """A run as any task has it."""

    folder: Path
    run: Mapping[str, Any]  #: ``run.json``
    subsets: Mapping[str, Evaluation]  #: "validation", "test"
    board: tuple[LeaderboardRow, ...]  #: of the arms
    reason: str  #: why the winner was chosen
    trust: Mapping[str, Any]  #: ``trust.json``; empty where the run has none

    @property
    def name(self) -> str:
        """The name of the run's folder."""
        return self.folder.resolve().name

    @property
    def task(self) -> Task:
        """The run's task."""
        return get_task(self.run["task"])

    @property
    def absent_modality(self) -> str:
        """In a line what is left out because the modality cannot be had; "" where it can."""
        return describe_absent_modality(self.run["modality"], self.run["packages"])

    @property
    def noun(self) -> Noun:
        """The word that people have for a sample."""
        return find_noun(self.run["modality"])


def read_plain_records(folder: Path) -> PlainRecords:
    """Return the records in a run's folder.

    Raises:
        UserError: a file of the run is missing or damaged.
    """
    run, comparison = _read(folder, RECORD), _read(folder, COMPARISON)
    return PlainRecords(
        folder=folder,
        run=run,
        subsets={name: read_evaluation(value) for name, value in _read(folder, EVALUATION)["parts"].items()},
        board=from_json(comparison["arms"]),
        reason=comparison["choice"]["reason"],
        trust=_read(folder, TRUST) if (folder / TRUST).is_file() else {},
    )


def read_test_answers(folder: Path, output: str) -> Mapping[str, NDArray[Any]]:
    """Return what a saved model says of the test samples: "id", "label", "group" and "outputs", M rows each.

    Args:
        folder: of the run.
        output: the name of the output that an answer is read from.

    Raises:
        UserError: the file is missing or damaged.
    """
    file = folder / f"{PREDICTIONS}.npz"
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as arrays:
            rows = arrays["part"] == "test"
            wanted = {"id": "id", "label": "label", "group": "group", "outputs": output}
            return {name: arrays[key][rows] for name, key in wanted.items()}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise _damaged_error(file, error) from None


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged_error(folder / name, error) from None
    if (version := record.get("schema_version")) != SCHEMA_VERSION:
        raise UserError(describe_schema_mismatch(str(folder / name), version, SCHEMA_VERSION))
    return record


def _damaged_error(file: Path, error: Exception) -> UserError:
    return UserError(f"{str(file)!r} cannot be read: {error}; restore the file or fit again")
