"""The report of a run whose task brings no pages of its own: scores, ways tried, time, and what is left out."""

import json
from pathlib import Path
from typing import Any

from headstart.errors import UserError, describe_schema_mismatch
from headstart.evaluation.evaluation import read_evaluation
from headstart.modalities.modality import find_noun
from headstart.reporting.embedded_previews import EmbeddedPreviews
from headstart.reporting.page import render_page
from headstart.reporting.records import total_seconds
from headstart.selection.leaderboard import COLUMNS, format_cells, from_json, list_caveats
from headstart.storage.run_layout import COMPARISON, EVALUATION, RECORD, SCHEMA_VERSION
from headstart.tasks.task import Task, get_task

#: What a task may bring, and what is missing where it does not.
FACETS = {
    "training": "Networks were not trained: only heads on frozen networks are fitted.",
    "postprocessing": "Nothing was calibrated, and no interval or set stands beside an answer.",
    "diagnostics": "Labels were not held against the answers; no kind of item and no cue was looked at.",
    "report": "There are no charts, and no model card was written.",
}


def render_plain_report(folder: Path) -> str:
    """Return the page of a run.

    Raises:
        UserError: a file of the run is missing or damaged.
    """
    run, comparison = _read(folder, RECORD), _read(folder, COMPARISON)
    parts = {name: read_evaluation(value) for name, value in _read(folder, EVALUATION)["parts"].items()}
    task, board = get_task(run["task"]), from_json(comparison["arms"])
    return render_page(
        "plain.html",
        EmbeddedPreviews({}, ()),
        find_noun(run["modality"]),
        name=folder.resolve().name,
        run=run,
        task=task,
        parts=parts,
        columns=COLUMNS,
        rows=tuple(format_cells(board, task.measure)),
        reason=comparison["choice"]["reason"],
        caveats=tuple(list_caveats(board)),
        missing=list_missing(task),
        seconds=total_seconds(run),
    ).html


def list_missing(task: Task) -> tuple[str, ...]:
    """Return a sentence for each facet that a task leaves out."""
    return tuple(sentence for facet, sentence in FACETS.items() if getattr(task, facet) is None)


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{str(folder / name)!r} cannot be read: {error}; restore the file or fit again") from None
    if (version := record.get("schema_version")) != SCHEMA_VERSION:
        raise UserError(describe_schema_mismatch(str(folder / name), version, SCHEMA_VERSION))
    return record
