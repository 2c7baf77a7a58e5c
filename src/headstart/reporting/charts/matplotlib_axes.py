"""Drawings of charts on the axes of a matplotlib figure."""

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from headstart.reporting.charts.short_names import cut_middle, fit_names, thin_names
from headstart.reporting.charts.spec import Axis, Bars, Chart, Form, Lines, Matrix, Series, format_value
from headstart.reporting.charts.svg.marks import measure_text
from headstart.reporting.charts.svg.scale import fit_roomy_scale
from headstart.reporting.charts.svg.style import DASHES, LIGHT, MARKERS, colour_number, dash_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUMBERED = 20  #: classes; in larger matrices counts are not written
ROOM, TYPE = 360.0, 10.0  #: points that an axis is long at least, and of matplotlib's type
SMALL = 8.5  #: of legends, and of names that stand close
LABELS, TURNED = 165.0, 90.0  #: points, most room for the name of a row, and for one along the axis below
APART = 12.0  #: points from one name along an axis to the next
TITLE = 6.5  #: points, width of a letter of a title
KEY, SPACING, ROW = 34.0, 12.0, 14.5  #: points: a sample of a legend, the space between its columns, a row


def draw_on(axes: "Axes", chart: Chart) -> None:
    """Draw title, data, axes and legend."""
    room, high = ROOM, 0.0
    if isinstance(chart, Lines):
        high = _draw_lines(axes, chart)
    elif isinstance(chart, Bars):
        room, high = _draw_bars(axes, chart)
    else:
        _draw_matrix(axes, chart)
    title = fill(chart.title, max(16, int(room / TITLE)))
    axes.set_title(title, loc="left", fontsize="medium", fontweight="bold", parse_math=False, pad=6 + high)


def _draw_lines(axes: "Axes", chart: Lines) -> float:
    """Draw series over two axes, and return the height of the legend."""
    colours = iter(range(len(chart.series)))
    for series in chart.series:
        _draw_series(axes, series, 0 if series.style == "reference" else next(colours))
    for mark in chart.marks:
        line = axes.axvline if mark.axis == "x" else axes.axhline
        line(mark.value, color="black", linestyle=":", linewidth=1, label=mark.name)
    _set_axis(axes, "x", chart.x)
    _set_axis(axes, "y", chart.y)
    if chart.square:
        axes.set_aspect("equal")
    return _draw_legend(axes, ROOM) if len(chart.series) + len(chart.marks) > 1 else 0.0


def _draw_series(axes: "Axes", series: Series, place: int) -> None:
    colour, dash = LIGHT[colour_number(place)], DASHES[dash_number(place)]
    style = (0, tuple(float(length) / 2 for length in dash.split())) if dash else "-"
    mark = MARKERS[colour_number(place)]
    if series.style == "columns":
        axes.stairs(series.y, series.x, fill=True, alpha=0.3, color=colour, label=series.name)
        return
    if series.style == "reference":
        axes.plot(series.x, series.y, color="grey", linestyle=":", label=series.name)
        return
    if series.style == "cloud":
        axes.plot(series.x, series.y, ".", color=colour, alpha=0.45, markersize=4, label=series.name)
        return
    drawn = {"line": (style, ""), "dots": (style, mark), "points": ("", mark)}[series.style]
    axes.plot(series.x, series.y, color=colour, linestyle=drawn[0], marker=drawn[1], markersize=5, label=series.name)
    if series.low:
        axes.vlines(series.x, series.low, series.high, color=colour, alpha=0.6)
    x, y = ([values[at] for at in series.marked] for values in (series.x, series.y))
    axes.plot(x, y, "o", markersize=13, markerfacecolor="none", markeredgecolor="black")


def _set_axis(axes: "Axes", which: str, axis: Axis) -> None:
    """Set the name, the ends and the form of values."""
    axes.set(**{f"{which}label": axis.name})
    along = axes.xaxis if which == "x" else axes.yaxis
    if axis.log:
        axes.set(**{f"{which}scale": "log"})
        _set_log_ticks(axes, which, axis)
    elif axis.names:
        places, names = thin_names(axis.names, ROOM, APART, TURNED, TYPE)
        along.set_ticks(places, names, parse_math=False)
        if which == "x":
            along.set_tick_params(rotation=90)
    else:
        _set_format(along, axis.form)
    if axis.low is not None and not axis.names:
        axes.set(**{f"{which}lim": (axis.low, axis.high)})


