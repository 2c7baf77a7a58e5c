"""Charts as a page shows them: drawings with titles."""

from dataclasses import dataclass

from markupsafe import Markup

from headstart.reporting.charts.catalog import ChartMaker, make_if_recorded
from headstart.reporting.charts.spec import Matrix
from headstart.reporting.charts.svg.draw import draw
from headstart.reporting.records import Records


@dataclass(frozen=True, slots=True)
class InlineChart:
    """A chart on a page."""

    title: str
    svg: Markup  #: with its finding in words for those who do not see it


def draw_charts(maker: ChartMaker, records: Records) -> tuple[InlineChart, ...]:
    """Return drawings of the charts that a function makes of the records; none where the run lacks their data.

    A confusion matrix is not drawn: a page shows it as a table.
    """
    name = maker.__name__.removesuffix("_chart").replace("_", "-")
    made = []
    for number, chart in enumerate(make_if_recorded(maker, records)):
        if not isinstance(chart, Matrix):
            svg = Markup(draw(chart, f"chart-{name}-{number}"))  # noqa: S704 - escaped as it is drawn
            made.append(InlineChart(chart.title, svg))
    return tuple(made)
