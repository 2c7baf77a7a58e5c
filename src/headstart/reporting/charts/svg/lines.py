"""Draws series over two axes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, pairwise

from headstart.reporting.charts.spec import Axis, Lines, Mark, Series, format_percent, format_value
from headstart.reporting.charts.svg.marks import (
    LINE,
    SAMPLE,
    SMALL,
    css_of,
    cut,
    legend,
    line_css,
    marker,
    number,
    path,
    polyline,
    rect,
    text,
    width,
)
from headstart.reporting.charts.svg.scale import Scale, roomy_scale, scale_of

WIDE = 440.0  #: of the drawing, in its own units: on a phone, type of 12 units is then 10 pixels high
HIGH, SQUARE = 220.0, 340.0  #: of the plot inside it
RIGHT = 14.0  #: room at the right for half a tick's label
SLANT = 30.0  #: degrees by which names turn where they have no room


@dataclass(frozen=True, slots=True)
class PlotArea:
    """Where things are."""

    x: Scale
    y: Scale
    left: float
    right: float
    top: float
    bottom: float


def draw_lines(chart: Lines) -> tuple[float, float, list[str]]:
    """Width, height and strokes of a drawing."""
    y = scale_of(chart.y, _values(chart, "y"), 6)
    left = max(30.0, max(width(label, SMALL) for _, label in y.ticks) + 8)
    x = _x_scale(chart, WIDE - RIGHT - left)
    margin = max(RIGHT, 0.0 if chart.x.names else width(x.ticks[-1][1], SMALL) / 2 + 2)
    right = WIDE - margin
    numbered = _numbered(chart.series)
    strokes = [text(0, 11, cut(chart.y.name, WIDE), "name", told=chart.y.name)]
    shown = [(_sample(place, it), it.name) for place, it in numbered]
    keys, high = legend(shown if len(shown) > 1 else [], WIDE, 0.0, LINE)
    top = LINE + high + 6
    bottom = top + (SQUARE if chart.square else HIGH)
    plot = PlotArea(x.placed(left, right), y.placed(bottom, top), left, right, top, bottom)
    below, labels = _x_labels(chart.x, plot)
    strokes += [*keys, *_frame(plot), *labels]
    strokes.append(text((left + right) / 2, bottom + below + 14, cut(chart.x.name, WIDE), "name mid"))
    strokes += [_crossed(it, plot) for it in chart.marks]
    for place, it in sorted(numbered, key=lambda pair: pair[1].style != "columns"):  # columns lie behind
        strokes += _series(place, it, plot, chart)
    strokes += _columns_told(chart, plot)
    strokes += [_named(place, it, plot) for place, it in enumerate(chart.marks)]
    return WIDE, bottom + below + 20, strokes


def _numbered(series: tuple[Series, ...]) -> list[tuple[int, Series]]:
    """Series with the numbers of their colours; references are grey and have none."""
    colours = count()
    return [(0 if it.style == "reference" else next(colours), it) for it in series]


def _values(chart: Lines, direction: str) -> list[float]:
    values = [mark.value for mark in chart.marks if mark.axis == direction]
    for it in chart.series:
        values += it.x if direction == "x" else (*it.y, *it.low, *it.high)
        if it.style == "columns" and direction == "y":
            values.append(0.0)
    return values


def _x_scale(chart: Lines, room: float) -> Scale:
    """As many ticks as there is room for without labels touching."""
    return roomy_scale(chart.x, _values(chart, "x"), room, lambda label: width(label, SMALL), 8)


def _frame(plot: PlotArea) -> Iterator[str]:
    for value, label in plot.y.ticks:
        y = plot.y(value)
        yield path(f"M{number(plot.left)},{number(y)}H{number(plot.right)}", "grid")
        yield text(plot.left - 5, y + 4, label, "tick end")
    yield path(f"M{number(plot.left)},{number(plot.bottom)}H{number(plot.right)}", "axis")


def _x_labels(axis: Axis, plot: PlotArea) -> tuple[float, list[str]]:
    """How much room they take below the plot, and the labels; names that would touch are turned, or left out."""
    ticks = [(plot.x(value), label) for value, label in plot.x.ticks]
    room = (plot.right - plot.left) / max(1, len(ticks))
    if not axis.names or all(width(label, SMALL) + 4 <= room for _, label in ticks):
        strokes = [path(f"M{number(x)},{number(plot.bottom)}v4", "axis") for x, _ in ticks]
        return 18.0, strokes + [text(x, plot.bottom + 15, label, "tick mid") for x, label in ticks]
    every = max(1, -(-int(14.0) // max(1, int(room))))
    kept = ticks[::every]
    shown = [(x, cut(label, 90, SMALL), label) for x, label in kept]
    turned = f' transform="rotate(-{SLANT:g} {{0}} {{1}})"'
    y = plot.bottom + 12
    strokes = [
        text(x + 3, y, short, "tick end", turned.format(number(x + 3), number(y)), told=label)
        for x, short, label in shown
    ]
    return 10.0 + 0.42 * max(width(short, SMALL) for _, short, _ in shown), strokes


def _sample(place: int, series: Series) -> str:
    if series.style == "reference":
        return path(f"M0,0H{number(SAMPLE)}", "reference")
    if series.style == "columns":
        return rect(3, -5, SAMPLE - 6, 10, f"columns {css_of(place)}")
    line = path(f"M0,0H{number(SAMPLE)}", line_css(place)) if series.style in ("line", "dots") else ""
    return line + (marker(place, SAMPLE / 2, 0) if series.style in ("dots", "points") else "")


def _crossed(mark: Mark, plot: PlotArea) -> str:
    if mark.axis == "x":
        return path(f"M{number(plot.x(mark.value))},{number(plot.top)}V{number(plot.bottom)}", "mark")
    return path(f"M{number(plot.left)},{number(plot.y(mark.value))}H{number(plot.right)}", "mark")


def _named(place: int, mark: Mark, plot: PlotArea) -> str:
    """The mark's name, on the side where there is room."""
    if mark.axis == "y":
        y = plot.y(mark.value)
        return text(plot.left + 4, y + 13 if y < plot.top + 13 else y - 4, mark.name, "value halo")
    x = plot.x(mark.value)
    flipped = x + 5 + width(mark.name, SMALL) > plot.right
    css = "value halo end" if flipped else "value halo"
    return text(x - 5 if flipped else x + 5, plot.top + 10 + 13 * place, mark.name, css)


