"""Drawings of series over two axes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, pairwise

from headstart.reporting.charts.short_names import thin_names
from headstart.reporting.charts.spec import Axis, Lines, Mark, Series, format_percent, format_value
from headstart.reporting.charts.svg.marks import (
    LINE,
    SAMPLE,
    SMALL,
    colour_class,
    draw_axis_name,
    draw_legend,
    draw_marker,
    draw_path,
    draw_rect,
    draw_text,
    fmt,
    line_classes,
    measure_text,
    shorten,
    trace_polyline,
)
from headstart.reporting.charts.svg.scale import Scale, fit_roomy_scale, fit_scale

WIDE = 440.0  #: of the drawing, in its own units: on a phone, type of 12 units is then 10 CSS units high
HIGH, SQUARE = 220.0, 340.0  #: of the plot inside it
RIGHT = 14.0  #: room at the right for half a tick's label
SLANT = 60.0  #: degrees by which names turn where they have no room
APART = (SMALL + 1) / math.sin(math.radians(SLANT))  #: from one turned name to the next along the axis
TURNED = 96.0  #: most room for a turned name
BEHIND = ("columns", "cloud")  #: styles of series that others are drawn over


@dataclass(frozen=True, slots=True)
class PlotArea:
    """The scales of a plot and the place that it takes."""

    x: Scale
    y: Scale
    left: float
    right: float
    top: float
    bottom: float


def draw_lines(chart: Lines) -> tuple[float, float, list[str]]:
    """Return width, height and strokes of a drawing."""
    y = fit_scale(chart.y, _collect_values(chart, "y"), 6)
    left = max(30.0, max(measure_text(label, SMALL) for _, label in y.ticks) + 8)
    x = _fit_x_scale(chart, WIDE - RIGHT - left)
    if chart.x.names and (turned := _turn_names(x, WIDE - RIGHT - left)):
        left = max(left, math.cos(math.radians(SLANT)) * measure_text(turned[0][1], SMALL))
    margin = max(RIGHT, 0.0 if chart.x.names else measure_text(x.ticks[-1][1], SMALL) / 2 + 2)
    right = WIDE - margin
    numbered = _number_series(chart.series)
    strokes = [draw_text(0, 11, shorten(chart.y.name, WIDE), "name", tooltip=chart.y.name)]
    shown = [(_draw_sample(place, it), it.name) for place, it in numbered]
    keys, high = draw_legend(shown if len(shown) > 1 else [], WIDE, 0.0, LINE)
    top = LINE + high + 6
    bottom = top + (SQUARE if chart.square else HIGH)
    plot = PlotArea(x.place(left, right), y.place(bottom, top), left, right, top, bottom)
    below, labels = _draw_x_labels(chart.x, plot)
    strokes += [*keys, *_draw_frame(plot), *labels]
    strokes.append(draw_axis_name(chart.x.name, (left + right) / 2, bottom + below + 14, WIDE))
    strokes += [_draw_mark_line(it, plot) for it in chart.marks]
    for place, series in sorted(numbered, key=lambda pair: pair[1].style not in BEHIND):
        strokes += _draw_series(place, series, plot, chart)
    strokes += _draw_column_tooltips(chart, plot)
    strokes += [_draw_mark_name(place, it, plot) for place, it in enumerate(chart.marks)]
    return WIDE, bottom + below + 20, strokes


def _number_series(series: tuple[Series, ...]) -> list[tuple[int, Series]]:
    """Return series with the numbers of their colours; references are grey and have none."""
    colours = count()
    return [(0 if single.style == "reference" else next(colours), single) for single in series]


def _collect_values(chart: Lines, direction: str) -> list[float]:
    values = [mark.value for mark in chart.marks if mark.axis == direction]
    for series in chart.series:
        values += series.x if direction == "x" else (*series.y, *series.low, *series.high)
        if series.style == "columns" and direction == "y":
            values.append(0.0)
    return values


def _fit_x_scale(chart: Lines, room: float) -> Scale:
    """Return the axis with as many ticks as there is room for without labels touching."""
    return fit_roomy_scale(chart.x, _collect_values(chart, "x"), room, lambda label: measure_text(label, SMALL), 8)


def _draw_frame(plot: PlotArea) -> Iterator[str]:
    for value, label in plot.y.ticks:
        y = plot.y(value)
        yield draw_path(f"M{fmt(plot.left)},{fmt(y)}H{fmt(plot.right)}", "grid")
        yield draw_text(plot.left - 5, y + 4, label, "tick end")
    yield draw_path(f"M{fmt(plot.left)},{fmt(plot.bottom)}H{fmt(plot.right)}", "axis")


def _draw_x_labels(axis: Axis, plot: PlotArea) -> tuple[float, list[str]]:
    """Return the room that labels take below the plot, and the labels; touching ones are turned or left out."""
    ticks = [(plot.x(value), label) for value, label in plot.x.ticks]
    turned_names = _turn_names(plot.x, plot.right - plot.left) if axis.names else []
    if not turned_names:
        strokes = [draw_path(f"M{fmt(x)},{fmt(plot.bottom)}v4", "axis") for x, _ in ticks]
        return 18.0, strokes + [draw_text(x, plot.bottom + 15, label, "tick mid") for x, label in ticks]
    shown = [(*ticks[place], short) for place, short in turned_names]
    turned = f' transform="rotate(-{SLANT:g} {{0}} {{1}})"'
    y = plot.bottom + 12
    strokes = [
        draw_text(x + 3, y, short, "tick end", turned.format(fmt(x + 3), fmt(y)), tooltip=label)
        for x, label, short in shown
    ]
    high = math.sin(math.radians(SLANT)) * max(measure_text(short, SMALL) for _, _, short in shown)
    return 10.0 + high, strokes


def _turn_names(scale: Scale, room: float) -> list[tuple[int, str]]:
    """Return the ticks whose names are shown turned, the last among them, and these names; none where all have room."""
    names = [label for _, label in scale.ticks]
    each = room / max(1, len(names))
    if all(measure_text(name, SMALL) + 4 <= each for name in names):
        return []
    return list(zip(*thin_names(names, room, APART, TURNED, SMALL), strict=True))


def _draw_sample(place: int, series: Series) -> str:
    if series.style == "reference":
        return draw_path(f"M0,0H{fmt(SAMPLE)}", "reference")
    if series.style == "cloud":
        return draw_path(f"M{fmt(SAMPLE / 2)},0h0", f"cloud {colour_class(place)}")
    if series.style == "columns":
        return draw_rect(3, -5, SAMPLE - 6, 10, f"columns {colour_class(place)}")
    line = draw_path(f"M0,0H{fmt(SAMPLE)}", line_classes(place)) if series.style in ("line", "dots") else ""
    return line + (draw_marker(place, SAMPLE / 2, 0) if series.style in ("dots", "points") else "")


def _draw_mark_line(mark: Mark, plot: PlotArea) -> str:
    if mark.axis == "x":
        return draw_path(
            f"M{fmt(plot.x(mark.value))},{fmt(plot.top)}V{fmt(plot.bottom)}",
            "mark",
        )
    return draw_path(
        f"M{fmt(plot.left)},{fmt(plot.y(mark.value))}H{fmt(plot.right)}",
        "mark",
    )


def _draw_mark_name(place: int, mark: Mark, plot: PlotArea) -> str:
    """Return the mark's name, on the side where there is room."""
    if mark.axis == "y":
        y = plot.y(mark.value)
        return draw_text(plot.left + 4, y + 13 if y < plot.top + 13 else y - 4, mark.name, "value halo")
    x = plot.x(mark.value)
    flipped = x + 5 + measure_text(mark.name, SMALL) > plot.right
    css = "value halo end" if flipped else "value halo"
    return draw_text(x - 5 if flipped else x + 5, plot.top + 10 + 13 * place, mark.name, css)


