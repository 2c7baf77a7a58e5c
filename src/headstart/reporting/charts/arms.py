"""Charts of the ways that were tried (arms): score, layer and cost."""

from collections.abc import Sequence

from headstart.modalities.item import Noun
from headstart.reporting.charts.spec import (
    Axis,
    BarGroup,
    Bars,
    Form,
    Lines,
    NotRecorded,
    Series,
    format_percent,
    format_quantity,
    format_value,
    to_floats,
)
from headstart.reporting.charts.training import join_arm_names
from headstart.reporting.record_types import ArmRecord
from headstart.reporting.records import Records
from headstart.selection.arm import DepthPoint
from headstart.selection.leaderboard import LeaderboardRow

LEAST_SECONDS = 0.01  #: an arm that took less, as an ensemble does, stands here on the logarithmic axis
#: A field of the leaderboard's rows, its name, how it is written.
KINDS: tuple[tuple[str, str, Form], ...] = (
    ("seconds", "time", "seconds"),
    ("memory", "memory", "bytes"),
    ("disk", "disk", "bytes"),
)


def accuracy_over_cost_chart(records: Records) -> Lines:
    """Return the validation accuracy of each arm over the seconds that it took."""
    rows = records.comparison.arms
    winner = next(row for row in rows if row.winner)
    dearest = max(rows, key=lambda row: row.seconds)
    alt = f"{winner.arm} was kept with {_describe_score(winner)}"
    if len(rows) == 1:
        alt += "; nothing else was tried."
    elif dearest is winner:
        alt += f"; it is the slowest of {format_quantity(len(rows), 'way')}."
    else:
        alt += f"; of {format_quantity(len(rows), 'way')} the slowest, {dearest.arm}, has {_describe_score(dearest)}."
    return Lines(
        title="Accuracy over time",
        alt=alt,
        x=Axis("seconds it took to make (logarithmic)", "seconds", log=True),
        y=Axis("validation accuracy, 95\u00a0% interval", "share"),
        series=tuple(map(_plot_arm, rows)),
    )


def _describe_score(row: LeaderboardRow) -> str:
    return f"{format_percent(row.validation_score)} on validation in {format_value(row.seconds, 'seconds')}"


def _plot_arm(row: LeaderboardRow) -> Series:
    return Series(
        name=f"{row.arm} (kept)" if row.winner else row.arm,
        x=(max(row.seconds, LEAST_SECONDS),),
        y=(row.validation_score,),
        low=(row.validation_low,),
        high=(row.validation_high,),
        style="points",
        notes=(f"took {format_value(row.seconds, 'seconds')}",),
        marked=(0,) if row.winner else (),
    )


def depth_chart(records: Records) -> tuple[Lines, ...]:
    """Return the accuracy by layer, a chart for each arm that compared layers.

    Raises:
        NotRecorded: none did.
    """
    arms = [arm for arm in records.run.arms if arm.depth]
    if not arms:
        raise NotRecorded(
            f"this run has no intermediate-probe, so no layers were compared; its arms are {join_arm_names(records)}. "
            "Add one with arms='linear-probe,intermediate-probe'"
        )
    several = len({arm.backbone for arm in arms}) > 1
    return tuple(_plot_layers(arm, f", {arm.backbone}" if several else "", records.noun) for arm in arms)


def _plot_layers(arm: ArmRecord, of: str, noun: Noun) -> Lines:
    points = arm.depth
    best = max(points, key=lambda point: point.validation_score)
    last = next((point for point in reversed(points) if point.layer != "all"), best)
    where = "all layers joined" if best.layer == "all" else best.layer
    alt = f"The most validation {noun.many}, {format_percent(best.validation_score)}, are told from {where}"
    if best is last:
        alt += ", the last layer."
    else:
        alt += f"; from the last layer alone, {last.layer}, {format_percent(last.validation_score)}."
    inside = [place for place, point in enumerate(points) if point.score is not None]
    series = [
        Series("validation", *_accuracy_of(points, range(len(points)), "validation_score"), style="dots"),
        Series("cross-validated inside train", *_accuracy_of(points, inside, "score"), style="dots"),
    ]
    names = tuple("joined" if point.layer == "all" else point.layer for point in points)
    x = Axis("layer the head reads, from the input upwards", "count", low=0, high=len(points) - 1, names=names)
    shown = tuple(line for line in series if line.x)
    return Lines(f"Accuracy by layer{of}", alt, x, Axis("accuracy", "share"), shown)


def _accuracy_of(
    points: Sequence[DepthPoint], places: Sequence[int], field: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return to_floats(places), to_floats(getattr(points[place], field) for place in places)


def cost_chart(records: Records) -> tuple[Bars, ...]:
    """Return predicted and real time, memory and disk of each arm, as far as any was taken.

    Raises:
        NotRecorded: nothing was predicted.
    """
    rows = [row for row in records.comparison.arms if row.predicted_seconds is not None]
    if not rows:
        raise NotRecorded("nothing was predicted of this run's arms, so there is nothing to hold their cost to")
    return tuple(
        _plot_cost(rows, field, name, form)
        for field, name, form in KINDS
        if any(getattr(row, field) or getattr(row, f"predicted_{field}") for row in rows)
    )


def _plot_cost(rows: Sequence[LeaderboardRow], field: str, name: str, form: Form) -> Bars:
    predicted = to_floats(getattr(row, f"predicted_{field}") or 0 for row in rows)
    real = to_floats(getattr(row, field) for row in rows)
    most = max(range(len(rows)), key=lambda place: real[place])
    alt = (
        f"The most {name}, {format_value(real[most], form)}, went to {rows[most].arm}; predicted were "
        f"{format_value(predicted[most], form)}."
    )
    if not real[most]:
        alt = f"No arm took any {name}; predicted were {format_value(max(predicted), form)} at most."
    groups = (BarGroup("predicted", predicted), BarGroup("real", real))
    return Bars(
        title=name.capitalize(),
        alt=alt,
        categories=tuple(row.arm for row in rows),
        value=Axis("seconds" if form == "seconds" else name, form, low=0),
        groups=groups,
    )
