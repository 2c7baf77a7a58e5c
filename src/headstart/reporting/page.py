"""The page of a run: sections from its records, in one HTML file that needs nothing beside it."""

import base64
import hashlib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from headstart import __version__
from headstart.diagnostics.label_noise import LabelNoise, describe_label_noise
from headstart.reporting.charts.svg.style import STYLE
from headstart.reporting.embedded_pictures import SHEET, EmbeddedPictures
from headstart.reporting.records import Records
from headstart.reporting.sections.arms import build_arms_section, build_training_section
from headstart.reporting.sections.data import build_data_section
from headstart.reporting.sections.overview import build_overview
from headstart.reporting.sections.rest import (
    build_cost_section,
    build_more_data_section,
    build_repeat_section,
    build_slices_section,
)
from headstart.reporting.sections.test import build_test_section
from headstart.reporting.shown_numbers import ShownNumbers

SECTIONS = {
    "data": "Data",
    "arms": "Arms",
    "training": "Training",
    "test": "Test",
    "slices": "Slices",
    "more-data": "More data?",
    "advisor": "Expected and found",
    "cost": "Cost",
    "repeat": "How to repeat it",
}  #: a template's name -> the section's heading


@dataclass(frozen=True)
class Page:
    """A page as it is written."""

    html: str
    figures: dict[str, int | float]  #: every number that it shows, by name; also inside ``html``


def render_report(records: Records) -> Page:
    """The report of a run."""
    data, arms, training = build_data_section(records), build_arms_section(records), build_training_section(records)
    more, tested = build_more_data_section(records), build_test_section(records)
    wanted = (*tested.pictures(), *data.pictures(), SHEET, *tested.matrix.pictures())
    without = {"training": not training.arms, "advisor": not records.run.get("advice")}
    return render_page(
        "report.html",
        EmbeddedPictures(records.pictures, wanted),
        run=records.run,
        test=records.test,
        trust=records.trust,
        sections=tuple((id_, title) for id_, title in SECTIONS.items() if not without.get(id_)),
        overview=build_overview(records, data, arms, more),
        data=data,
        arms=arms,
        training=training,
        on_test=tested,
        slices=build_slices_section(records),
        more=more,
        cost=build_cost_section(records),
        repeat=build_repeat_section(records),
    )


def render_page(template: str, pictures: EmbeddedPictures, **context: object) -> Page:
    """A page from a template; whatever is put into it is escaped, and no script but ours may run in it."""
    figures, script = ShownNumbers(), _read_asset("page.js")
    html = (
        _environment()
        .get_template(template)
        .render(
            **context,
            figure=figures,
            label_errors=lambda it: _describe_label_errors(it, figures),
            pictures=pictures,
            chart_css=Markup(STYLE),  # noqa: S704
            css=Markup(_read_asset("page.css")),  # noqa: S704
            script=Markup(script),  # noqa: S704
            script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
            version=__version__,
        )
    )
    return Page(html, figures.values)


def _describe_label_errors(it: LabelNoise, figures: ShownNumbers) -> Markup:
    """The sentence on wrong labels, its numbers as figures."""
    safe = replace(it, reason=str(escape(it.reason)))
    return Markup(describe_label_noise(safe, lambda name, value: str(figures(f"labels.{name}", value))))  # noqa: S704


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("headstart.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _read_asset(name: str) -> str:
    return (files("headstart.reporting") / "templates" / name).read_text("utf-8")
