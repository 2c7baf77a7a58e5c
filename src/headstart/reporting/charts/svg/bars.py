"""Drawings of values by category, a row for each."""

from collections.abc import Iterator

from headstart.reporting.charts.short_names import fit_names
from headstart.reporting.charts.spec import Bars, format_value
from headstart.reporting.charts.svg.marks import (
    LINE,
    SMALL,
    colour_class,
    draw_axis_name,
    draw_legend,
    draw_marker,
    draw_path,
    draw_rect,
    draw_text,
    fmt,
    measure_text,
)
from headstart.reporting.charts.svg.scale import Scale, fit_roomy_scale

WIDE = 440.0  #: of the drawing
LABELS = 176.0  #: most room for names of categories
ROW, THIN = 24.0, 13.0  #: height of a row of one bar; of each bar more
SECOND = 13.0  #: from the first line of a name to the second
BAR = 0.62  #: share of its height that a bar fills


def draw_bars(chart: Bars) -> tuple[float, float, list[str]]:
    """Return width, height and strokes of a drawing."""
    names = [name.split("\n") for name in fit_names(chart.categories, LABELS, lines=2)]
    left = max((measure_text(line) for name in names for line in name), default=0) + 10
    ends = [_format_end(chart, row) for row in range(len(names))]
    right = WIDE - _measure_margin(chart, ends)
    scale = _fit_bar_scale(chart, right - left).place(left, right)
    shown = [(draw_rect(3, -5, 16, 10, _bar_classes(place)), it.name) for place, it in enumerate(chart.groups)]
    keys, high = draw_legend(shown if len(shown) > 1 else [], WIDE, 0.0, 0.0)
    top = high + (LINE if chart.marks else 4)
    row_high = ROW if chart.stacked or len(chart.groups) == 1 else ROW + THIN * (len(chart.groups) - 1) - 4
    row_high = max(row_high, max(map(len, names), default=1) * SECOND + 7)
    bottom = top + row_high * len(names)
    strokes = [*keys, *_draw_grid(scale, top, bottom)]
    for mark in chart.marks:
        x = scale(mark.value)
        strokes.append(draw_path(f"M{fmt(x)},{fmt(top)}V{fmt(bottom)}", "mark"))
        flipped = x + measure_text(mark.name, SMALL) > WIDE
        strokes.append(draw_text(x, top - 4, mark.name, f"value {'end' if flipped else 'mid'}"))
    for row, name in enumerate(names):
        y = top + row_high * (row + 0.5)
        css = "end strong" if row in chart.marked else "end"
        strokes += _draw_name(name, left - 6, y, css, chart.categories[row])
        strokes += _draw_row(chart, row, scale, y, row_high)
        strokes.append(draw_text(WIDE - 2, y + 4, ends[row], "value end"))
    strokes.append(draw_axis_name(chart.value.name, (left + right) / 2, bottom + 32, WIDE))
    return WIDE, bottom + 38, strokes


def _draw_name(lines: list[str], x: float, y: float, css: str, whole: str) -> Iterator[str]:
    """Yield the lines of a name, around the middle of its row; a pointer is told the whole where it had to be cut."""
    tooltip = whole if any("…" in line for line in lines) else ""
    top = y + 4 - SECOND * (len(lines) - 1) / 2
    for number, line in enumerate(lines):
        yield draw_text(x, top + SECOND * number, line, css, tooltip=tooltip)


def _measure_margin(chart: Bars, ends: list[str]) -> float:
    """Return the room at the right: for the ends of rows, or for the end of the longest bar."""
    if len(chart.groups) > 1 and not chart.stacked:
        ends = [format_value(max(it.values), chart.value.form) for it in chart.groups if it.values]
    return max((measure_text(end, SMALL) for end in ends), default=0) + 14


def _fit_bar_scale(chart: Bars, room: float) -> Scale:
    if chart.stacked:
        values = [sum(it.values[row] for it in chart.groups) for row in range(len(chart.categories))]
    else:
        values = [value for it in chart.groups for value in (*it.values, *it.low, *it.high)]
    values += [mark.value for mark in chart.marks]
    return fit_roomy_scale(chart.value, values, room, lambda label: measure_text(label, SMALL), 6)


def _draw_grid(scale: Scale, top: float, bottom: float) -> Iterator[str]:
    for value, label in scale.ticks:
        yield draw_path(f"M{fmt(scale(value))},{fmt(top)}V{fmt(bottom)}", "grid")
        yield draw_text(scale(value), bottom + 15, label, "tick mid")


def _bar_classes(place: int) -> str:
    return f"bar {colour_class(place)}"


def _format_end(chart: Bars, row: int) -> str:
    """Return the text at the end of a row: its value, or the sum of a stack."""
    if chart.stacked:
        return format_value(sum(it.values[row] for it in chart.groups), chart.value.form)
    return format_value(chart.groups[0].values[row], chart.value.form) if len(chart.groups) == 1 else ""


def _draw_row(chart: Bars, row: int, scale: Scale, y: float, high: float) -> Iterator[str]:
    if chart.dots:
        yield from _draw_dot(chart, row, scale, y)
        return
    reached, zero = 0.0, scale(0.0)
    each = (high - 4) / (1 if chart.stacked else len(chart.groups))
    for place, group in enumerate(chart.groups):
        value, tooltip = group.values[row], _describe_bar(chart, row, place)
        if chart.stacked:
            begin, end = scale(reached), scale(reached + value)
            reached += value
            yield draw_rect(begin, y - BAR * ROW / 2, end - begin, BAR * ROW, _bar_classes(place), tooltip)
            continue
        middle = y + (place - (len(chart.groups) - 1) / 2) * each
        thick = min(BAR * ROW, 0.8 * each)
        begin, end = sorted((zero, scale(value)))
        yield draw_rect(begin, middle - thick / 2, max(1.0, end - begin), thick, _bar_classes(place), tooltip)
        if len(chart.groups) > 1:
            yield draw_text(scale(value) + 4, middle + 4, format_value(value, chart.value.form), "value halo")


def _draw_dot(chart: Bars, row: int, scale: Scale, y: float) -> Iterator[str]:
    group, place = chart.groups[0], int(row in chart.marked)
    if group.low:
        low, high = scale(group.low[row]), scale(group.high[row])
        bounds = f"M{fmt(low)},{fmt(y - 4)}v8M{fmt(low)},{fmt(y)}H{fmt(high)}m0,-4v8"
        yield draw_path(bounds, f"whisker {colour_class(place)}")
    yield draw_marker(place, scale(group.values[row]), y, _describe_bar(chart, row, 0), 4.4)


def _describe_bar(chart: Bars, row: int, place: int) -> str:
    """Return the text that a pointer over a bar is shown."""
    group, form = chart.groups[place], chart.value.form
    interval = f" ({format_value(group.low[row], form)} to {format_value(group.high[row], form)})" if group.low else ""
    more = f"; {chart.notes[row]}" if chart.notes else ""
    which = f", {group.name}" if len(chart.groups) > 1 else ""
    return f"{chart.categories[row]}{which}: {format_value(group.values[row], form)}{interval}{more}"
