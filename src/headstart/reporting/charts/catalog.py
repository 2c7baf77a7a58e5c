"""Every chart of a run under one name: functions that take its records and return numbers, axes and words."""

from collections.abc import Callable
from typing import TypeVar

from headstart.reporting.charts.arms import cost_chart, depth_chart, score_over_cost_chart
from headstart.reporting.charts.certainty import (
    class_coverage_chart,
    novelty_chart,
    reliability_chart,
    set_sizes_chart,
)
from headstart.reporting.charts.data import class_counts_chart, gains_chart, learning_curve_chart, slices_chart
from headstart.reporting.charts.scores import confusion_chart, precision_recall_chart, risk_coverage_chart, roc_chart
from headstart.reporting.charts.screening import (
    decision_curve_chart,
    positive_precision_chart,
    positive_roc_chart,
    threshold_rates_chart,
)
from headstart.reporting.charts.spec import Chart, NotRecorded
from headstart.reporting.charts.training import rate_finder_chart, training_curves_chart
from headstart.reporting.run_records import RunRecords

_Run = TypeVar("_Run", bound=RunRecords)

#: Some return several charts: two for each trained arm, one for each kind of cost.
ChartMaker = Callable[[_Run], Chart | tuple[Chart, ...]]

__all__ = [
    "ChartMaker",
    "class_counts_chart",
    "class_coverage_chart",
    "confusion_chart",
    "cost_chart",
    "decision_curve_chart",
    "depth_chart",
    "gains_chart",
    "learning_curve_chart",
    "make_if_recorded",
    "novelty_chart",
    "positive_precision_chart",
    "positive_roc_chart",
    "precision_recall_chart",
    "rate_finder_chart",
    "reliability_chart",
    "risk_coverage_chart",
    "roc_chart",
    "score_over_cost_chart",
    "set_sizes_chart",
    "slices_chart",
    "threshold_rates_chart",
    "training_curves_chart",
]


def make_if_recorded(maker: ChartMaker[_Run], records: _Run) -> tuple[Chart, ...]:
    """Return the charts that a function makes of the records; an empty tuple where the run lacks their data."""
    try:
        made = maker(records)
    except NotRecorded:
        return ()
    return made if isinstance(made, tuple) else (made,)
