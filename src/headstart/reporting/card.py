"""The model card: what a classifier is, its purpose, its limits and its scores, in Markdown.

In the sections of Mitchell et al. 2019, "Model Cards for Model Reporting" (FAT*, arXiv:1810.03993).
"""

import html
import json
import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache, partial

from jinja2 import Environment

from headstart.evaluation.label_noise import describe_label_noise
from headstart.reporting.records import Records
from headstart.reporting.sections.arms import build_arms_section
from headstart.reporting.sections.data import build_data_section, is_strong
from headstart.reporting.sections.more_data import build_more_data_section
from headstart.reporting.sections.overview import SMALL, build_overview
from headstart.reporting.sections.test import build_test_section
from headstart.reporting.shown_numbers import FORMS, SPACE
from headstart.reporting.template_environment import make_environment
from headstart_runtime.inference.engine_agreement import ENGINE_NAMES

SIGNS = re.compile(r"([\\`*_\[\]|#~])")  #: that mean something in Markdown; those of HTML become its names


def render_card(records: Records) -> str:
    """Return the model card of a run's classifier."""
    data = build_data_section(records)
    overview = build_overview(records, data, build_arms_section(records), build_more_data_section(records))
    model = records.folder / "model"
    return (
        make_card_environment()
        .get_template("card.md")
        .render(
            run=records.run,
            noun=records.noun,
            inputs=records.inputs,
            test=records.test,
            validation=records.validation,
            trust=records.trust,
            engines=records.engines,
            engine_names=ENGINE_NAMES,
            overview=overview,
            data=data,
            labels=escape_markdown(describe_label_noise(data.label_noise)),
            tested=build_test_section(records),
            kinds=tuple(one for one in records.trust.slices.slices if one.by != "class"),
            factors=tuple(dict.fromkeys(one.by for one in records.trust.slices.slices)),
            caveats=tuple(_list_caveats(records)),
            model=_join_lines(shlex.quote(str(model))),
            model_in_python=json.dumps(str(model))[1:-1],
        )
    )


def escape_markdown(text: object) -> str:
    """Return text of anyone's as Markdown shows it: no sign of it is taken for markup, and it stays in its line."""
    return SIGNS.sub(r"\\\1", html.escape(_join_lines(str(text)), quote=False))


def _join_lines(text: str) -> str:
    return " ".join(text.split())


def _escape_code(text: object) -> str:
    """Return text for between backquotes, which cannot be escaped there."""
    return _join_lines(str(text)).replace("`", "'")


def _make_identifier(text: str) -> str:
    """Return a word as a name in Python."""
    return re.sub(r"\W+", "_", text)


def _list_caveats(records: Records) -> Iterator[str]:
    """Yield reasons for caution that the records give."""
    noun = records.noun
    trust, test = records.trust, records.test
    if test.n < SMALL:
        yield f"There are only {test.n} test {noun.many}, so the scores are uncertain; see their intervals."
    if trust.leaks.leaks:
        yield (
            f"Some held-out {noun.many} {noun.phrases.same_many} as {noun.many} that it learned from, which flatters "
            "the scores on them."
        )
    if (groups := records.trust.groups) is not None and groups.significant:
        yield f"{groups.describe(noun, records.measure)}."
    for shortcut in trust.shortcuts:
        if is_strong(shortcut):
            share = FORMS["percent"](shortcut.accuracy).replace(SPACE, " ")
            cue = shortcut.words
            yield (
                f"The classes can be told from {cue} alone: {share} right, each class counting the same; it may go by "
                "that."
            )
    if records.comparison.opened_test:
        yield f"Other ways than the one that was kept were scored on the test {noun.many} too."
    yield f"All scores are of {noun.many} from the same source; on {noun.many} from elsewhere it may do worse."


@cache
def make_card_environment() -> Environment:
    """Return an environment that does not escape HTML: what goes into the card goes through ``md`` or is a number."""
    environment = make_environment(escape=False)
    environment.filters |= {"md": escape_markdown, "code": _escape_code, "identifier": _make_identifier}
    environment.filters |= {name: partial(_format, form) for name, form in FORMS.items()}
    return environment


def _format(form: Callable[[int | float], str], value: float | None) -> str:
    """Return a number as people read it; a dash where there is none."""
    return "-" if value is None else form(value).replace(SPACE, " ")
