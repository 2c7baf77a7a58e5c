"""The model card of a run of any task, in Markdown: see ``card``."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from headstart.reporting.card import escape_markdown, make_card_environment
from headstart.reporting.contents import ContentTable, OwnScore, ShownNumber, ShownRange, TaskContents, Text
from headstart.reporting.page import describe_measure
from headstart.reporting.sections.overview import format_date
from headstart.reporting.sections.samples import build_samples_section
from headstart.reporting.sections.task_overview import SMALL_TEST
from headstart.reporting.shown_text import format_shown, write_plain
from headstart.reporting.task_records import TaskRecords
from headstart_runtime.modalities.item import Noun


def render_task_card(records: TaskRecords, contents: TaskContents) -> str:
    """Return the model card of a run's model."""
    noun, trust = records.noun, records.trust
    write = partial(write_plain, fill=noun.fill, clean=escape_part)
    model = records.folder / "model"
    return (
        make_card_environment()
        .get_template("task-card.md")
        .render(
            **describe_measure(records, contents.unit),
            name=records.folder.resolve().name,
            date=format_date(records.run.date),
            run=records.run,
            noun=noun,
            task=records.task,
            contents=contents,
            inputs=records.inputs,
            test=records.test,
            validation=records.validation,
            trust=trust,
            engines=records.engines,
            data=build_samples_section(records, trust.issues.items if trust.issues else None),
            slices=trust.slices.slices if trust.slices else (),
            measure_slice=partial(format_shown, form="percent" if trust.slices and trust.slices.share else "number"),
            say=write,
            score=write(show_score(make_measured_score(records, contents))),
            scores=[(score.name, write(show_score(score))) for score in contents.scores],
            tables=[_write_table(table, write) for table in contents.tables()],
            caveats=tuple(_list_warnings(records, contents)),
            model=" ".join(shlex.quote(str(model)).split()),
            model_in_python=json.dumps(str(model))[1:-1],
        )
    )


def show_score(score: OwnScore) -> Text:
    """Return a score and its interval as a text."""
    value = ShownNumber(f"test.{score.key}", score.value, score.form, score.unit)
    if score.interval is None:
        return (value,)
    ends = ShownRange(f"test.{score.key}", score.interval.low, score.interval.high, score.form, score.unit)
    return value, " (95 % interval ", ends, ")"


def describe_held_out(source: str, count: int, noun: Noun) -> str:
    """Return the samples on which what comes after the heads was fitted, for a sentence."""
    if source == "validation":
        return f"{count:,} validation {noun.form(count)}"
    return f"{noun.count(count)} that were learned from, cross-validated"


def escape_part(text: str) -> str:
    """Return a part of a text for Markdown; blanks at its ends stay."""
    before, after = re.match(r"\s*", text), re.search(r"\s*\Z", text)
    inside = escape_markdown(text)
    return f"{' ' if before and before.group() else ''}{inside}{' ' if inside and after and after.group() else ''}"


def make_measured_score(records: TaskRecords, contents: TaskContents) -> OwnScore:
    """Return the score on test by the measure of the task."""
    form, name = "percent" if records.measure.share else "number", records.measure.name
    return OwnScore("score", name, records.test.score, form, records.test.score_interval, unit=contents.unit)


def _write_table(table: ContentTable, write: Callable[[Text], str]) -> dict[str, Any]:
    return {
        "title": table.title,
        "columns": [(write(column.heading), column.numeric) for column in table.columns],
        "rows": [[write(cell) for cell in row] for row in table.rows],
    }


def _list_warnings(records: TaskRecords, contents: TaskContents) -> Iterator[str]:
    """Yield reasons for caution that the records give."""
    noun, test = records.noun, records.test
    yield from contents.limits
    if test.n < SMALL_TEST:
        yield f"There are only {test.n} test {noun.many}, so the scores are uncertain; see their intervals."
    if records.trust.leaks.leaks:
        yield (
            f"Some held-out {noun.many} {noun.phrases.same_many} as {noun.many} that it learned from, which flatters "
            "the scores on them."
        )
    if (groups := records.trust.groups) is not None and groups.significant:
        yield f"{groups.describe(noun, records.measure)}."
    if records.comparison.opened_test:
        yield f"Other ways than the one that was kept were scored on the test {noun.many} too."
    yield f"All scores are of {noun.many} from the same source; on {noun.many} from elsewhere it may do worse."
