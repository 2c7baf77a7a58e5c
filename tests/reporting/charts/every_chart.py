"""Every chart of a run by name, in the order of the report."""

from collections.abc import Mapping

from headstart.reporting.charts import catalog
from headstart.reporting.charts.spec import Chart
from headstart.reporting.records import Records

NAMES = (
    "class_counts",
    "score_over_cost",
    "depth",
    "training_curves",
    "rate_finder",
    "confusion",
    "roc",
    "precision_recall",
    "positive_roc",
    "positive_precision",
    "threshold_rates",
    "decision_curve",
    "reliability",
    "risk_coverage",
    "set_sizes",
    "class_coverage",
    "novelty",
    "slices",
    "learning_curve",
    "gains",
    "cost",
)
CHARTS: Mapping[str, catalog.ChartMaker] = {name: getattr(catalog, f"{name}_chart") for name in NAMES}


def make_charts(records: Records) -> dict[str, tuple[Chart, ...]]:
    """Return the charts that the run has the data for."""
    return {name: made for name, maker in CHARTS.items() if (made := catalog.make_if_recorded(maker, records))}
