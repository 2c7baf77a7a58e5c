"""The section on how networks were trained."""

from dataclasses import dataclass

from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.inline import InlineChart, draw_charts
from headstart.reporting.run_records import RunRecords
from headstart.training.curves import KEPT_EPOCH_RULE, Epoch


@dataclass(frozen=True)
class TrainedArm:
    """An arm that trained a network."""

    index: int  #: among those
    name: str
    best_epoch: int
    epochs: int
    start: Epoch  #: before the first step
    best: Epoch  #: the one that is kept
    notes: tuple[str, ...]
    charts: tuple[InlineChart, ...]


@dataclass(frozen=True)
class TrainingSection:
    """The contents of the section."""

    arms: tuple[TrainedArm, ...]
    kept: str = KEPT_EPOCH_RULE  #: which epoch of each


def build_training_section(records: RunRecords) -> TrainingSection:
    """Return the trained arms; none where nothing was trained."""
    arms = [arm for arm in records.run.arms if arm.curves]
    curves = draw_charts(charts.training_curves_chart, records)  # two of each arm
    rate_tests = iter(draw_charts(charts.rate_finder_chart, records))
    found = []
    for index, arm in enumerate(arms):
        by_number = {epoch.number: epoch for epoch in arm.curves}
        rate_test = (next(rate_tests),) if arm.rate_curve else ()
        found.append(
            TrainedArm(
                index=index,
                name=arm.name,
                best_epoch=arm.best_epoch,
                epochs=max(by_number),
                start=arm.curves[0],
                best=by_number[arm.best_epoch],
                notes=arm.notes,
                charts=(*curves[2 * index : 2 * index + 2], *rate_test),
            )
        )
    return TrainingSection(tuple(found))
