"""Charts as a page shows them: drawings with titles."""

from dataclasses import dataclass
from typing import TypeVar

from markupsafe import Markup

from headstart.reporting.charts.catalog import ChartMaker, make_if_recorded
from headstart.reporting.charts.spec import Bars, Lines, Matrix
from headstart.reporting.charts.svg.draw import draw
from headstart.reporting.run_records import RunRecords

_Run = TypeVar("_Run", bound=RunRecords)


@dataclass(frozen=True, slots=True)
class InlineChart:
    """A chart on a page."""

    title: str
    svg: Markup  #: with its finding in words for those who do not see it


def draw_inline(chart: Lines | Bars, key: str) -> InlineChart:
    """Return a drawing of a chart; ids in it begin with a key that is unique in the page."""
    return InlineChart(chart.title, Markup(draw(chart, key)))  # noqa: S704 - escaped as it is drawn


def draw_charts(maker: ChartMaker[_Run], records: _Run) -> tuple[InlineChart, ...]:
    """Return drawings of the charts that a function makes of the records; none where the run lacks their data.

    A confusion matrix is not drawn: a page shows it as a table.
    """
    name = maker.__name__.removesuffix("_chart").replace("_", "-")
    made = []
    for number, chart in enumerate(make_if_recorded(maker, records)):
        if not isinstance(chart, Matrix):
            made.append(draw_inline(chart, f"chart-{name}-{number}"))
    return tuple(made)
