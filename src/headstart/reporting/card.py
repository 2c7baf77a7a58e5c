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

from headstart.diagnostics.label_issues import describe_label_errors
from headstart.reporting.records import Records
from headstart.reporting.sections.arms import arms_section
from headstart.reporting.sections.data import data_section, is_strong
from headstart.reporting.sections.overview import SMALL, overview_of
from headstart.reporting.sections.rest import more_section, slices_section
from headstart.reporting.sections.test import on_test
from headstart.reporting.shown_numbers import FORMS, SPACE

SIGNS = re.compile(r"([\\`*_\[\]|#~])")  #: that mean something in Markdown; those of HTML become its names


def card_of(records: Records) -> str:
    """The model card of a run's classifier."""
    data = data_section(records)
    overview = overview_of(records, data, arms_section(records), more_section(records))
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
            labels=in_markdown(describe_label_errors(data.label_errors)),
            slices=slices_section(records),
            on_test=on_test(records),
            caveats=tuple(_caveats(records)),
            model=_one_line(shlex.quote(str(model))),
            model_in_python=json.dumps(str(model))[1:-1],
        )
    )


def in_markdown(text: object) -> str:
    """Text of anyone's as Markdown shows it: no sign of it is taken for markup, and it stays in its line."""
    return SIGNS.sub(r"\\\1", html.escape(_one_line(str(text)), quote=False))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _in_code(text: object) -> str:
    """Text between backquotes, which cannot be escaped there."""
    return _one_line(str(text)).replace("`", "'")


def _caveats(records: Records) -> Iterator[str]:
    """What the records speak against."""
    trust, test = records.trust, records.test
    if test.n < SMALL:
        yield f"The test part is small, {test.n} photos; the intervals are wide."
    if trust["leaks"]["leaks"]:
        yield "Some held-out photos show the same as photos that were learnt from; the score without them stands above."
    for it in trust["shortcuts"]:
        if is_strong(it):
            share = FORMS["percent"](it["accuracy"])
            yield f"The {it['clue']} alone tells the classes in {_plain(share)} of photos; it may go by that."
    if any(row["test_accuracy"] is not None and not row["winner"] for row in records.comparison["arms"]):
        yield "Losing arms were scored on test too."
    yield "What is shown was measured on photos of the same source; elsewhere it may be worse."


def _plain(text: str) -> str:
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
    environment.filters |= {"md": in_markdown, "code": _in_code}
    environment.filters |= {name: partial(_formed, form) for name, form in FORMS.items()}
    return environment


def _formed(form: Callable[[int | float], str], value: float | None) -> str:
    """A number as people read it; a dash where there is none, as everywhere."""
    return "-" if value is None else _plain(form(value))
