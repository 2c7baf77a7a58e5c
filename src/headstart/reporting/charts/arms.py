"""Charts of the ways that were tried (arms): score, layer and cost."""

from collections.abc import Sequence

from headstart.reporting.charts.spec import (
    Axis,
    BarGroup,
    Bars,
    Form,
    Lines,
    NotRecorded,
    Series,
    begin_upper,
    format_percent,
    format_quantity,
    format_score,
    format_value,
    get_score_form,
    to_floats,
)
from headstart.reporting.charts.training import join_arm_names
from headstart.reporting.record_types import ArmRecord
from headstart.reporting.run_records import RunRecords
from headstart.selection.arm import DepthPoint
from headstart.selection.leaderboard import LeaderboardRow
from headstart_runtime.tasks.task import Measure

LEAST_SECONDS = 0.01  #: an arm that took less, as an ensemble does, stands here on the logarithmic axis
#: A field of the leaderboard's rows, its name, how it is written.
KINDS: tuple[tuple[str, str, Form], ...] = (
    ("seconds", "time", "seconds"),
    ("memory", "memory", "bytes"),
    ("disk", "disk", "bytes"),
)


def score_over_cost_chart(records: RunRecords) -> Lines:
    """Return the validation score of each arm over the seconds that it took."""
    rows, measure = records.comparison.arms, records.measure
    winner = next(row for row in rows if row.winner)
    dearest = max(rows, key=lambda row: row.seconds)
    alt = f"{winner.arm} was kept with {_describe_score(winner, measure)}"
    if len(rows) == 1:
        alt += "; nothing else was tried."
    elif dearest is winner:
        alt += f"; it is the slowest of {format_quantity(len(rows), 'way')}."
    else:
        ways, slowest = format_quantity(len(rows), "way"), _describe_score(dearest, measure)
        alt += f"; of {ways} the slowest, {dearest.arm}, has {slowest}."
    return Lines(
        title=f"{begin_upper(measure.name)} over time",
        alt=alt,
        x=Axis("seconds it took to make (logarithmic)", "seconds", log=True),
        y=Axis(f"validation {measure.name}, 95\u00a0% interval", get_score_form(measure)),
        series=tuple(map(_plot_arm, rows)),
    )


def _describe_score(row: LeaderboardRow, measure: Measure) -> str:
    return f"{format_score(row.validation_score, measure)} on validation in {format_value(row.seconds, 'seconds')}"


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


def depth_chart(records: RunRecords) -> tuple[Lines, ...]:
    """Return the score by layer, a chart for each arm that compared layers.

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
    return tuple(_plot_layers(arm, f", {arm.backbone}" if several else "", records) for arm in arms)


def _plot_layers(arm: ArmRecord, of: str, records: RunRecords) -> Lines:
    points, measure, noun = arm.depth, records.measure, records.noun
    sign = 1 if measure.greater else -1
    best = max(points, key=lambda point: sign * point.validation_score)
    last = next((point for point in reversed(points) if point.layer != "all"), best)
    where = "all layers joined" if best.layer == "all" else best.layer
    if measure.share and measure.counted:
        alt = f"The most validation {noun.many}, {format_percent(best.validation_score)}, are told from {where}"
    else:
        alt = f"The best validation {measure.name}, {format_score(best.validation_score, measure)}, comes from {where}"
    if best is last:
        alt += ", the last layer."
    else:
        alt += f"; from the last layer alone, {last.layer}, {format_score(last.validation_score, measure)}."
    inside = [place for place, point in enumerate(points) if point.score is not None]
    series = [
        Series("validation", *_score_of(points, range(len(points)), "validation_score"), style="dots"),
        Series("cross-validated inside train", *_score_of(points, inside, "score"), style="dots"),
    ]
    names = tuple("joined" if point.layer == "all" else point.layer for point in points)
    x = Axis("layer the head reads, from the input upwards", "count", low=0, high=len(points) - 1, names=names)
    shown = tuple(line for line in series if line.x)
    y = Axis(measure.name, get_score_form(measure))
    return Lines(f"{begin_upper(measure.name)} by layer{of}", alt, x, y, shown)


def _score_of(
    points: Sequence[DepthPoint], places: Sequence[int], field: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return to_floats(places), to_floats(getattr(points[place], field) for place in places)


def cost_chart(records: RunRecords) -> tuple[Bars, ...]:
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
