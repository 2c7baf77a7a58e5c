"""Charts as inline SVG: no request, no script, coloured by the page's style sheet (``style.STYLE``).

The title is not drawn, for a page has its own headings: the title and the words of ``alt`` are in the drawing for those
who do not see it.
"""

from html import escape

from headstart.reporting.charts.spec import Bars, Lines
from headstart.reporting.charts.svg.bars import draw_bars
from headstart.reporting.charts.svg.lines import draw_lines
from headstart.reporting.charts.svg.marks import fmt

LEGIBLE = 0.75  #: of its own size: how far a wide drawing is shrunk, before it is to be scrolled


def draw(chart: Lines | Bars, key: str) -> str:
    """Return a chart as an ``svg`` element.

    Args:
        chart: what to draw.
        key: unique in the page; ids begin with it.
    """
    wide, high, strokes = draw_lines(chart) if isinstance(chart, Lines) else draw_bars(chart)
    kind = type(chart).__name__.lower()
    style = f"max-width:{fmt(1.5 * wide)}px"
    if wide > 640:
        style += f";min-width:{fmt(LEGIBLE * wide)}px"
    names = f'aria-labelledby="{escape(key)}-title" aria-describedby="{escape(key)}-alt"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart {kind}" viewBox="0 0 {fmt(wide)} {fmt(high)}" '
        f'role="img" {names} style="{style}">'
        f'<title id="{escape(key)}-title">{escape(chart.title)}</title>'
        f'<desc id="{escape(key)}-alt">{escape(chart.alt)}</desc>'
    )
    return f"{head}{''.join(strokes)}</svg>"
