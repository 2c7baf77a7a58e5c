"""Charts as records: their numbers as they are, with the axes and words that a reader needs.

Three kinds are enough: ``Lines`` over two axes, ``Bars`` over categories, and a ``Matrix`` of counts. ``svg`` draws
them for the page, ``plots`` as matplotlib figures.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from headstart_runtime.errors import UserError
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import Measure, format_significant

Form = Literal["number", "share", "count", "seconds", "bytes", "rate"]  #: how values are written
MOST_ROWS = 24  #: categories that one chart shows
NO_BREAK = "\u00a0"  #: between a number and its unit


class NotRecorded(UserError):
    """A chart whose data the run lacks."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a chart."""

    name: str  #: with its unit where it has one
    form: Form = "number"
    log: bool = False
    low: float | None = None  #: where it begins; None: at the data
    high: float | None = None
    names: tuple[str, ...] = ()  #: of the places 0, 1, 2, ..., where they are no numbers


@dataclass(frozen=True, slots=True)
class Series:
    """Points that belong together, or columns between edges."""

    name: str
    x: tuple[float, ...]  #: (N,), or (N + 1,) edges for "columns"
    y: tuple[float, ...]  #: (N,)
    low: tuple[float, ...] = ()  #: (N,) of an interval around y, or empty
    high: tuple[float, ...] = ()
    style: Literal["line", "dots", "points", "cloud", "columns", "reference"] = "line"
    #: "dots" are points joined by a line, a "cloud" many small ones that tell a pointer nothing
    notes: tuple[str, ...] = ()  #: (N,) what else is to say of each point, or empty
    marked: tuple[int, ...] = ()  #: points that stand out, such as the best epoch


@dataclass(frozen=True, slots=True)
class Mark:
    """A value at which a line is drawn across."""

    value: float
    name: str
    axis: Literal["x", "y"] = "x"


@dataclass(frozen=True, slots=True)
class Lines:
    """Series over two axes."""

    title: str
    alt: str  #: the main finding, in words
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()
    square: bool = False  #: both axes go from 0 to 1 and are about as long


@dataclass(frozen=True, slots=True)
class BarGroup:
    """One value for each category."""

    name: str
    values: tuple[float, ...]  #: (K,)
    low: tuple[float, ...] = ()  #: (K,) of an interval around the value, or empty
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Bars:
    """Values by category, a row for each."""

    title: str
    alt: str
    categories: tuple[str, ...]  #: K names
    value: Axis
    groups: tuple[BarGroup, ...]
    stacked: bool = False
    dots: bool = False  #: points with intervals in place of bars, so the axis need not begin at nothing
    notes: tuple[str, ...] = ()  #: (K,) what else is to say of each category, or empty
    marked: tuple[int, ...] = ()  #: categories that stand out
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts of samples by true and predicted class."""

    title: str
    alt: str
    names: tuple[str, ...]  #: C
    counts: tuple[tuple[int, ...], ...]  #: (C, C) samples, rows true, columns predicted
    noun: str = "class"  #: of a name

    @property
    def shares(self) -> tuple[tuple[float, ...], ...]:
        """(C, C) of each row's samples; 0 in a row without any."""
        return tuple(tuple(count / max(1, sum(row)) for count in row) for row in self.counts)


Chart = Lines | Bars | Matrix


def to_floats(values: Iterable[float]) -> tuple[float, ...]:
    """Return values as plain floats."""
    return tuple(float(value) for value in values)


def format_value(value: float, form: Form) -> str:
    """Return a value with its unit, as a reader wants it."""
    if form == "share":
        return format_percent(value)
    if form == "count":
        return f"{value:,.0f}"
    if form == "seconds":
        return f"{value:.3g}{NO_BREAK}s" if value < 1000 else f"{value:,.0f}{NO_BREAK}s"
    if form == "bytes":
        return format_bytes(value)
    return f"{value:.1e}" if form == "rate" else format_significant(value).replace("-", "−")


def get_score_form(measure: Measure) -> Form:
    """Return how scores by a measure are written."""
    return "share" if measure.share else "number"


def format_score(value: float, measure: Measure) -> str:
    """Return a score with its unit, as a reader wants it."""
    return format_value(value, get_score_form(measure))


def format_gain(value: float, measure: Measure) -> str:
    """Return a difference of scores with its sign: "+2.1 points", "−0.3"."""
    if measure.share:
        return f"{100 * value:+.1f} points"
    return f"{'+' * (value > 0)}{format_value(value, 'number')}"


def begin_upper(text: str) -> str:
    """Return a text with its first letter in upper case, the others as they are."""
    return text[:1].upper() + text[1:]


def format_percent(share: float, digits: int = 1) -> str:
    """Return a share of one in hundredths, as "94.8 %"."""
    return f"{100 * share:z.{digits}f}{NO_BREAK}%".replace("-", "−")


def format_bytes(value: float) -> str:
    """Return bytes in the unit that leaves one to three digits before the point."""
    for unit in ("B", "kB", "MB"):
        if value < 999.5:
            return f"{value:.3g}{NO_BREAK}{unit}"
        value /= 1000
    return f"{value:.3g}{NO_BREAK}GB"


def count_items(count: int, noun: Noun, kind: str = "") -> str:
    """Return a number of items, such as "1,200 test samples"."""
    return f"{count:,} {kind}{' ' * bool(kind)}{noun.form(count)}"


def format_quantity(count: int, noun: str, several: str = "") -> str:
    """Return a number with the noun that it counts."""
    return f"{count:,} {noun if count == 1 else several or f'{noun}s'}"
