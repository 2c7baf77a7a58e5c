"""Every chart of a run, by name: records in, numbers with axes and words out, nothing drawn yet."""

from collections.abc import Callable, Mapping

from headstart.reporting.charts.arms import accuracy_over_cost, cost, depth
from headstart.reporting.charts.certainty import class_coverage, novelty, reliability, sets
from headstart.reporting.charts.data import class_counts, gains, learning_curve, slices
from headstart.reporting.charts.scores import confusion, precision_recall, risk_coverage, roc
from headstart.reporting.charts.spec import Chart, NotRecorded
from headstart.reporting.charts.training import curves, rate_finder
from headstart.reporting.records import Records

Maker = Callable[[Records], Chart | tuple[Chart, ...]]

#: In the order of the report. Some give several charts: two for each trained arm, one for each kind of cost.
CHARTS: Mapping[str, Maker] = {
    "class_counts": class_counts,
    "accuracy_over_cost": accuracy_over_cost,
    "depth": depth,
    "curves": curves,
    "rate_finder": rate_finder,
    "confusion": confusion,
    "roc": roc,
    "precision_recall": precision_recall,
    "reliability": reliability,
    "risk_coverage": risk_coverage,
    "sets": sets,
    "class_coverage": class_coverage,
    "novelty": novelty,
    "slices": slices,
    "learning_curve": learning_curve,
    "gains": gains,
    "cost": cost,
}

__all__ = [
    "CHARTS",
    "Chart",
    "NotRecorded",
    "accuracy_over_cost",
    "class_counts",
    "class_coverage",
    "confusion",
    "cost",
    "curves",
    "depth",
    "drawable",
    "gains",
    "learning_curve",
    "novelty",
    "of_run",
    "precision_recall",
    "rate_finder",
    "reliability",
    "risk_coverage",
    "roc",
    "sets",
    "slices",
]


def of_run(records: Records) -> dict[str, tuple[Chart, ...]]:
    """Every chart that the run has the data for, by name."""
    return {name: made for name, maker in CHARTS.items() if (made := drawable(maker, records))}


def drawable(maker: Maker, records: Records) -> tuple[Chart, ...]:
    """What a maker gives; nothing where the run lacks the data."""
    try:
        made = maker(records)
    except NotRecorded:
        return ()
    return made if isinstance(made, tuple) else (made,)
