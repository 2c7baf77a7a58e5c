"""Charts as a page shows them: drawn, under their titles."""

from dataclasses import dataclass

from markupsafe import Markup

from headstart.reporting.charts.catalog import Maker, drawable
from headstart.reporting.charts.svg.draw import draw
from headstart.reporting.records import Records


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart on a page."""

    title: str
    svg: Markup  #: with its finding in words for those who do not see it


def plots(maker: Maker, records: Records) -> tuple[Plot, ...]:
    """The charts that a maker gives of the records; none where the run has not what they show."""
    name = maker.__name__.replace("_", "-")
    return tuple(
        Plot(chart.title, Markup(draw(chart, f"chart-{name}-{number}")))  # noqa: S704 - escaped as it is drawn
        for number, chart in enumerate(drawable(maker, records))
    )
