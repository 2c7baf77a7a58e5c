"""The model card: what a classifier is, what it is for and how good it is, in Markdown.

In the sections of Mitchell et al. 2019, "Model Cards for Model Reporting" (FAT*, arXiv:1810.03993).
"""

import html
import json
import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from headstart.diagnostics.label_noise import describe_label_noise
from headstart.reporting.records import Records
from headstart.reporting.sections.arms import build_arms_section
from headstart.reporting.sections.data import build_data_section, is_strong
from headstart.reporting.sections.overview import SMALL, build_overview
from headstart.reporting.sections.rest import build_more_data_section, build_slices_section
from headstart.reporting.sections.test import build_test_section
from headstart.reporting.shown_numbers import FORMS, SPACE

SIGNS = re.compile(r"([\\`*_\[\]|#~])")  #: that mean something in Markdown; those of HTML become its names


def render_card(records: Records) -> str:
    """The model card of a run's classifier."""
    data = build_data_section(records)
    overview = build_overview(records, data, build_arms_section(records), build_more_data_section(records))
    model = records.folder / "model"
    return (
        _environment()
        .get_template("card.md")
        .render(
            run=records.run,
            test=records.test,
            validation=records.validation,
            trust=records.trust,
            overview=overview,
            data=data,
            labels=escape_markdown(describe_label_noise(data.label_errors)),
            slices=build_slices_section(records),
            on_test=build_test_section(records),
            caveats=tuple(_list_caveats(records)),
            model=_join_lines(shlex.quote(str(model))),
            model_in_python=json.dumps(str(model))[1:-1],
        )
    )


def escape_markdown(text: object) -> str:
    """Text of anyone's as Markdown shows it: no sign of it is taken for markup, and it stays in its line."""
    return SIGNS.sub(r"\\\1", html.escape(_join_lines(str(text)), quote=False))


def _join_lines(text: str) -> str:
    return " ".join(text.split())


def _escape_code(text: object) -> str:
    """Text between backquotes, which cannot be escaped there."""
    return _join_lines(str(text)).replace("`", "'")


def _list_caveats(records: Records) -> Iterator[str]:
    """What the records speak against."""
    trust, test = records.trust, records.test
    if test.n < SMALL:
        yield f"The test part is small, {test.n} photos; the intervals are wide."
    if trust["leaks"]["leaks"]:
        yield "Some held-out photos show the same as photos that were learnt from; the score without them stands above."
    for it in trust["shortcuts"]:
        if is_strong(it):
            share = _with_plain_spaces(FORMS["percent"](it["accuracy"]))
            yield f"The {it['cue']} alone tells the classes in {share} of photos; it may go by that."
    if any(row["test_accuracy"] is not None and not row["winner"] for row in records.comparison["arms"]):
        yield "Losing arms were scored on test too."
    yield "What is shown was measured on photos of the same source; elsewhere it may be worse."


def _with_plain_spaces(text: str) -> str:
    return text.replace(SPACE, " ")


@cache
def _environment() -> Environment:
    """Not escaped as HTML: what goes into the card goes through ``md`` or is a number."""
    environment = Environment(
        loader=PackageLoader("headstart.reporting"),
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": escape_markdown, "code": _escape_code}
    environment.filters |= {name: partial(_format, form) for name, form in FORMS.items()}
    return environment


def _format(form: Callable[[int | float], str], value: float | None) -> str:
    """A number as people read it; a dash where there is none, as everywhere."""
    return "-" if value is None else _with_plain_spaces(form(value))
