"""Charts of the arms: what each scored, from which layer, and what it cost."""

from collections.abc import Mapping, Sequence
from typing import Any

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
from headstart.reporting.records import Records

LEAST_SECONDS = 0.01  #: an arm that took less, as an ensemble does, stands here on the logarithmic axis
#: A field of the leaderboard's rows, what it is called, how it is written.
KINDS: tuple[tuple[str, str, Form], ...] = (
    ("seconds", "time", "seconds"),
    ("memory", "memory", "bytes"),
    ("disk", "disk", "bytes"),
)


def accuracy_over_cost_chart(records: Records) -> Lines:
    """What each arm scored on validation over the seconds that it took."""
    rows = records.comparison["arms"]
    won = next(row for row in rows if row["winner"])
    dearest = max(rows, key=lambda row: float(row["seconds"]))
    alt = f"{won['arm']} wins with {_scored(won)}"
    if len(rows) == 1:
        alt += "; it is the only arm."
    elif dearest is won:
        alt += f"; it is the dearest of {format_quantity(len(rows), 'arm')}."
    else:
        alt += f"; of {format_quantity(len(rows), 'arm')} the dearest, {dearest['arm']}, has {_scored(dearest)}."
    return Lines(
        title="Accuracy over cost",
        alt=alt,
        x=Axis("seconds to make the arm (logarithmic)", "seconds", log=True),
        y=Axis("validation accuracy, 95\u00a0% interval", "share"),
        series=tuple(_priced(row) for row in rows),
    )


def _scored(row: Mapping[str, Any]) -> str:
    return f"{format_percent(row['validation_accuracy'])} on validation in {format_value(row['seconds'], 'seconds')}"


def _priced(row: Mapping[str, Any]) -> Series:
    return Series(
        name=f"{row['arm']} (winner)" if row["winner"] else row["arm"],
        x=(max(float(row["seconds"]), LEAST_SECONDS),),
        y=(float(row["validation_accuracy"]),),
        low=(float(row["validation_low"]),),
        high=(float(row["validation_high"]),),
        style="points",
        notes=(f"took {format_value(row['seconds'], 'seconds')}",),
        marked=(0,) if row["winner"] else (),
    )


def depth_chart(records: Records) -> tuple[Lines, ...]:
    """How well the classes are told from each layer, a chart for each arm that looked.

    Raises:
        NotRecorded: none did.
    """
    looked = [arm for arm in records.run["arms"] if arm["depth"]]
    if not looked:
        raise NotRecorded(
            f"this run has no intermediate-probe, so no layers were compared; its arms are {join_arm_names(records)}. "
            "Add one with --arms linear-probe,intermediate-probe"
        )
    several = len({arm["backbone"] for arm in looked}) > 1
    return tuple(_by_layer(arm, f", {arm['backbone']}" if several else "") for arm in looked)


def _by_layer(arm: Mapping[str, Any], of: str) -> Lines:
    points = arm["depth"]
    best = max(points, key=lambda it: float(it["validation_accuracy"]))
    last = next((it for it in reversed(points) if it["layer"] != "all"), best)
    where = "all layers joined" if best["layer"] == "all" else best["layer"]
    alt = f"The most validation photos, {format_percent(best['validation_accuracy'])}, are told from {where}"
    if best is last:
        alt += ", the last layer."
    else:
        alt += f"; from the last layer alone, {last['layer']}, {format_percent(last['validation_accuracy'])}."
    inside = [place for place, it in enumerate(points) if it["accuracy"] is not None]
    series = [
        Series("validation", *_accuracy_of(points, range(len(points)), "validation_accuracy"), style="dots"),
        Series("cross-validated inside train", *_accuracy_of(points, inside, "accuracy"), style="dots"),
    ]
    names = tuple("joined" if it["layer"] == "all" else str(it["layer"]) for it in points)
    x = Axis("layer the head reads, from the pixels upwards", "count", low=0, high=len(points) - 1, names=names)
    title = f"Accuracy over depth{of}"
    return Lines(title, alt, x, Axis("accuracy", "share"), tuple(it for it in series if it.x))


def _accuracy_of(
    points: Sequence[Mapping[str, Any]], places: Sequence[int], field: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return to_floats(places), to_floats(points[place][field] for place in places)


def cost_chart(records: Records) -> tuple[Bars, ...]:
    """What each arm was predicted to take and took: charts of time, memory and disk, as far as any was taken.

    Raises:
        NotRecorded: nothing was predicted.
    """
    rows = [row for row in records.comparison["arms"] if row["predicted_seconds"] is not None]
    if not rows:
        raise NotRecorded("nothing was predicted of this run's arms, so there is nothing to hold their cost to")
    return tuple(
        _predicted(rows, field, name, form)
        for field, name, form in KINDS
        if any(row[field] or row[f"predicted_{field}"] for row in rows)
    )


def _predicted(rows: Sequence[Mapping[str, Any]], field: str, name: str, form: Form) -> Bars:
    predicted, real = to_floats(row[f"predicted_{field}"] or 0 for row in rows), to_floats(row[field] for row in rows)
    most = max(range(len(rows)), key=lambda place: real[place])
    alt = (
        f"The most {name}, {format_value(real[most], form)}, went to {rows[most]['arm']}; predicted were "
        f"{format_value(predicted[most], form)}."
    )
    if not real[most]:
        alt = f"No arm took any {name}; predicted were {format_value(max(predicted), form)} at most."
    groups = (BarGroup("predicted", predicted), BarGroup("real", real))
    return Bars(
        f"Cost: {name}",
        alt,
        tuple(row["arm"] for row in rows),
        Axis("seconds" if form == "seconds" else name, form, low=0),
        groups,
    )
