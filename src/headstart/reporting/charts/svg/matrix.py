"""Draws a confusion matrix whose cells can be chosen by pointer and keyboard."""

from collections.abc import Iterator
from html import escape

from headstart.reporting.charts.spec import Matrix, percent
from headstart.reporting.charts.svg.marks import SMALL, cut, number, path, rect, text, width

NUMBERED = 20  #: classes; in larger matrices the counts are told, not written
ROOM = 440.0  #: that the names and cells of a small matrix share
SMALLEST, LARGEST = 9.0, 56.0  #: edge of a cell
LABELS = 120.0  #: most room for names
#: Opacity of a cell with next to nothing in it and of one with a whole row; it grows with the root of the row's share.
#: Under counts it stays so low that their contrast to it is 4.5:1 or more, in light and dark.
NUMBERED_OPACITY, PLAIN_OPACITY = (0.12, 0.54), (0.2, 1.0)


def draw_matrix(chart: Matrix) -> tuple[float, float, list[str]]:
    """Width, height and strokes of a drawing."""
    classes = len(chart.names)
    names = [cut(name, LABELS, SMALL) for name in chart.names]
    longest = max(width(name, SMALL) for name in names)
    edge = min(max((ROOM - longest - 24) / classes, SMALLEST), LARGEST)
    level = longest + 6 <= edge
    left, top = longest + 24, (20.0 if level else 0.9 * longest) + 22
    right, bottom = left + edge * classes, top + edge * classes
    strokes = [text((left + right) / 2, 11, "predicted", "name mid")]
    middle = f"{number(10)},{number((top + bottom) / 2)}"
    strokes.append(text(10, (top + bottom) / 2, "true", "name mid", f' transform="rotate(-90,{middle})"'))
    strokes += _labels(chart.names, names, edge, left, top, level=level)
    strokes.append(path(_lattice(classes, edge, left, top), "grid"))
    strokes += _cells(chart, edge, left, top)
    slanted = 0.0 if level else 0.6 * width(names[-1], SMALL)
    return right + max(8.0, slanted), bottom + 4, strokes


def _labels(
    full: tuple[str, ...], names: list[str], edge: float, left: float, top: float, *, level: bool
) -> Iterator[str]:
    """Names of rows and columns, as many as there is room for."""
    every = max(1, -(-12 // int(edge)))
    for place in range(0, len(names), every):
        middle = edge * (place + 0.5)
        yield text(left - 6, top + middle + 4, names[place], "tick end", told=full[place])
        x, y = left + middle, top - 7
        if level:
            yield text(x, y, names[place], "tick mid", told=full[place])
        else:
            turned = f' transform="rotate(-55,{number(x + 3)},{number(y)})"'
            yield text(x + 3, y, names[place], "tick", turned, told=full[place])


def _lattice(classes: int, edge: float, left: float, top: float) -> str:
    whole = number(edge * classes)
    lines = range(classes + 1) if classes <= NUMBERED else (0, classes)
    across = "".join(f"M{number(left)},{number(top + edge * it)}h{whole}" for it in lines)
    return across + "".join(f"M{number(left + edge * it)},{number(top)}v{whole}" for it in lines)


def _cells(chart: Matrix, edge: float, left: float, top: float) -> Iterator[str]:
    """A button for each cell with photos in it; the others are the empty lattice."""
    numbered = len(chart.names) <= NUMBERED
    for true, (row, shares) in enumerate(zip(chart.counts, chart.shares, strict=True)):
        for predicted, (count, share) in enumerate(zip(row, shares, strict=True)):
            if count:
                yield _cell(chart, true, predicted, share, left, top, edge, numbered=numbered)


def _cell(
    chart: Matrix, true: int, predicted: int, share: float, left: float, top: float, edge: float, *, numbered: bool
) -> str:
    count = chart.counts[true][predicted]
    x, y = left + edge * predicted, top + edge * true
    least, most = NUMBERED_OPACITY if numbered else PLAIN_OPACITY
    opacity = least + (most - least) * share**0.5
    told = f"true {chart.names[true]} predicted {chart.names[predicted]}: {count}"
    inset = 1.0 if numbered else 0.5
    box = rect(x + inset, y + inset, edge - 2 * inset, edge - 2 * inset, "", "", f' fill-opacity="{opacity:.2f}"')
    inside = text(x + edge / 2, y + edge / 2 + 4, f"{count:,}", "value mid") if numbered else ""
    css = "right" if true == predicted else "wrong"
    return (
        f'<g class="cell {css}" role="button" tabindex="0" data-true="{true}" data-predicted="{predicted}" '
        f'aria-label="{escape(told)}"><title>{escape(told)} ({percent(share)} of the row)</title>{box}{inside}</g>'
    )
