"""Every number of a page once: what is shown, and the number it was rounded from.

A template writes ``show("test.accuracy", 0.9477, "percent")``; the reader sees ``94.8 %``, and the page's JSON block
``numbers`` holds ``"test.accuracy": 0.9477``. So whatever is shown can be computed again by other means.
"""

import json
import math
from collections.abc import Callable, Mapping

from markupsafe import Markup, escape

from headstart_runtime.tasks.task import format_significant

Number = int | float
MISSING = Markup('<span class="none">–</span>')  #: in place of a number that does not exist
SPACE = "\u00a0"  #: between a number and its unit, where no line breaks


class ShownNumbers:
    """The numbers of one page, by name."""

    def __init__(self) -> None:
        self.values: dict[str, Number] = {}

    def __call__(self, name: str, value: Number | None, form: str = "count") -> Markup:
        """Keep a number and return what is shown of it.

        Args:
            name: such as ``test.accuracy``; dots between its parts, positions in place of names of classes and files.
            value: None, or not a number: a dash is shown and nothing kept.
            form: one of ``FORMS``.

        Raises:
            ValueError: another number has the name already.
        """
        if value is None or not math.isfinite(value):
            return MISSING
        if self.values.setdefault(name, value) != value:
            raise ValueError(f"the number {name!r} has two values, {self.values[name]!r} and {value!r}")
        text = escape(FORMS[form](value))
        return Markup(f'<span data-number="{escape(name)}" data-as="{form}">{text}</span>')  # noqa: S704

    def to_json(self) -> Markup:
        """Return the script block's content; it holds names and numbers only, which cannot end the block."""
        return Markup(json.dumps(self.values, allow_nan=False).replace("<", "\\u003c"))  # noqa: S704


def format_share(share: Number) -> str:
    """Return a share of one as "94.8 %"."""
    return f"{100 * share:.1f}{SPACE}%"


def format_hundredths(share: Number) -> str:
    """Return a share of one as a whole number of hundredths, for "94 of 100 samples"; near 0 and 1 with a decimal."""
    hundredths = 100 * share
    rounded = round(hundredths) in (0, 100) and hundredths not in (0, 100)
    return f"{hundredths:.1f}" if rounded else f"{hundredths:.0f}"


def format_points(share: Number) -> str:
    """Return a difference between two shares, with its sign, in hundredths."""
    text = f"{100 * share:+z.1f}".replace("-", "−")
    return "0.0" if text == "+0.0" else text


def format_count(value: Number) -> str:
    """Return a whole number."""
    return f"{value:,.0f}"


def format_duration(seconds: Number) -> str:
    """Return seconds; from two minutes on minutes and seconds, from two hours on hours and minutes."""
    if seconds < 1:
        return f"{seconds:.2f}{SPACE}s"
    if seconds < 119.95:
        return f"{seconds:.1f}{SPACE}s"
    whole = round(seconds)
    if whole < 7200:
        return f"{whole // 60}{SPACE}min {whole % 60:02d}{SPACE}s"
    minutes = round(seconds / 60)
    return f"{minutes // 60}{SPACE}h {minutes % 60:02d}{SPACE}min"


def format_size(count: Number) -> str:
    """Return bytes in a unit that fits; units are thousands."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.95:
            return f"{value:.0f}{SPACE}B" if unit == "B" else f"{value:.1f}{SPACE}{unit}"
        value /= 1000
    return f"{value:.1f}{SPACE}TB"


def format_p_value(p: Number) -> str:
    """Return a p-value."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def format_number(value: Number) -> str:
    """Return a number with three significant digits, or more before the point."""
    return format_significant(value).replace("-", "−")


def format_signed(value: Number) -> str:
    """Return a difference with its sign."""
    text = format_number(value)
    return text if value <= 0 or text == "0" else f"+{text}"


def format_decimals(places: int) -> Callable[[Number], str]:
    """Return a form of so many decimals."""
    return lambda value: f"{value:z.{places}f}".replace("-", "−")


FORMS: Mapping[str, Callable[[Number], str]] = {
    "percent": format_share,
    "hundredths": format_hundredths,
    "points": format_points,
    "unsigned points": lambda share: f"{100 * share:.1f}",
    "count": format_count,
    "time": format_duration,
    "size": format_size,
    "p": format_p_value,
    "one": format_decimals(1),
    "two": format_decimals(2),
    "three": format_decimals(3),
    "number": format_number,
    "signed": format_signed,
}
