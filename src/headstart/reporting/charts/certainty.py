"""Charts of how sure the classifier is, and whether it may be: calibration, prediction sets, novelty."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from headstart.evaluation.intervals import grouped_wilson_interval
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

COLUMNS = 20  #: of a histogram of confidence
NOVELTY_COLUMNS = 30
MOST_SIZES = 12  #: rows for sizes of prediction sets; the last stands for all that are larger
CHANCE = Series("as sure as right", (0.0, 1.0), (0.0, 1.0), style="reference")


def reliability_chart(records: Records) -> Lines:
    """How often the classifier is right when it is so sure, on test, before and after calibration."""
    calibration = records.trust["calibration"]
    before, after = calibration["before"], calibration["after"]
    test = records.predictions.subset("test")
    edges = np.linspace(0, 1, COLUMNS + 1)
    heights = np.histogram(test.confidence.clip(0, 1), edges)[0] / max(1, len(test))
    share = Series("share of photos, calibrated", to_floats(edges), to_floats(heights), style="columns")
    verb = "falls" if after["ece"] < before["ece"] else "goes"
    photos = format_quantity(after["n"], "test photo")
    alt = (
        f"The expected calibration error on {photos} {verb} from {format_percent(before['ece'])} to "
        f"{format_percent(after['ece'])} by calibration ({calibration['kind']}); the Brier score goes from "
        f"{before['brier']:.3f} to {after['brier']:.3f}."
    )
    return Lines(
        title="Reliability",
        alt=alt,
        x=Axis("probability of the predicted class", "share", low=0, high=1),
        y=Axis("share of photos that are right, 95\u00a0% interval", "share", low=0, high=1),
        series=(_bins("calibrated", after), _bins("uncalibrated", before), share, CHANCE),
        square=True,
    )


def _bins(name: str, found: Mapping[str, Any]) -> Series:
    bins = found["bins"]
    return Series(
        name,
        to_floats(it["confidence"] for it in bins),
        to_floats(it["accuracy"] for it in bins),
        to_floats(it["low"] for it in bins),
        to_floats(it["high"] for it in bins),
        style="dots",
        notes=tuple(
            f"{format_quantity(it['n'], 'photo')}, {format_percent(it['n'] / found['n'])} of all" for it in bins
        ),
    )


def set_sizes_chart(records: Records) -> Bars:
    """How many classes the prediction sets of test photos hold.

    Raises:
        NotRecorded: the classifier makes none.
    """
    made = _sets(records)
    found = made["test"]
    counts = np.array(found["sizes"], dtype=np.int64)
    largest = int(np.flatnonzero(counts)[-1]) + 1 if counts.any() else 1
    rows = counts[:largest]
    names = [format_quantity(size, "class", "classes") for size in range(1, largest + 1)]
    if largest > MOST_SIZES:
        rows = np.r_[counts[: MOST_SIZES - 1], counts[MOST_SIZES - 1 :].sum()]
        names[MOST_SIZES - 1 :] = [f"{MOST_SIZES} to {largest} classes"]
    single, photos = format_percent(counts[0] / max(1, found["n"])), format_quantity(found["n"], "test photo")
    alt = (
        f"{single} of {photos} have a prediction set of one class, the mean is {found['mean_size']:.2f} of "
        f"{len(counts)}; {format_percent(found['coverage'])} of the sets hold the true class, wanted were "
        f"{format_percent(made['coverage'], 0)}."
    )
    return Bars(
        title="Sizes of prediction sets",
        alt=alt,
        categories=tuple(names),
        value=Axis("share of test photos", "share", low=0),
        groups=(BarGroup("share", to_floats(rows / max(1, found["n"]))),),
        notes=tuple(format_quantity(int(count), "photo") for count in rows),
    )


def class_coverage_chart(records: Records) -> Bars:
    """How many prediction sets hold the true class, by class; of many classes those with the fewest.

    Raises:
        NotRecorded: the classifier makes no prediction sets.
    """
    wanted = _sets(records)["coverage"]
    test = records.predictions.subset("test")
    hit = test.prediction_set[np.arange(len(test)), test.label]
    n = np.bincount(test.label, minlength=len(records.classes))
    held = np.bincount(test.label, weights=hit, minlength=len(records.classes)).astype(np.int64)
    shown = np.flatnonzero(n)
    few = len(shown) <= MOST_ROWS
    if not few:
        shown = shown[np.argsort(held[shown] / n[shown], kind="stable")[:MOST_ROWS]]
    owns = [test.label == label for label in shown]
    shares, intervals = held[shown] / n[shown], [grouped_wilson_interval(hit[own], test.group[own]) for own in owns]
    worst = int(shares.argmin())
    alt = (
        f"Prediction sets are to hold the true class of {format_percent(wanted, 0)} of all photos; of "
        f"{records.classes[shown[worst]]} they hold it least often, {format_percent(shares[worst])} of "
        f"{format_quantity(int(n[shown[worst]]), 'test photo')}."
    )
    group = BarGroup(
        "coverage", to_floats(shares), to_floats(it.low for it in intervals), to_floats(it.high for it in intervals)
    )
    return Bars(
        title="Coverage of prediction sets by class" + ("" if few else f": the {MOST_ROWS} lowest"),
        alt=alt,
        categories=tuple(records.classes[it] for it in shown),
        value=Axis("share of sets with the true class, 95\u00a0% interval", "share"),
        groups=(group,),
        dots=True,
        notes=tuple(f"{held[it]} of {format_quantity(int(n[it]), 'photo')}" for it in shown),
        marks=(Mark(wanted, f"wanted: {format_percent(wanted, 0)}"),),
    )


def _sets(records: Records) -> Mapping[str, Any]:
    made: Mapping[str, Any] | None = records.trust["sets"]
    if made is None:
        raise NotRecorded("this run's classifier makes no prediction sets; fit again to have them")
    return made


def novelty_chart(records: Records) -> Lines:
    """How unfamiliar the validation and test photos are to the classifier, beside the threshold.

    Raises:
        NotRecorded: the classifier declines nothing.
    """
    found = records.trust["novelty"]
    scores = {part: records.predictions.subset(part).novelty for part in ("validation", "test")}
    known = {part: it[np.isfinite(it)].astype(np.float64) for part, it in scores.items() if np.isfinite(it).any()}
    if not found or not known:
        raise NotRecorded("this run's classifier has no novelty score, so it declines no photo; fit again to have one")
    every = np.concatenate(list(known.values()))
    edges = np.linspace(min(0.0, every.min()), max(1.05, every.max()), NOVELTY_COLUMNS + 1)
    accepted = found["accepted"]
    photos = format_quantity(accepted["n"], "test photo")
    alt = (
        f"{format_percent(accepted['share'])} of {photos} are familiar enough to be answered, wanted were "
        f"{format_percent(found['ood_acceptance'], 0)}; the score at which a photo is declined is 1."
    )
    return Lines(
        title="Novelty of familiar photos",
        alt=alt,
        x=Axis("novelty (above 1 a photo is declined)"),
        y=Axis("share of the part's photos", "share", low=0),
        series=tuple(
            Series(part, to_floats(edges), to_floats(np.histogram(it, edges)[0] / len(it)), style="columns")
            for part, it in known.items()
        ),
        marks=(Mark(1.0, "threshold"),),
    )
