"""The strokes of a drawing: escaped text, numbers of few digits, markers, lines, legends."""

from collections.abc import Sequence
from html import escape
from unicodedata import east_asian_width

from headstart.reporting.charts.svg.style import colour_of, dash_of

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


def number(value: float) -> str:
    """A coordinate: a tenth of a unit cannot be seen."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def width(text: str, size: float = TYPE) -> float:
    """An upper estimate of how wide a text is; Chinese, Japanese and Korean signs are as wide as they are high."""
    if text.isascii():
        return CHARACTER * size * len(text)
    return size * sum(1.0 if east_asian_width(sign) in "WF" else CHARACTER for sign in text)


def cut(text: str, room: float, size: float = TYPE) -> str:
    """As much of a text as there is room for."""
    if width(text, size) <= room:
        return text
    kept = text[: max(0, int(room / (CHARACTER * size)) - 1)]
    while kept and width(f"{kept}…", size) > room:
        kept = kept[:-1]
    return f"{kept}…"


def text(x: float, y: float, content: str, css: str = "", more: str = "", told: str = "") -> str:
    """A text; ``told`` is what a pointer is told where the text had to be cut."""
    inside = escape(content) + (f"<title>{escape(told)}</title>" if told and told != content else "")
    return f'<text x="{number(x)}" y="{number(y)}"{_class(css)}{more}>{inside}</text>'


def path(d: str, css: str, told: str = "", more: str = "") -> str:
    """A path, with what a pointer over it is told."""
    return f'<path d="{d}" class="{css}"{more}{_closed("path", told)}'


def rect(x: float, y: float, wide: float, high: float, css: str, told: str = "", more: str = "") -> str:
    """A rectangle."""
    place = f'x="{number(x)}" y="{number(y)}" width="{number(max(0, wide))}" height="{number(max(0, high))}"'
    return f"<rect {place}{_class(css)}{more}{_closed('rect', told)}"


def _class(css: str) -> str:
    return f' class="{css}"' if css else ""


def _closed(element: str, told: str) -> str:
    return f"><title>{escape(told)}</title></{element}>" if told else "/>"


def marker(series: int, x: float, y: float, told: str = "", radius: float = 3.6) -> str:
    """The sign of a series at a place."""
    move = f' transform="translate({number(x)} {number(y)}) scale({radius})" vector-effect="non-scaling-stroke"'
    return path(_SHAPES[colour_of(series)], f"point {css_of(series)}", told, move)


def css_of(series: int) -> str:
    """The class that gives a series its colour."""
    return f"s{colour_of(series) + 1}"


def line_css(series: int) -> str:
    """The classes of a series' line: colour and dash."""
    return f"line {css_of(series)} d{dash_of(series)}"


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """The path through points, without those that cannot be seen: on the straight between their neighbours."""
    kept: list[tuple[float, float]] = []
    for x, y in ((round(x, 1), round(y, 1)) for x, y in points):
        if kept and kept[-1] == (x, y):
            continue
        if len(kept) > 1 and _between(kept[-2], kept[-1], (x, y)):
            kept.pop()
        kept.append((x, y))
    return "M" + "L".join(f"{number(x)},{number(y)}" for x, y in kept)


def _between(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b lies on the straight from a to c, which goes on in the same direction."""
    along, across = (b[0] - a[0], b[1] - a[1]), (c[0] - b[0], c[1] - b[1])
    turned = along[0] * across[1] - along[1] * across[0]
    return abs(turned) < 0.005 and along[0] * across[0] + along[1] * across[1] >= 0


def legend(items: Sequence[tuple[str, str]], room: float, left: float, top: float) -> tuple[list[str], float]:
    """Samples and names in rows.

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
        shown = cut(name, room - SAMPLE - 8)
        wide = SAMPLE + 5 + width(shown) + 12
        if x > left and x + wide - 12 > left + room:
            x, y = left, y + LINE
        strokes.append(f'<g transform="translate({number(x)} {number(y + LINE / 2)})">{sample}</g>')
        strokes.append(text(x + SAMPLE + 5, y + LINE / 2 + 4, shown, told=name))
        x += wide
    return strokes, y + LINE - top if items else 0.0