def _series(place: int, series: Series, plot: PlotArea, chart: Lines) -> Iterator[str]:
    if series.style == "columns":
        yield path(_outline(series, plot), f"columns {css_of(place)}")
        return
    points = [(plot.x(x), plot.y(y)) for x, y in zip(series.x, series.y, strict=True)]
    if series.style == "reference":
        yield path(polyline(points), "reference", series.name)
        return
    lows, highs = map(plot.y, series.low), map(plot.y, series.high)
    for (x, _), low, high in zip(points, lows, highs, strict=bool(series.low)):
        yield path(f"M{number(x - 3)},{number(low)}h6M{number(x)},{number(low)}V{number(high)}m-3,0h6", _whisker(place))
    if series.style in ("line", "dots") and points:
        yield path(polyline(points), line_css(place), series.name)
    if series.style in ("dots", "points"):
        for at, (x, y) in enumerate(points):
            yield marker(place, x, y, _told(series, at, chart))
    for at in series.marked:
        x, y = points[at]
        yield f'<circle cx="{number(x)}" cy="{number(y)}" r="7.5" class="ring"/>'


def _whisker(place: int) -> str:
    return f"whisker {css_of(place)}"


def _told(series: Series, at: int, chart: Lines) -> str:
    """What a pointer over a point is told."""
    x = series.x[at]
    where = chart.x.names[int(x)] if chart.x.names else format_value(x, chart.x.form)
    interval = ""
    if series.low:
        interval = f" ({format_value(series.low[at], chart.y.form)} to {format_value(series.high[at], chart.y.form)})"
    more = f"; {series.notes[at]}" if series.notes else ""
    return f"{series.name}, {where}: {format_value(series.y[at], chart.y.form)}{interval}{more}"


def _outline(series: Series, plot: PlotArea) -> str:
    floor = plot.y(0.0)
    steps = [f"M{number(plot.x(series.x[0]))},{number(floor)}"]
    steps += [f"V{number(plot.y(y))}H{number(plot.x(x))}" for x, y in zip(series.x[1:], series.y, strict=True)]
    return "".join([*steps, f"V{number(floor)}z"])


def _columns_told(chart: Lines, plot: PlotArea) -> Iterator[str]:
    """For a pointer: what all histograms with the same edges have in a column."""
    shown = [it for it in chart.series if it.style == "columns"]
    if not shown or any(it.style in ("dots", "points") for it in chart.series):
        return
    edges = shown[0].x
    for at, (low, high) in enumerate(pairwise(edges)):
        heights = ", ".join(f"{it.name} {format_percent(it.y[at])}" for it in shown)
        told = f"{format_value(low, chart.x.form)} to {format_value(high, chart.x.form)}: {heights}"
        x = plot.x(low)
        yield rect(x, plot.top, plot.x(high) - x, plot.bottom - plot.top, "hit", told)
