"""The pages of a run whose task brings none of its own: they speak of scores by the task's measure.

The report has scores, ways tried, layers, the learning curve, the data, the time, and what is left out; the card says
what the model is; the page of two runs sets their settings and scores side by side.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.evaluation.evaluation import Evaluation
from headstart.reporting.card import make_card_environment
from headstart.reporting.described_inputs import describe_inputs
from headstart.reporting.embedded_previews import EmbeddedPreviews
from headstart.reporting.page import render_page
from headstart.reporting.plain_records import PlainRecords, read_plain_records
from headstart.reporting.records import total_seconds
from headstart.reporting.sections.repeat import format_setting
from headstart.selection.leaderboard import COLUMNS, format_cells, list_caveats
from headstart.settings import FitSettings
from headstart.tasks.task import Measure, Task

#: What a task may bring, and what is missing where it does not.
FACETS = {
    "training": "Networks were not trained: only heads on frozen networks are fitted.",
    "postprocessing": "Nothing was calibrated, and no interval or set stands beside an answer.",
    "diagnostics": "Labels were not held against the answers; no kind of item and no cue was looked at.",
    "report": "There are no charts.",
}


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A table as cells."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def render_plain_report(folder: Path) -> str:
    """Return the page of a run.

    Raises:
        UserError: a file of the run is missing or damaged.
    """
    records = read_plain_records(folder)
    run, measure = records.run, records.task.measure
    return render_page(
        "plain.html",
        EmbeddedPreviews({}, ()),
        records.noun,
        absent=records.absent_modality,
        name=records.name,
        run=run,
        task=records.task,
        parts=records.subsets,
        columns=COLUMNS,
        rows=tuple(format_cells(records.board, measure)),
        reason=records.reason,
        caveats=tuple(list_caveats(records.board)),
        layers=tuple(_tabulate_layers(run["arms"], measure)),
        curve=_tabulate_curve(records),
        more=_describe_more_data(records),
        data=tuple(describe_data(records)),
        missing=list_missing(records.task),
        seconds=total_seconds(run),
        stages=tuple(run["seconds"].items()),
        settings=tuple(_list_changed_settings(run["settings"])),
        command=records.trust.get("command", ""),
    ).html


def render_plain_card(folder: Path) -> str:
    """Return the model card of a run, Markdown.

    Raises:
        UserError: a file of the run is missing or damaged.
    """
    records = read_plain_records(folder)
    model = folder / "model"
    return (
        make_card_environment()
        .get_template("plain-card.md")
        .render(
            name=records.name,
            run=records.run,
            task=records.task,
            noun=records.noun,
            inputs=describe_inputs(records.run["modality"]),
            test=records.subsets["test"],
            scores=list_scores(records.subsets["test"], records.task.measure),
            data=tuple(describe_data(records)),
            model=" ".join(shlex.quote(str(model)).split()),
            model_in_python=json.dumps(str(model))[1:-1],
        )
    )


def list_missing(task: Task) -> tuple[str, ...]:
    """Return a sentence for each facet that a task leaves out."""
    return tuple(sentence for facet, sentence in FACETS.items() if getattr(task, facet) is None)


def list_scores(evaluation: Evaluation, measure: Measure) -> tuple[tuple[str, str], ...]:
    """Return name and text of an evaluation's score, with its interval, and of its loss."""
    low, high = (measure.format(end) for end in (evaluation.score_interval.low, evaluation.score_interval.high))
    loss = " ".join(filter(None, (f"{evaluation.loss:.3f}", measure.unit)))
    score = f"{measure.format(evaluation.score)} (95 % interval {low} to {high})"
    return ((measure.name, score), (measure.loss, loss))


def describe_data(records: PlainRecords) -> Iterator[str]:
    """Yield sentences on the samples, their split and what is known of them."""
    noun, split = records.noun, records.run["split"]
    parts = ", ".join(f"{split[name]:,} for {words}" for name, words in _SUBSETS.items())
    yield f"{noun.count(sum(split.values()))} of {records.run['source']}: {parts}."
    if (duplicates := records.trust.get("duplicates")) is not None:
        sets, same = len(duplicates["sets"]), f"{noun.many} {noun.phrases.same_many}"
        told = f", as far as could be told: {duplicates['note']}" if duplicates.get("note") else ""
        yield f"In {sets} {'set' if sets == 1 else 'sets'} {same}{told}." if sets else f"No two {same}{told}."
    if leaks := records.trust.get("leaks", {}).get("leaks"):
        held, do = noun.count(len(leaks)), noun.phrases.same_one if len(leaks) == 1 else noun.phrases.same_many
        yield f"{held} that {'was' if len(leaks) == 1 else 'were'} held out {do} as ones that were learnt from."
    if (novelty := records.trust.get("novelty")) is not None:
        yield f"{novelty['accepted']['share']:.1%} of the test {noun.many} are like those that were learnt from."


_SUBSETS = {"train": "training", "validation": "validation", "test": "the test"}


def _tabulate_layers(arms: list[Mapping[str, Any]], measure: Measure) -> Iterator[PlainTable]:
    """Yield a table for each arm that compared the layers of its network."""
    for arm in arms:
        if arm["depth"]:
            rows = tuple(
                (
                    point["layer"],
                    f"{point['width']:,}",
                    "-" if point["score"] is None else measure.format(point["score"]),
                    measure.format(point["validation_score"]),
                )
                for point in arm["depth"]
            )
            columns = (
                "layer",
                "features",
                f"{measure.name}, cross-validated in train",
                f"{measure.name} on validation",
            )
            yield PlainTable(arm["name"], columns, rows)


def _tabulate_curve(records: PlainRecords) -> PlainTable | None:
    """Return the learning curve; None where the samples were too few for one."""
    curve, measure = records.trust.get("learning_curve"), records.task.measure
    if curve is None:
        return None
    rows = tuple(
        (
            f"{size['samples']:,}",
            measure.format(size["score"]),
            f"{measure.format(size['low'])} to {measure.format(size['high'])}",
            f"{size['loss']:.3f}",
            f"{size['repeats']}",
        )
        for size in curve["sizes"]
    )
    columns = (f"training {records.noun.many}", measure.name, "95 % interval", measure.loss, "repeats")
    return PlainTable("Learning curve", columns, rows)


def _describe_more_data(records: PlainRecords) -> str:
    """Return what more samples would bring, a sentence."""
    many, measure, curve = records.noun.many, records.task.measure, records.trust.get("learning_curve")
    if curve is None:
        return f"It cannot be told: these {many} are too few for a learning curve."
    if curve["doubling"] is None:
        return f"How much more {many} would bring cannot be read from this learning curve."
    gain = f"{100 * curve['doubling']:.1f} points" if measure.share else f"{curve['doubling']:.3g}"
    return f"With twice the training {many} expect the {measure.name} to be better by about {gain}."


def _list_changed_settings(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and value of the settings that are not as by default."""
    defaults = FitSettings.load().model_dump(mode="json")
    for name, value in settings.items():
        if name != "out" and value != defaults.get(name):
            yield name, format_setting(value)