def _set_log_ticks(axes: "Axes", which: str, axis: Axis) -> None:
    """Set the ticks of the page's drawing: on a short range those that matplotlib labels touch."""
    from matplotlib.ticker import NullLocator

    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    scale = fit_roomy_scale(axis, [low, high], ROOM, lambda label: measure_text(label, TYPE), 8)
    along = axes.xaxis if which == "x" else axes.yaxis
    along.set_ticks([value for value, _ in scale.ticks], [label for _, label in scale.ticks], parse_math=False)
    along.set_minor_locator(NullLocator())
    axes.set(**{f"{which}lim": (low, high)})


def _set_format(along: object, form: Form) -> None:
    from matplotlib.axis import Axis as Along
    from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

    assert isinstance(along, Along)
    if form == "share":
        along.set_major_formatter(PercentFormatter(1.0))
    elif form == "count":
        along.set_major_locator(MaxNLocator(integer=True))
    elif form == "bytes":
        along.set_major_formatter(FuncFormatter(lambda value, _: format_value(value, form)))


def _draw_bars(axes: "Axes", chart: Bars) -> tuple[float, float]:
    """Draw rows from top to bottom, and return the length of the axis and the height of the legend."""
    rows = np.arange(len(chart.categories))
    reached = np.zeros(len(rows))
    for place, group in enumerate(chart.groups):
        values, colour = np.array(group.values), LIGHT[colour_number(place)]
        if chart.dots:
            colours = [LIGHT[int(row in chart.marked)] for row in rows]
            axes.scatter(values, rows, color=colours, zorder=3, label=group.name)
            if group.low:
                axes.hlines(rows, group.low, group.high, color=colours, alpha=0.6)
        elif chart.stacked:
            axes.barh(rows, values, left=reached, color=colour, label=group.name)
            reached += values
        else:
            thick = 0.8 / len(chart.groups)
            axes.barh(
                rows + thick * (place - (len(chart.groups) - 1) / 2), values, thick, color=colour, label=group.name
            )
    for mark in chart.marks:
        axes.axvline(mark.value, color="black", linestyle=":", linewidth=1, label=mark.name)
    names = fit_names(chart.categories, LABELS, TYPE, lines=2)
    axes.set_yticks(rows, names, parse_math=False)
    axes.set_ylim(max(len(rows), 3) - 0.5, -0.5)
    _set_axis(axes, "x", chart.value)
    longest = max((measure_text(line, TYPE) for name in names for line in name.split("\n")), default=0.0)
    room = ROOM + 60 - longest
    return room, _draw_legend(axes, room) if len(chart.groups) > 1 or chart.marks else 0.0


def _draw_matrix(axes: "Axes", chart: Matrix) -> None:
    """Draw cells coloured by their share of the row."""
    shares, classes = np.array(chart.shares), len(chart.names)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places, names = thin_names(chart.names, 72 * measure_matrix(classes), APART, TURNED, SMALL)
    turned = max(measure_text(name, SMALL) for name in names) > 72 * measure_matrix(classes) / classes
    axes.set_xticks(places, names, rotation=90 if turned else 0, parse_math=False, fontsize=SMALL)
    axes.set_yticks(places, names, parse_math=False, fontsize=SMALL)
    axes.set(xlabel="predicted", ylabel="true")
    if classes <= NUMBERED:
        for true, row in enumerate(chart.counts):
            for predicted, count in enumerate(row):
                if count:
                    ink = "white" if shares[true, predicted] > 0.55 else "black"
                    axes.text(predicted, true, f"{count:,}", ha="center", va="center", color=ink)


def measure_matrix(classes: int) -> float:
    """Return the edge of a confusion matrix in inches."""
    return min(9.0, max(3.2, 0.3 * classes))


def _draw_legend(axes: "Axes", room: float) -> float:
    """Draw the legend above the axes, so that it covers no data, and return its height in points.

    Names of classes and arms are no formulas, whatever signs are in them.
    """
    handles, names = axes.get_legend_handles_labels()
    shown = [cut_middle(name, room - KEY, SMALL) for name in names]
    widest = max(measure_text(name, SMALL) for name in shown)
    columns = min(len(shown), max(1, int((room + SPACING) / (widest + KEY + SPACING))))
    legend = axes.legend(
        handles,
        shown,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        fontsize=SMALL,
        frameon=False,
        borderpad=0.2,
        borderaxespad=0.2,
        columnspacing=SPACING / SMALL,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return ROW * -(-len(shown) // columns)
