"""Draws values by category, a row for each."""

from collections.abc import Iterator

from headstart.reporting.charts.spec import Bars, format_value
from headstart.reporting.charts.svg.marks import (
    LINE,
    SMALL,
    css_of,
    cut,
    legend,
    marker,
    number,
    path,
    rect,
    text,
    width,
)
from headstart.reporting.charts.svg.scale import Scale, roomy_scale

WIDE = 440.0  #: of the drawing
LABELS = 176.0  #: most room for names of categories
ROW, THIN = 24.0, 13.0  #: height of a row of one bar; of each bar more
BAR = 0.62  #: share of its height that a bar fills


def draw_bars(chart: Bars) -> tuple[float, float, list[str]]:
    """Width, height and strokes of a drawing."""
    names = [cut(name, LABELS) for name in chart.categories]
    left = max((width(name) for name in names), default=0) + 10
    ends = [_end(chart, row) for row in range(len(names))]
    right = WIDE - _margin(chart, ends)
    scale = _scale(chart, right - left).placed(left, right)
    shown = [(rect(3, -5, 16, 10, _bar(place)), it.name) for place, it in enumerate(chart.groups)]
    keys, high = legend(shown if len(shown) > 1 else [], WIDE, 0.0, 0.0)
    top = high + (LINE if chart.marks else 4)
    row_high = ROW if chart.stacked or len(chart.groups) == 1 else ROW + THIN * (len(chart.groups) - 1) - 4
    bottom = top + row_high * len(names)
    strokes = [*keys, *_grid(scale, top, bottom)]
    for mark in chart.marks:
        x = scale(mark.value)
        strokes.append(path(f"M{number(x)},{number(top)}V{number(bottom)}", "mark"))
        flipped = x + width(mark.name, SMALL) > WIDE
        strokes.append(text(x, top - 4, mark.name, f"value {'end' if flipped else 'mid'}"))
    for row, name in enumerate(names):
        y = top + row_high * (row + 0.5)
        css = "end strong" if row in chart.marked else "end"
        strokes.append(text(left - 6, y + 4, name, css, told=chart.categories[row]))
        strokes += _row(chart, row, scale, y, row_high)
        strokes.append(text(WIDE - 2, y + 4, ends[row], "value end"))
    strokes.append(text((left + right) / 2, bottom + 32, cut(chart.value.name, WIDE), "name mid"))
    return WIDE, bottom + 38, strokes


def _margin(chart: Bars, ends: list[str]) -> float:
    """Room at the right: for what stands at the ends of rows, or at the end of the longest bar."""
    if len(chart.groups) > 1 and not chart.stacked:
        ends = [format_value(max(it.values), chart.value.form) for it in chart.groups if it.values]
    return max((width(end, SMALL) for end in ends), default=0) + 14


def _scale(chart: Bars, room: float) -> Scale:
    if chart.stacked:
        values = [sum(it.values[row] for it in chart.groups) for row in range(len(chart.categories))]
    else:
        values = [value for it in chart.groups for value in (*it.values, *it.low, *it.high)]
    values += [mark.value for mark in chart.marks]
    return roomy_scale(chart.value, values, room, lambda label: width(label, SMALL), 6)


def _grid(scale: Scale, top: float, bottom: float) -> Iterator[str]:
    for value, label in scale.ticks:
        yield path(f"M{number(scale(value))},{number(top)}V{number(bottom)}", "grid")
        yield text(scale(value), bottom + 15, label, "tick mid")


def _bar(place: int) -> str:
    return f"bar {css_of(place)}"


def _end(chart: Bars, row: int) -> str:
    """What stands at the end of a row: its value, or the sum of a stack."""
    if chart.stacked:
        return format_value(sum(it.values[row] for it in chart.groups), chart.value.form)
    return format_value(chart.groups[0].values[row], chart.value.form) if len(chart.groups) == 1 else ""


def _row(chart: Bars, row: int, scale: Scale, y: float, high: float) -> Iterator[str]:
    if chart.dots:
        yield from _dot(chart, row, scale, y)
        return
    reached, zero = 0.0, scale(0.0)
    each = (high - 4) / (1 if chart.stacked else len(chart.groups))
    for place, group in enumerate(chart.groups):
        value, told = group.values[row], _told(chart, row, place)
        if chart.stacked:
            begin, end = scale(reached), scale(reached + value)
            reached += value
            yield rect(begin, y - BAR * ROW / 2, end - begin, BAR * ROW, _bar(place), told)
            continue
        middle = y + (place - (len(chart.groups) - 1) / 2) * each
        thick = min(BAR * ROW, 0.8 * each)
        begin, end = sorted((zero, scale(value)))
        yield rect(begin, middle - thick / 2, max(1.0, end - begin), thick, _bar(place), told)
        if len(chart.groups) > 1:
            yield text(scale(value) + 4, middle + 4, format_value(value, chart.value.form), "value halo")


def _dot(chart: Bars, row: int, scale: Scale, y: float) -> Iterator[str]:
    group, place = chart.groups[0], int(row in chart.marked)
    if group.low:
        low, high = scale(group.low[row]), scale(group.high[row])
        bounds = f"M{number(low)},{number(y - 4)}v8M{number(low)},{number(y)}H{number(high)}m0,-4v8"
        yield path(bounds, f"whisker {css_of(place)}")
    yield marker(place, scale(group.values[row]), y, _told(chart, row, 0), 4.4)


def _told(chart: Bars, row: int, place: int) -> str:
    """What a pointer over a bar is told."""
    group, form = chart.groups[place], chart.value.form
    interval = f" ({format_value(group.low[row], form)} to {format_value(group.high[row], form)})" if group.low else ""
    more = f"; {chart.notes[row]}" if chart.notes else ""
    which = f", {group.name}" if len(chart.groups) > 1 else ""
    return f"{chart.categories[row]}{which}: {format_value(group.values[row], form)}{interval}{more}"
