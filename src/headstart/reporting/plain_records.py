"""The files of a run as pages for any task read them: scores, arms, and what was recorded of the data and the job."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from headstart.evaluation.evaluation import Evaluation, read_evaluation
from headstart.modalities.item import Noun
from headstart.modalities.modality import find_noun
from headstart.reporting.absent import describe_absent_modality
from headstart.selection.leaderboard import LeaderboardRow, from_json
from headstart.storage.run_files import make_damage_error, read_run_arrays, read_run_json
from headstart.storage.run_layout import COMPARISON, EVALUATION, PREDICTIONS, RECORD, TRUST
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
    wanted = {"id": "id", "label": "label", "group": "group", "outputs": output}
    try:
        arrays = read_run_arrays(file, ["part", *wanted.values()])
    except FileNotFoundError as error:
        raise make_damage_error(file, error) from None
    if any(array.shape[:1] != arrays["part"].shape for array in arrays.values()):
        raise make_damage_error(file, "its arrays are not of one length")
    rows = arrays["part"] == "test"
    return {name: arrays[key][rows] for name, key in wanted.items()}


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        return read_run_json(folder / name)
    except FileNotFoundError as error:
        raise make_damage_error(folder / name, error) from None
