"""Texts of a task's contents as HTML and as Markdown."""

import math
from collections.abc import Callable

from markupsafe import Markup, escape

from headstart.reporting.contents import CodeText, Emphasis, GivenText, ShownNumber, ShownRange, Tag, TermLink, Text
from headstart.reporting.glossary import Glossary
from headstart.reporting.shown_numbers import FORMS, SPACE, ShownNumbers


class TextLayout:
    """Texts of one page as HTML; its numbers are kept, its terms explained."""

    def __init__(self, show: ShownNumbers, term: Glossary) -> None:
        self._show, self._term = show, term

    def __call__(self, text: Text) -> Markup:
        """Return a text; whatever is in it is escaped."""
        return Markup("").join(map(self._lay_out, text))

    def _lay_out(self, part: object) -> Markup:
        if isinstance(part, ShownNumber):
            return self._show(part.name, part.value, part.form) + _follow(part.unit, part.value)
        if isinstance(part, ShownRange):
            if part.low is None or part.high is None:
                return self._show(part.name, None)
            low, high = (
                self._show(f"{part.name}.low", part.low, part.form),
                self._show(f"{part.name}.high", part.high, part.form),
            )
            return Markup('<span class="interval">{} to {}{}</span>').format(low, high, _follow(part.unit, part.high))
        if isinstance(part, TermLink):
            return self._term(part.term, part.words)
        if isinstance(part, GivenText):
            given = Markup("<bdi>{}</bdi>").format(part.text)
            return Markup("<strong>{}</strong>").format(given) if part.strong else given
        if isinstance(part, CodeText):
            return Markup("<code>{}</code>").format(part.text)
        if isinstance(part, Emphasis):
            return Markup("<strong>{}</strong>").format(self(part.parts))
        if isinstance(part, Tag):
            return Markup('<span class="tag{}">{}</span>').format(" worse" if part.worse else "", part.text)
        return escape(part)


def _follow(unit: str, value: float | None) -> str:
    """Return a unit as it follows a number."""
    return f"{SPACE}{unit}" if unit and value is not None else ""


def write_plain(text: Text, fill: Callable[[str], str], clean: Callable[[str], str] = str) -> str:
    """Return a text without markup.

    Args:
        text: to write.
        fill: puts the word for items into terms, see ``Noun.fill``.
        clean: what is done to each part that is no number, such as escaping for Markdown.
    """
    return "".join(_write_part(part, fill, clean) for part in text)


def _write_part(part: object, fill: Callable[[str], str], clean: Callable[[str], str]) -> str:
    if isinstance(part, ShownNumber):
        return f"{format_shown(part.value, part.form)}{clean(_follow(part.unit, part.value))}"
    if isinstance(part, ShownRange):
        if part.low is None or part.high is None:
            return "-"
        low, high = format_shown(part.low, part.form), format_shown(part.high, part.form)
        return f"{low} to {high}{clean(_follow(part.unit, part.high))}"
    if isinstance(part, TermLink):
        return clean(part.words or fill(part.term))
    if isinstance(part, Emphasis):
        return write_plain(part.parts, fill, clean)
    return clean(part.text if isinstance(part, GivenText | CodeText | Tag) else str(part))


def format_shown(value: float | None, form: str) -> str:
    """Return a number as people read it, its unit after an ordinary space; a dash where there is none."""
    return "-" if value is None or not math.isfinite(value) else FORMS[form](value).replace(SPACE, " ")
