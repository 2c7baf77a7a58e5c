"""The page of a run: sections from its records, in one HTML file that needs nothing beside it."""

import base64
import hashlib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from headstart import __version__
from headstart.diagnostics.label_issues import LabelErrors, describe_label_errors
from headstart.reporting.charts.svg.style import STYLE
from headstart.reporting.embedded_pictures import SHEET, Pictures
from headstart.reporting.records import Records
from headstart.reporting.sections.arms import arms_section, training_section
from headstart.reporting.sections.data import data_section
from headstart.reporting.sections.overview import overview_of
from headstart.reporting.sections.rest import cost_section, more_section, repeat_section, slices_section
from headstart.reporting.sections.test import on_test
from headstart.reporting.shown_numbers import Figures

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


def page_of(records: Records) -> Page:
    """The report of a run."""
    data, arms, training = data_section(records), arms_section(records), training_section(records)
    more, tested = more_section(records), on_test(records)
    wanted = (*tested.pictures(), *data.pictures(), SHEET, *tested.matrix.pictures())
    without = {"training": not training.arms, "advisor": not records.run.get("advice")}
    return rendered(
        "report.html",
        Pictures(records.pictures, wanted),
        run=records.run,
        test=records.test,
        trust=records.trust,
        sections=tuple((id_, title) for id_, title in SECTIONS.items() if not without.get(id_)),
        overview=overview_of(records, data, arms, more),
        data=data,
        arms=arms,
        training=training,
        on_test=tested,
        slices=slices_section(records),
        more=more,
        cost=cost_section(records),
        repeat=repeat_section(records),
    )


def rendered(template: str, pictures: Pictures, **context: object) -> Page:
    """A page from a template; whatever is put into it is escaped, and no script but ours may run in it."""
    figures, script = Figures(), _asset("page.js")
    html = (
        _environment()
        .get_template(template)
        .render(
            **context,
            figure=figures,
            label_errors=lambda it: _label_errors(it, figures),
            pictures=pictures,
            chart_css=Markup(STYLE),  # noqa: S704
            css=Markup(_asset("page.css")),  # noqa: S704
            script=Markup(script),  # noqa: S704
            script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
            version=__version__,
        )
    )
    return Page(html, figures.values)


def _label_errors(it: LabelErrors, figures: Figures) -> Markup:
    """The sentence on wrong labels, its numbers as figures."""
    safe = replace(it, untold=str(escape(it.untold)))
    return Markup(describe_label_errors(safe, lambda name, value: str(figures(f"labels.{name}", value))))  # noqa: S704


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
def _asset(name: str) -> str:
    return (files("headstart.reporting") / "templates" / name).read_text("utf-8")
