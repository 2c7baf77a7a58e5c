"""The section on time, memory and disk."""

from dataclasses import dataclass

from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.inline import InlineChart, draw_charts
from headstart.reporting.run_records import RunRecords


@dataclass(frozen=True, slots=True)
class StageTime:
    """A stage of the run."""

    name: str
    seconds: float
    share: float  #: of the longest stage


@dataclass(frozen=True)
class CostSection:
    """The contents of the section."""

    stages: tuple[StageTime, ...]
    charts: tuple[InlineChart, ...]


def build_cost_section(records: RunRecords) -> CostSection:
    """Return the time of each stage and the charts of predicted and real cost."""
    stages = records.run.seconds
    longest = max(stages.values(), default=0.0) or 1.0
    return CostSection(
        stages=tuple(StageTime(name, seconds, seconds / longest) for name, seconds in stages.items()),
        charts=draw_charts(charts.cost_chart, records),
    )
