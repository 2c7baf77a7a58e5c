"""The answers of a run that are furthest off, for any task: as the table of its predictions has them."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from headstart.evaluation.grouping import Targets
from headstart.runs.tables import MOST_SHOWN, show_preview
from headstart.storage.previews import read_previews
from headstart.storage.run_files import make_damage_error, read_run_arrays
from headstart.storage.run_layout import PREDICTIONS, PREVIEWS
from headstart_runtime.csv_cells import unescape_cell
from headstart_runtime.errors import UserError
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.item import SAMPLE, Noun
from headstart_runtime.tasks.task import Task

_NOT_SAID = ("part",)  #: columns that say nothing of an answer


@dataclass(frozen=True)
class WorstAnswer:
    """A sample of test or validation, its label and what was answered."""

    name: str  #: in the source
    cells: Mapping[str, str]  #: by the columns of predictions.csv, such as "label", "predicted", "value"
    preview: Thumbnail | None = field(repr=False)  #: where the run has one


class WorstAnswers(list[WorstAnswer]):
    """Answers, those that are furthest off first."""

    def __init__(self, answers: Iterable[WorstAnswer] = (), noun: Noun | None = None) -> None:
        """Take the answers and the word that people have for a sample."""
        super().__init__(answers)
        self.noun = noun or SAMPLE

    def _repr_html_(self) -> str:
        cells = []
        for one in self[:MOST_SHOWN]:
            shown = show_preview(one.preview) if one.preview else ""
            said = "<br>".join(f"{escape(column)} <b>{escape(cell)}</b>" for column, cell in one.cells.items() if cell)
            cells.append(
                f'<div style="display:inline-block;margin:4px;vertical-align:top;max-width:14em;font-size:85%;'
                f'overflow-wrap:anywhere">{shown}{escape(one.name)}<br>{said}</div>'
            )
        more = f"<div>... and {len(self) - MOST_SHOWN:,} more</div>" if len(self) > MOST_SHOWN else ""
        return "".join(cells) + more if self else f"<div>there is no {self.noun.one}</div>"


def list_worst_answers(folder: Path, task: Task, noun: Noun, subset: str = "test") -> WorstAnswers:
    """Return the answers to the samples of a subset, the worst first, as the task ranks them.

    Args:
        folder: of the run.
        task: of the run.
        noun: of the samples.
        subset: "test" or "validation".

    Raises:
        UserError: the run has no predictions, or a file of it is damaged.
    """
    file, table = folder / f"{PREDICTIONS}.npz", folder / f"{PREDICTIONS}.csv"
    try:
        said = read_run_arrays(file)
        _check_arrays(file, said, ("id", "part", "label", "group", task.answer))
        text = table.read_bytes().decode("utf-8-sig", "backslashreplace")
    except FileNotFoundError as error:
        raise UserError(f"{str(folder)!r} has no {Path(error.filename).name}; make the run again") from None
    header, *lines = [row for row in csv.reader(io.StringIO(text, newline="")) if row] or [[]]
    lengths = {len(array) for array in said.values()} | {len(lines)}
    if len(lengths) != 1 or any(len(line) != len(header) for line in lines):
        raise make_damage_error(table, f"its lines do not fit together, nor to {file.name}")
    rows = np.flatnonzero(said["part"] == subset)
    targets = Targets(said["label"][rows], said["group"][rows])
    ranked = rows[task.scoring.rank_rows(targets, {name: array[rows] for name, array in said.items()})]
    previews = read_previews(folder / PREVIEWS)
    return WorstAnswers(
        (_make_answer(header, lines[row], previews.get(str(said["id"][row]))) for row in ranked.tolist()),
        noun,
    )


def _check_arrays(file: Path, arrays: Mapping[str, Any], wanted: Iterable[str]) -> None:
    for name in wanted:
        if name not in arrays:
            raise make_damage_error(file, f"it has no {name}")


def _make_answer(header: list[str], line: list[str], preview: Thumbnail | None) -> WorstAnswer:
    cells = [unescape_cell(cell) for cell in line]
    told = {column: cell for column, cell in zip(header[1:], cells[1:], strict=True) if column not in _NOT_SAID}
    return WorstAnswer(cells[0], told, preview)
