"""Charts of the photos: how many there are, of which kinds the classifier is worse, whether more would help."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headstart.data.samples import Subset
from headstart.reporting.charts.spec import (
    MOST_ROWS,
    Axis,
    BarGroup,
    Bars,
    Lines,
    Mark,
    NotRecorded,
    Series,
    format_percent,
    format_quantity,
    to_floats,
)
from headstart.reporting.records import Records


def class_counts_chart(records: Records) -> Bars:
    """Photos of each class in each part; of many classes the largest and the smallest."""
    classes = records.classes
    total = np.array([records.trust["issues"]["counts"][name] for name in classes], dtype=np.int64)
    held_out = {
        part: np.bincount(records.predictions.subset(part).label, minlength=len(classes))
        for part in (Subset.VALIDATION, Subset.TEST)
    }
    parts = {Subset.TRAIN: total - sum(held_out.values()), **held_out}
    order = np.argsort(-total, kind="stable")
    few = len(classes) <= MOST_ROWS
    shown = np.arange(len(classes)) if few else np.r_[order[: MOST_ROWS // 2], order[-MOST_ROWS // 2 :]]
    most, least = order[0], order[-1]
    alt = (
        f"{format_quantity(int(total.sum()), 'photo')} in {format_quantity(len(classes), 'class', 'classes')}, from "
        f"{total[least]:,} of {classes[least]} to {total[most]:,} of {classes[most]}."
    )
    return Bars(
        title="Photos by class" if few else f"Photos by class: the {MOST_ROWS // 2} largest and smallest",
        alt=alt,
        categories=tuple(classes[label] for label in shown),
        value=Axis("photos", "count", low=0),
        groups=tuple(BarGroup(part.value, to_floats(count[shown])) for part, count in parts.items()),
        stacked=True,
    )


def slices_chart(records: Records) -> Bars:
    """Accuracy on test of each kind of photo, with its interval, beside that of all; of many kinds the worst.

    Raises:
        NotRecorded: no kind has photos enough.
    """
    found = records.trust["slices"]
    every = found["slices"]
    if not every:
        raise NotRecorded(
            f"no slice of the test part has the {format_quantity(found['least'], 'photo')} that it needs to be "
            "looked at; fit with more photos"
        )
    worst_first = sorted(range(len(every)), key=lambda place: (every[place]["accuracy"], -every[place]["n"]))
    shown = [every[place] for place in sorted(worst_first[:MOST_ROWS])]
    worse = [f"{it['by']} {it['value']} ({format_percent(it['accuracy'])})" for it in every if it["worse"]]
    told = f"worse beyond chance: {', '.join(worse)}" if worse else "none is worse beyond chance"
    alt = (
        f"Of {format_quantity(len(every), 'slice')} of {format_quantity(found['n'], 'test photo')}, of which "
        f"{format_percent(found['accuracy'])} are right, {told}."
    )
    return Bars(
        title="Accuracy by kind of photo" + (f": the {MOST_ROWS} lowest" if len(every) > MOST_ROWS else ""),
        alt=alt,
        categories=tuple(f"{it['by']}: {it['value']}" for it in shown),
        value=Axis("test accuracy, 95\u00a0% interval", "share"),
        groups=(_with_interval("accuracy", shown),),
        dots=True,
        notes=tuple(f"{it['right']} of {format_quantity(it['n'], 'photo')} right" for it in shown),
        marked=tuple(place for place, it in enumerate(shown) if it["worse"]),
        marks=(Mark(found["accuracy"], "all photos"),),
    )


def learning_curve_chart(records: Records) -> Lines:
    """Accuracy over the number of training photos, and what twice as many are expected to give.

    Raises:
        NotRecorded: the photos were too few for one.
    """
    curve = records.trust["learning_curve"]
    if not curve:
        raise NotRecorded("this run has no learning curve: its photos were too few to be fitted on parts of them")
    sizes, doubling = curve["sizes"], curve["doubling"]
    last = sizes[-1]
    series = [
        Series(
            "measured, 95\u00a0% interval",
            to_floats(it["photos"] for it in sizes),
            to_floats(it["accuracy"] for it in sizes),
            to_floats(it["low"] for it in sizes),
            to_floats(it["high"] for it in sizes),
            style="dots",
            notes=tuple(format_quantity(it["repeats"], "repeat") for it in sizes),
        )
    ]
    alt = f"The head has {format_percent(last['accuracy'])} with {format_quantity(last['photos'], 'training photo')}"
    if doubling is None:
        alt += "; what twice as many would give cannot be told."
    else:
        ahead = to_floats((last["photos"], 2 * last["photos"]))
        expected = to_floats((last["accuracy"], min(1.0, last["accuracy"] + doubling)))
        series.append(Series("expected of twice as many", ahead, expected, style="dots", marked=(1,)))
        alt += f"; twice as many are expected to change that by {100 * doubling:+.1f} points."
    x = Axis("training photos (logarithmic)", "count", log=True)
    return Lines("Would more photos help?", alt, x, Axis("accuracy on held-out photos", "share"), tuple(series))


def gains_chart(records: Records) -> Bars:
    """What the second half of the training photos gave each class; of many classes those that gained most.

    Raises:
        NotRecorded: the photos were too few for a learning curve.
    """
    curve = records.trust["learning_curve"]
    if not curve or not curve["gains"]:
        raise NotRecorded("this run has no learning curve, so no class's gain is known: its photos were too few")
    shown = sorted(curve["gains"], key=lambda it: -float(it["gain"]))[:MOST_ROWS]
    most = shown[0]
    return Bars(
        title="Which class gains from more photos?",
        alt=f"The second half of the training photos changed the recall of {most['name']} most for the better, by "
        f"{100 * most['gain']:+.1f} points.",
        categories=tuple(it["name"] for it in shown),
        value=Axis("gain in recall from the second half, 95\u00a0% interval", "share"),
        groups=(_with_interval("gain", shown),),
        dots=True,
        notes=tuple(
            f"recall from {format_percent(it['recall_half'])} to {format_percent(it['recall_all'])}" for it in shown
        ),
        marks=(Mark(0.0, "no gain"),),
    )


def _with_interval(field: str, rows: Sequence[Mapping[str, Any]]) -> BarGroup:
    """A field of some rows, and the ends of its interval."""
    low, high = to_floats(it["low"] for it in rows), to_floats(it["high"] for it in rows)
    return BarGroup(field, to_floats(it[field] for it in rows), low, high)
