"""The page of a run: sections from its records, in one HTML file that needs nothing beside it."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.resources import files
from itertools import count
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from headstart import __version__
from headstart.evaluation.label_noise import LabelNoise, describe_label_noise
from headstart.reporting.charts.inline import draw_inline
from headstart.reporting.charts.svg.style import STYLE
from headstart.reporting.embedded_previews import SHEET, EmbeddedPreviews
from headstart.reporting.glossary import Glossary
from headstart.reporting.records import Records
from headstart.reporting.run_records import RunRecords
from headstart.reporting.sections.arms import build_arms_section
from headstart.reporting.sections.cost import build_cost_section
from headstart.reporting.sections.data import build_data_section
from headstart.reporting.sections.more_data import build_more_data_section
from headstart.reporting.sections.overview import build_overview
from headstart.reporting.sections.repeat import build_repeat_section
from headstart.reporting.sections.screening import build_screening_section
from headstart.reporting.sections.slices import build_slices_section
from headstart.reporting.sections.test import build_test_section
from headstart.reporting.sections.training import build_training_section
from headstart.reporting.shown_numbers import ShownNumbers
from headstart.reporting.shown_text import TextLayout
from headstart.reporting.template_environment import make_environment
from headstart_runtime.inference.engine_agreement import ENGINE_NAMES
from headstart_runtime.modalities.item import Noun

SECTIONS = {
    "data": "{Many}",
    "arms": "Ways tried",
    "training": "Training",
    "test": "Test",
    "screening": "The positive class",
    "slices": "Kinds of {many}",
    "more-data": "Would more {many} help?",
    "advisor": "Expected and found",
    "cost": "Time and memory",
    "repeat": "How to repeat it",
    "words": "Words used here",
}  #: a template's name -> the section's heading


@dataclass(frozen=True)
class Page:
    """A page as it is written."""

    html: str
    numbers: dict[str, int | float]  #: every number that it shows, by name; also inside ``html``


def render_report(records: Records) -> Page:
    """Return the report of a run."""
    noun = records.noun
    data, arms, training = build_data_section(records), build_arms_section(records), build_training_section(records)
    more, tested = build_more_data_section(records), build_test_section(records)
    wanted = (*tested.previews(), *data.previews(), SHEET, *tested.matrix.previews())
    screening = build_screening_section(records)
    without = {"training": not training.arms, "advisor": records.run.advice is None, "screening": screening is None}
    return render_page(
        "report.html",
        EmbeddedPreviews(records.previews, wanted),
        noun,
        absent=records.absent_modality,
        **describe_measure(records),
        unlike_words="two classes",
        overview_template="overview.html",
        section_templates={},
        run=records.run,
        test=records.test,
        trust=records.trust,
        engines=records.engines,
        engine_names=ENGINE_NAMES,
        item_name=records.name,
        sections=tuple((id_, noun.fill(title)) for id_, title in SECTIONS.items() if not without.get(id_)),
        overview=build_overview(records, data, arms, more),
        data=data,
        arms=arms,
        training=training,
        tested=tested,
        screening=screening,
        slices=build_slices_section(records),
        more=more,
        cost=build_cost_section(records),
        repeat=build_repeat_section(records),
    )


def describe_measure(records: RunRecords, unit: str = "") -> Mapping[str, Any]:
    """Return what templates ask of a task's measure: its words, and the forms of scores and of differences.

    Args:
        records: of a run of the task.
        unit: of a score.
    """
    measure = records.measure
    return {
        "measure": measure,
        "score_unit": unit,
        "score_form": "percent" if measure.share else "number",
        "difference_form": "points" if measure.share else "signed",
        "counts_right": measure.share and measure.counted,
        "score_name": records.task.measure.name.replace(" ", "_"),  # in names of numbers, where the loss has another
        "loss_name": measure.loss.replace(" ", "_"),
    }


def render_page(template: str, previews: EmbeddedPreviews, noun: Noun, *, absent: str = "", **context: object) -> Page:
    """Return a page made from a template; whatever is put into it is escaped, and no script but ours may run in it.

    Args:
        template: its file.
        previews: of items, which are embedded.
        noun: for items.
        absent: what is left out because a package is not installed, in a line; "" for nothing.
        **context: the template's own values.
    """
    numbers, script, glossary, drawn = ShownNumbers(), _read_asset("page.js"), Glossary(noun), count()
    html = (
        _make_environment()
        .get_template(template)
        .render(
            **context,
            noun=noun,
            absent=absent,
            show=numbers,
            term=glossary,
            say=TextLayout(numbers, glossary),
            draw_chart=lambda chart: draw_inline(chart, f"chart-own-{next(drawn)}"),
            describe_label_noise=partial(_describe_label_noise, show=numbers),
            previews=previews,
            chart_css=Markup(STYLE),  # noqa: S704
            css=Markup(_read_asset("page.css")),  # noqa: S704
            script=Markup(script),  # noqa: S704
            script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
            version=__version__,
        )
    )
    return Page(html, numbers.values)


def _describe_label_noise(errors: LabelNoise, show: Callable[[str, int], Markup]) -> Markup:
    """Return the sentence on wrong labels, its numbers kept."""
    safe = replace(errors, reason=str(escape(errors.reason)))
    return Markup(describe_label_noise(safe, lambda name, value: str(show(f"labels.{name}", value))))  # noqa: S704


@cache
def _make_environment() -> Environment:
    environment = make_environment(escape=True)
    environment.filters |= {"sentence": _begin_sentence, "command": _mark_flags}
    return environment


def _mark_flags(command: str) -> Markup:
    """Return a command as markup that breaks no line within a flag: "--text" would become "-" and "-text"."""
    flag = Markup('<span class="flag">{}</span>')
    return Markup(" ").join(flag.format(word) if word.startswith("-") else word for word in command.split(" "))


def _begin_sentence(text: str) -> str:
    """Return a clause as a sentence begins: its first letter is upper case; markup stays markup."""
    return text[:1].upper() + text[1:]


@cache
def _read_asset(name: str) -> str:
    return (files("headstart.reporting") / "templates" / name).read_text("utf-8")
