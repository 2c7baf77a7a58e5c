"""Charts as inline SVG: no request, no script, themed by the page's style (``svg_style.STYLE``), read by all.

The title is not drawn, for a page has its own headings: it and the words of ``alt`` are in the drawing for those who
do not see it.
"""

from html import escape

from headstart.reporting.charts.spec import Bars, Chart, Lines, Matrix
from headstart.reporting.charts.svg.bars import draw_bars
from headstart.reporting.charts.svg.lines import draw_lines
from headstart.reporting.charts.svg.marks import number
from headstart.reporting.charts.svg.matrix import draw_matrix
from headstart.reporting.charts.svg.style import STYLE

__all__ = ["STYLE", "draw"]

LEGIBLE = 0.75  #: of its own size: how far a wide drawing is shrunk, before it is to be scrolled


def draw(chart: Chart, key: str) -> str:
    """A chart as an ``svg`` element.

    The cells of a matrix are buttons with ``data-true`` and ``data-predicted``, indices of classes; its element is a
    group, where any other chart's is one picture.

    Args:
        chart: what to draw.
        key: unique in the page; ids begin with it.
    """
    if isinstance(chart, Lines):
        wide, high, strokes = draw_lines(chart)
    elif isinstance(chart, Bars):
        wide, high, strokes = draw_bars(chart)
    else:
        wide, high, strokes = draw_matrix(chart)
    kind, role = type(chart).__name__.lower(), "group" if isinstance(chart, Matrix) else "img"
    style = f"max-width:{number(1.5 * wide)}px"
    if wide > 640:
        style += f";min-width:{number(LEGIBLE * wide)}px"
    names = f'aria-labelledby="{escape(key)}-title" aria-describedby="{escape(key)}-alt"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart {kind}" viewBox="0 0 {number(wide)} {number(high)}" '
        f'role="{role}" {names} style="{style}">'
        f'<title id="{escape(key)}-title">{escape(chart.title)}</title>'
        f'<desc id="{escape(key)}-alt">{escape(chart.alt)}</desc>'
    )
    return f"{head}{''.join(strokes)}</svg>"