def _draw_series(place: int, series: Series, plot: PlotArea, chart: Lines) -> Iterator[str]:
    if series.style == "columns":
        yield draw_path(_trace_outline(series, plot), f"columns {colour_class(place)}")
        return
    points = [(plot.x(x), plot.y(y)) for x, y in zip(series.x, series.y, strict=True)]
    if series.style == "reference":
        yield draw_path(trace_polyline(points), "reference", series.name)
        return
    if series.style == "cloud":
        yield draw_path("".join(f"M{fmt(x)},{fmt(y)}h0" for x, y in points), f"cloud {colour_class(place)}")
        return
    lows, highs = map(plot.y, series.low), map(plot.y, series.high)
    for (x, _), low, high in zip(points, lows, highs, strict=bool(series.low)):
        yield draw_path(
            f"M{fmt(x - 3)},{fmt(low)}h6M{fmt(x)},{fmt(low)}V{fmt(high)}m-3,0h6",
            _whisker_classes(place),
        )
    if series.style in ("line", "dots") and points:
        yield draw_path(trace_polyline(points), line_classes(place), series.name)
    if series.style in ("dots", "points"):
        for at, (x, y) in enumerate(points):
            yield draw_marker(place, x, y, _describe_point(series, at, chart))
    for at in series.marked:
        x, y = points[at]
        yield f'<circle cx="{fmt(x)}" cy="{fmt(y)}" r="7.5" class="ring"/>'


def _whisker_classes(place: int) -> str:
    return f"whisker {colour_class(place)}"


def _describe_point(series: Series, at: int, chart: Lines) -> str:
    """Return the text that a pointer over a point is shown."""
    x = series.x[at]
    where = chart.x.names[int(x)] if chart.x.names else format_value(x, chart.x.form)
    interval = ""
    if series.low:
        interval = f" ({format_value(series.low[at], chart.y.form)} to {format_value(series.high[at], chart.y.form)})"
    more = f"; {series.notes[at]}" if series.notes else ""
    return f"{series.name}, {where}: {format_value(series.y[at], chart.y.form)}{interval}{more}"


def _trace_outline(series: Series, plot: PlotArea) -> str:
    floor = plot.y(0.0)
    steps = [f"M{fmt(plot.x(series.x[0]))},{fmt(floor)}"]
    steps += [f"V{fmt(plot.y(y))}H{fmt(plot.x(x))}" for x, y in zip(series.x[1:], series.y, strict=True)]
    return "".join([*steps, f"V{fmt(floor)}z"])


def _draw_column_tooltips(chart: Lines, plot: PlotArea) -> Iterator[str]:
    """Yield invisible columns that tell a pointer what all histograms with the same edges have there."""
    shown = [it for it in chart.series if it.style == "columns"]
    if not shown or any(it.style in ("dots", "points") for it in chart.series):
        return
    edges = shown[0].x
    for at, (low, high) in enumerate(pairwise(edges)):
        heights = ", ".join(f"{it.name} {format_percent(it.y[at])}" for it in shown)
        tooltip = f"{format_value(low, chart.x.form)} to {format_value(high, chart.x.form)}: {heights}"
        x = plot.x(low)
        yield draw_rect(x, plot.top, plot.x(high) - x, plot.bottom - plot.top, "hit", tooltip)
