"""The strokes of a drawing: escaped text, numbers of few digits, markers, lines, legends."""

from collections.abc import Sequence
from html import escape
from unicodedata import east_asian_width

from headstart.reporting.charts.svg.style import colour_number, dash_number

CHARACTER = 0.6  #: width of a letter over the size of its type: wider than most types have it, so that nothing overlaps
TYPE = 12.0  #: size of type, in units of the drawing
SMALL = 11.0  #: of ticks and values
LINE = 17.0  #: from one line of a legend to the next
SAMPLE = 22.0  #: width of a legend's sample
_SHAPES = {  #: around 0, 0 with a radius of about 1, by the number of the colour
    0: "M-1,0a1,1 0 1,0 2,0a1,1 0 1,0 -2,0z",
    1: "M-.9,-.9h1.8v1.8h-1.8z",
    2: "M0,-1.15L1.1,.85H-1.1z",
    3: "M0,-1.25L1.25,0L0,1.25L-1.25,0z",
    4: "M0,1.15L1.1,-.85H-1.1z",
    5: "M-.4,-1.1h.8v.7h.7v.8h-.7v.7h-.8v-.7h-.7v-.8h.7z",
}


def fmt(value: float) -> str:
    """Return a coordinate with one decimal: a tenth of a unit cannot be seen."""
    draw_text = f"{value:.1f}"
    return draw_text.removesuffix(".0") if draw_text != "-0.0" else "0"


def measure_text(draw_text: str, size: float = TYPE) -> float:
    """Return an upper estimate of a text's width; Chinese, Japanese and Korean signs are as wide as they are high."""
    if draw_text.isascii():
        return CHARACTER * size * len(draw_text)
    return size * sum(1.0 if east_asian_width(sign) in "WF" else CHARACTER for sign in draw_text)


def shorten(draw_text: str, room: float, size: float = TYPE) -> str:
    """Return as much of a text as there is room for."""
    if measure_text(draw_text, size) <= room:
        return draw_text
    kept = draw_text[: max(0, int(room / (CHARACTER * size)) - 1)]
    while kept and measure_text(f"{kept}…", size) > room:
        kept = kept[:-1]
    return f"{kept}…"


def draw_text(x: float, y: float, content: str, css: str = "", more: str = "", tooltip: str = "") -> str:
    """Return a text; ``tooltip`` is shown to a pointer where the text had to be cut."""
    inside = escape(content) + (f"<title>{escape(tooltip)}</title>" if tooltip and tooltip != content else "")
    return f'<text x="{fmt(x)}" y="{fmt(y)}"{_class_attribute(css)}{more}>{inside}</text>'


def draw_axis_name(name: str, middle: float, y: float, wide: float) -> str:
    """Return the name of the axis below a plot: around its middle, as far as the drawing goes that is so wide."""
    shown = shorten(name, wide)
    half = measure_text(shown) / 2
    return draw_text(min(max(middle, half), wide - half), y, shown, "name mid", tooltip=name)


def draw_path(d: str, css: str, tooltip: str = "", more: str = "") -> str:
    """Return a path, with the tooltip of a pointer over it."""
    return f'<path d="{d}" class="{css}"{more}{_close_element("path", tooltip)}'


def draw_rect(x: float, y: float, wide: float, high: float, css: str, tooltip: str = "", more: str = "") -> str:
    """Return a rectangle."""
    place = f'x="{fmt(x)}" y="{fmt(y)}" width="{fmt(max(0, wide))}" height="{fmt(max(0, high))}"'
    return f"<rect {place}{_class_attribute(css)}{more}{_close_element('rect', tooltip)}"


def _class_attribute(css: str) -> str:
    return f' class="{css}"' if css else ""


def _close_element(element: str, tooltip: str) -> str:
    return f"><title>{escape(tooltip)}</title></{element}>" if tooltip else "/>"


def draw_marker(series: int, x: float, y: float, tooltip: str = "", radius: float = 3.6) -> str:
    """Return the sign of a series at a place."""
    move = f' transform="translate({fmt(x)} {fmt(y)}) scale({radius})" vector-effect="non-scaling-stroke"'
    return draw_path(_SHAPES[colour_number(series)], f"point {colour_class(series)}", tooltip, move)


def colour_class(series: int) -> str:
    """Return the class that gives a series its colour."""
    return f"s{colour_number(series) + 1}"


def line_classes(series: int) -> str:
    """Return the classes of a series' line: colour and dash."""
    return f"line {colour_class(series)} d{dash_number(series)}"


def trace_polyline(points: Sequence[tuple[float, float]]) -> str:
    """Return the path through points, without those that lie on the straight between their neighbours."""
    kept: list[tuple[float, float]] = []
    for x, y in ((round(x, 1), round(y, 1)) for x, y in points):
        if kept and kept[-1] == (x, y):
            continue
        if len(kept) > 1 and _is_between(kept[-2], kept[-1], (x, y)):
            kept.pop()
        kept.append((x, y))
    return "M" + "L".join(f"{fmt(x)},{fmt(y)}" for x, y in kept)


def _is_between(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Return whether b lies on the straight from a to c, which goes on in the same direction."""
    along, across = (b[0] - a[0], b[1] - a[1]), (c[0] - b[0], c[1] - b[1])
    turned = along[0] * across[1] - along[1] * across[0]
    return abs(turned) < 0.005 and along[0] * across[0] + along[1] * across[1] >= 0


def draw_legend(items: Sequence[tuple[str, str]], room: float, left: float, top: float) -> tuple[list[str], float]:
    """Draw samples and names in rows.

    Args:
        items: the strokes of a sample, drawn around (11, 0), and the name.
        room: width of a row.
        left: where rows begin.
        top: where the first row begins.

    Returns:
        The strokes, and the height of all rows.
    """
    strokes, x, y = [], left, top
    for sample, name in items:
        shown = shorten(name, room - SAMPLE - 8)
        wide = SAMPLE + 5 + measure_text(shown) + 12
        if x > left and x + wide - 12 > left + room:
            x, y = left, y + LINE
        strokes.append(f'<g transform="translate({fmt(x)} {fmt(y + LINE / 2)})">{sample}</g>')
        strokes.append(draw_text(x + SAMPLE + 5, y + LINE / 2 + 4, shown, tooltip=name))
        x += wide
    return strokes, y + LINE - top if items else 0.0
