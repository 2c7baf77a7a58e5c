"""The section on whether more samples would help."""

from dataclasses import dataclass

from headstart.diagnostics.learning_curve import PARTS, ClassGain
from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.data import select_sure_gains
from headstart.reporting.charts.inline import InlineChart, draw_charts
from headstart.reporting.run_records import RunRecords


@dataclass(frozen=True)
class MoreDataSection:
    """The contents of the section."""

    charts: tuple[InlineChart, ...]
    gains: tuple[tuple[int, ClassGain], ...]  #: place in trust.json and gain, most first
    most: ClassGain | None  #: the largest that is more than chance; None where none is
    most_index: int  #: its place in trust.json; -1 where there is none
    least: int = PARTS  #: training samples of each class, no two of one group, that a learning curve takes


def build_more_data_section(records: RunRecords) -> MoreDataSection:
    """Return the learning curve and the gain of each class."""
    curve = records.trust.learning_curve
    measure = records.measure
    found = curve.gains if curve and measure.share and measure.counted else ()  # shares of a class that is found
    gains = sorted(enumerate(found), key=lambda pair: -pair[1].gain)
    sure = select_sure_gains([gain for _, gain in gains])
    index, most = next((pair for pair in gains if pair[1] in sure), (-1, None))
    return MoreDataSection(
        charts=(
            *draw_charts(charts.learning_curve_chart, records),
            *(draw_charts(charts.gains_chart, records) if found else ()),
        ),
        gains=tuple(gains),
        most=most,
        most_index=index,
    )
