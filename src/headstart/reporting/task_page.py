"""The page of a run of any task: the sections that every run has, by the task's measure, and what the task brings."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from headstart.reporting.charts.catalog import novelty_chart
from headstart.reporting.charts.inline import draw_charts
from headstart.reporting.charts.task_charts import score_slices_chart
from headstart.reporting.contents import (
    Block,
    ContentTable,
    ItemList,
    ShownItem,
    ShownNumber,
    Tag,
    TaskContents,
    list_previews,
)
from headstart.reporting.embedded_previews import SHEET, EmbeddedPreviews
from headstart.reporting.page import SECTIONS, Page, describe_measure, render_page
from headstart.reporting.sections.arms import build_arms_section
from headstart.reporting.sections.cost import build_cost_section
from headstart.reporting.sections.more_data import build_more_data_section
from headstart.reporting.sections.repeat import build_repeat_section
from headstart.reporting.sections.samples import SamplesSection, build_samples_section
from headstart.reporting.sections.strata import tabulate_strata
from headstart.reporting.sections.suspects import list_suspect_blocks
from headstart.reporting.sections.task_overview import build_task_overview
from headstart.reporting.sections.training import build_training_section
from headstart.reporting.task_records import TaskRecords
from headstart_runtime.inference.engine_agreement import ENGINE_NAMES

#: Templates of the sections that are not those of a classifier, by the section's id.
OWN_TEMPLATES = {"data": "task-data.html", "test": "task-test.html", "slices": "task-slices.html"}
#: What a task may bring, and what is missing where it does not.
FACETS = {
    "training": "Networks were not trained: only heads on frozen networks are fitted.",
    "postprocessing": "Nothing was calibrated, and no interval or set stands beside an answer.",
    "diagnostics": "Labels were not held against the answers; no kind of {one} and no cue was looked at.",
    "report": "There are no charts of its answers.",
}

MOST_STRANGE = 12  #: samples unlike those learned from that are shown


@dataclass(frozen=True)
class TaskSamples:
    """The contents of the section on the samples."""

    common: SamplesSection
    counts: ContentTable | None
    labels: tuple[Block, ...]
    missing: tuple[str, ...]  #: what the task does not bring, sentences


def render_task_report(records: TaskRecords, contents: TaskContents) -> Page:
    """Return the report of a run."""
    noun, trust = records.noun, records.trust
    samples = build_samples_section(records, trust.issues.items if trust.issues else None)
    arms, training = build_arms_section(records), build_training_section(records)
    data = TaskSamples(samples, _choose_counts(records, contents), list_suspect_blocks(records), list_missing(records))
    without = {
        "training": not training.arms,
        "advisor": records.run.advice is None,
        "screening": True,  # it is of classes
        "slices": trust.slices is None or not trust.slices.slices,
    }
    strangest = _list_strangest(records)
    unlike = () if strangest is None else list_previews(strangest)
    wanted = (*contents.previews(), *unlike, *_list_sample_previews(data), SHEET)
    return render_page(
        "report.html",
        EmbeddedPreviews(records.previews, wanted),
        noun,
        absent=records.absent_modality,
        **describe_measure(records, contents.unit),
        unlike_words="two labels",
        slice_form="percent" if trust.slices is None or trust.slices.share else "number",
        overview_template="task-overview.html",
        section_templates=OWN_TEMPLATES,
        run=records.run,
        test=records.test,
        validation=records.validation,
        trust=trust,
        engines=records.engines,
        engine_names=ENGINE_NAMES,
        item_name=records.name,
        sections=tuple((id_, noun.fill(title)) for id_, title in SECTIONS.items() if not without.get(id_)),
        overview=build_task_overview(records, samples, contents),
        contents=contents,
        data=samples,
        samples=data,
        several=records.several,
        arms=arms,
        training=training,
        slices=trust.slices,
        slice_charts=draw_charts(score_slices_chart, records),
        novelty_charts=draw_charts(novelty_chart, records),
        strangest=strangest,
        more=build_more_data_section(records),
        cost=build_cost_section(records),
        repeat=build_repeat_section(records),
    )


def describe_any(records: TaskRecords) -> TaskContents:
    """Return the contents of a task that brings none of its own: its title, and what its evaluation tells."""
    return TaskContents(heading=f"{records.folder.resolve().name}: {records.task.title}", answers=())


def list_missing(records: TaskRecords) -> tuple[str, ...]:
    """Return a sentence for each facet that the run's task leaves out."""
    missing = (sentence for facet, sentence in FACETS.items() if getattr(records.task, facet) is None)
    return tuple(map(records.noun.fill, missing))


def _choose_counts(records: TaskRecords, contents: TaskContents) -> ContentTable | None:
    if contents.counts is not None:
        return contents.counts
    strata = records.trust.strata
    return tabulate_strata(strata) if strata is not None else None


def _list_sample_previews(data: TaskSamples) -> Iterator[str]:
    yield from data.common.pair_previews()
    for block in data.labels:
        yield from list_previews(block)
    yield from data.common.issue_previews()


def _list_strangest(records: TaskRecords) -> ItemList | None:
    """Return the test samples that are least like those learned from; None where none is beyond the threshold."""
    rows = np.flatnonzero((records.predictions.part == "test") & (records.predictions.novelty > 1))
    rows = rows[np.argsort(-records.predictions.novelty[rows], kind="stable")][:MOST_STRANGE]
    if not len(rows):
        return None
    items = tuple(_show_strange(records, row) for row in rows.tolist())
    return ItemList(items, records.noun.one, records.noun.many, most=MOST_STRANGE, detailed=False)


def _show_strange(records: TaskRecords, row: int) -> ShownItem:
    id_, novelty = str(records.predictions.id[row]), float(records.predictions.novelty[row])
    tag = (" ", Tag("unlike training", worse=True)) if records.predictions.out_of_distribution[row] else ()
    line = ("novelty ", ShownNumber(f"item.{row}.novelty", novelty, "three"), *tag)
    return ShownItem(id_, records.name(id_), records.name(id_), (line,))
