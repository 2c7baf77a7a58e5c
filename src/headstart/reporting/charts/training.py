"""Charts of how a network was trained: its loss and score by epoch, and the test that found its rate."""

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.reporting.charts.spec import (
    Axis,
    Lines,
    Mark,
    NotRecorded,
    Series,
    begin_upper,
    format_quantity,
    format_score,
    get_score_form,
    to_floats,
)
from headstart.reporting.record_types import ArmRecord
from headstart.reporting.run_records import RunRecords
from headstart.training.curves import Epoch
from headstart_runtime.tasks.task import Measure


def training_curves_chart(records: RunRecords) -> tuple[Lines, ...]:
    """Return loss and score by epoch, two charts for each arm that trained a network.

    Raises:
        NotRecorded: no network was trained.
    """
    trained = [arm for arm in records.run.arms if arm.curves]
    if not trained:
        raise NotRecorded(
            f"this run trained no network, so it has no curves; its arms are {join_arm_names(records)}. "
            "Train one with arms='linear-probe,partial-finetune'"
        )
    return tuple(chart for arm in trained for chart in (_plot_losses(arm, records), _plot_scores(arm, records.measure)))


def _plot_losses(arm: ArmRecord, records: RunRecords) -> Lines:
    epochs, best = arm.curves, arm.best_epoch
    losses = {epoch.number: f"{epoch.validation_loss:.3f}" for epoch in epochs}
    last = epochs[-1].number
    alt = (
        f"{arm.name}: the validation loss {_describe_course(losses, epochs[0].number, best)}; the last of "
        f"{format_quantity(last, 'epoch')} has {losses[last]}."
    )
    series = (
        _plot_field("training, changed views", epochs, "train_loss"),
        _plot_field("validation", epochs, "validation_loss", best),
        _plot_field("validation, calibrated (chooses the epoch)", epochs, "calibrated_loss"),
    )
    title = f"Loss of {arm.name}"
    return Lines(title, alt, _epoch_axis(epochs), Axis(_name_loss("loss", records)), series, (_mark_kept(best),))


def _plot_scores(arm: ArmRecord, measure: Measure) -> Lines:
    epochs, best = arm.curves, arm.best_epoch
    scores = {epoch.number: format_score(epoch.validation_score, measure) for epoch in epochs}
    alt = f"{arm.name}: the validation {measure.name} {_describe_course(scores, epochs[0].number, best)}."
    series = (
        _plot_field("training, changed views", epochs, "train_score"),
        _plot_field("validation", epochs, "validation_score", best),
    )
    title, y = f"{begin_upper(measure.name)} of {arm.name}", Axis(measure.name, get_score_form(measure))
    return Lines(title, alt, _epoch_axis(epochs), y, series, (_mark_kept(best),))


def _describe_course(scores: Mapping[int, str], first: int, best: int) -> str:
    """Return how a score went, by epoch, up to the one that is kept."""
    if best == first:
        return f"is {scores[first]} before the first step; training did not help, and the untrained network was kept"
    return f"goes from {scores[first]} before the first step to {scores[best]} at epoch {best}, which is kept"


def _plot_field(name: str, epochs: Sequence[Epoch], field: str, best: int | None = None) -> Series:
    known = [epoch for epoch in epochs if getattr(epoch, field) is not None]
    x, y = to_floats(epoch.number for epoch in known), to_floats(getattr(epoch, field) for epoch in known)
    marked = tuple(place for place, epoch in enumerate(known) if epoch.number == best)
    return Series(name, x, y, style="dots", marked=marked)


def _epoch_axis(epochs: Sequence[Epoch]) -> Axis:
    return Axis("epoch (0: before the first step)", "count", low=0, high=max(1, epochs[-1].number))


def _mark_kept(best: int) -> Mark:
    return Mark(best, f"epoch {best} is kept" if best else "the untrained network is kept")


def rate_finder_chart(records: RunRecords) -> tuple[Lines, ...]:
    """Return the loss while the learning rate grows, a chart for each range test.

    Raises:
        NotRecorded: no rate was looked for.
    """
    found = [(arm.name, arm.rate_curve) for arm in records.run.arms if arm.rate_curve]
    if not found:
        raise NotRecorded("this run made no range test of the learning rate; fit with find_rate=True to have one")
    return tuple(_plot_range_test(name, curve, records) for name, curve in found)


def _plot_range_test(name: str, curve: Mapping[str, Any], records: RunRecords) -> Lines:
    rates, losses, chosen = curve["rates"], curve["losses"], curve["suggestion"]
    end = "until the loss blew up" if curve["stopped"] else "and the loss never blew up"
    alt = (
        f"{name}: the rate grew from {rates[0]:.1e} to {rates[-1]:.1e}, {end}; the lowest loss was "
        f"{' '.join(filter(None, (f'{min(losses):.3f}', records.measure.unit)))}, and the rate chosen is {chosen:.1e}."
    )
    return Lines(
        title=f"Range test of the learning rate, {name}",
        alt=alt,
        x=Axis("learning rate at the top", "rate", log=True),
        y=Axis(_name_loss("training loss, smoothed", records)),
        series=(Series("loss", to_floats(rates), to_floats(losses)),),
        marks=(Mark(chosen, f"chosen: {chosen:.1e}"),),
    )


def _name_loss(name: str, records: RunRecords) -> str:
    """Return the name of an axis of losses with their unit, or else with what they are."""
    unit, loss = records.measure.unit, records.measure.loss
    return f"{name} ({unit} per {records.noun.one})" if unit else f"{name} ({loss})"


def join_arm_names(records: RunRecords) -> str:
    """Return the names of a run's arms for people."""
    return ", ".join(arm.name for arm in records.run.arms)
