"""Charts of how sure the classifier is, and whether it may be: calibration, prediction sets, novelty."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from headstart.evaluation.intervals import grouped_wilson
from headstart.reporting.charts.spec import (
    MOST_ROWS,
    Axis,
    Bars,
    Group,
    Lines,
    Mark,
    NotRecorded,
    Series,
    numbers,
    percent,
    plural,
)
from headstart.reporting.records import Records

COLUMNS = 20  #: of a histogram of confidence
NOVELTY_COLUMNS = 30
MOST_SIZES = 12  #: rows for sizes of prediction sets; the last stands for all that are larger
CHANCE = Series("as sure as right", (0.0, 1.0), (0.0, 1.0), style="reference")


def reliability(records: Records) -> Lines:
    """How often the classifier is right when it is so sure, on test, before and after calibration."""
    calibration = records.trust["calibration"]
    before, after = calibration["before"], calibration["after"]
    test = records.predictions.of("test")
    edges = np.linspace(0, 1, COLUMNS + 1)
    heights = np.histogram(test.confidence.clip(0, 1), edges)[0] / max(1, len(test))
    share = Series("share of photos, calibrated", numbers(edges), numbers(heights), style="columns")
    verb = "falls" if after["ece"] < before["ece"] else "goes"
    alt = (
        f"The expected calibration error on {plural(after['n'], 'test photo')} {verb} from {percent(before['ece'])} to "
        f"{percent(after['ece'])} by calibration ({calibration['kind']}); the Brier score goes from "
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
        numbers(it["confidence"] for it in bins),
        numbers(it["accuracy"] for it in bins),
        numbers(it["low"] for it in bins),
        numbers(it["high"] for it in bins),
        style="dots",
        notes=tuple(f"{plural(it['n'], 'photo')}, {percent(it['n'] / found['n'])} of all" for it in bins),
    )


def sets(records: Records) -> Bars:
    """How many classes the prediction sets of test photos hold.

    Raises:
        NotRecorded: the classifier makes none.
    """
    made = _sets(records)
    found = made["test"]
    counts = np.array(found["sizes"], dtype=np.int64)
    largest = int(np.flatnonzero(counts)[-1]) + 1 if counts.any() else 1
    rows = counts[:largest]
    names = [plural(size, "class", "classes") for size in range(1, largest + 1)]
    if largest > MOST_SIZES:
        rows = np.r_[counts[: MOST_SIZES - 1], counts[MOST_SIZES - 1 :].sum()]
        names[MOST_SIZES - 1 :] = [f"{MOST_SIZES} to {largest} classes"]
    alt = (
        f"{percent(counts[0] / max(1, found['n']))} of {plural(found['n'], 'test photo')} have a prediction set of one "
        f"class, the mean is {found['mean_size']:.2f} of {len(counts)}; {percent(found['coverage'])} of the sets hold "
        f"the true class, wanted were {percent(made['coverage'], 0)}."
    )
    return Bars(
        title="Sizes of prediction sets",
        alt=alt,
        categories=tuple(names),
        value=Axis("share of test photos", "share", low=0),
        groups=(Group("share", numbers(rows / max(1, found["n"]))),),
        notes=tuple(plural(int(count), "photo") for count in rows),
    )


def class_coverage(records: Records) -> Bars:
    """How many prediction sets hold the true class, by class; of many classes those with the fewest.

    Raises:
        NotRecorded: the classifier makes no prediction sets.
    """
    wanted = _sets(records)["coverage"]
    test = records.predictions.of("test")
    hit = test.prediction_set[np.arange(len(test)), test.label]
    n = np.bincount(test.label, minlength=len(records.classes))
    held = np.bincount(test.label, weights=hit, minlength=len(records.classes)).astype(np.int64)
    shown = np.flatnonzero(n)
    few = len(shown) <= MOST_ROWS
    if not few:
        shown = shown[np.argsort(held[shown] / n[shown], kind="stable")[:MOST_ROWS]]
    owns = [test.label == label for label in shown]
    shares, intervals = held[shown] / n[shown], [grouped_wilson(hit[own], test.group[own]) for own in owns]
    worst = int(shares.argmin())
    alt = (
        f"Prediction sets are to hold the true class of {percent(wanted, 0)} of all photos; of "
        f"{records.classes[shown[worst]]} they hold it least often, {percent(shares[worst])} of "
        f"{plural(int(n[shown[worst]]), 'test photo')}."
    )
    group = Group(
        "coverage", numbers(shares), numbers(it.low for it in intervals), numbers(it.high for it in intervals)
    )
    return Bars(
        title="Coverage of prediction sets by class" + ("" if few else f": the {MOST_ROWS} lowest"),
        alt=alt,
        categories=tuple(records.classes[it] for it in shown),
        value=Axis("share of sets with the true class, 95\u00a0% interval", "share"),
        groups=(group,),
        dots=True,
        notes=tuple(f"{held[it]} of {plural(int(n[it]), 'photo')}" for it in shown),
        marks=(Mark(wanted, f"wanted: {percent(wanted, 0)}"),),
    )


def _sets(records: Records) -> Mapping[str, Any]:
    made: Mapping[str, Any] | None = records.trust["sets"]
    if made is None:
        raise NotRecorded("this run's classifier makes no prediction sets; fit again to have them")
    return made


def novelty(records: Records) -> Lines:
    """How unfamiliar the validation and test photos are to the classifier, beside the threshold.

    Raises:
        NotRecorded: the classifier declines nothing.
    """
    found = records.trust["novelty"]
    scores = {part: records.predictions.of(part).novelty for part in ("validation", "test")}
    known = {part: it[np.isfinite(it)].astype(np.float64) for part, it in scores.items() if np.isfinite(it).any()}
    if not found or not known:
        raise NotRecorded("this run's classifier has no novelty score, so it declines no photo; fit again to have one")
    every = np.concatenate(list(known.values()))
    edges = np.linspace(min(0.0, every.min()), max(1.05, every.max()), NOVELTY_COLUMNS + 1)
    accepted = found["accepted"]
    alt = (
        f"{percent(accepted['share'])} of {plural(accepted['n'], 'test photo')} are familiar enough to be answered, "
        f"wanted were {percent(found['acceptance'], 0)}; the score at which a photo is declined is 1."
    )
    return Lines(
        title="Novelty of familiar photos",
        alt=alt,
        x=Axis("novelty (above 1 a photo is declined)"),
        y=Axis("share of the part's photos", "share", low=0),
        series=tuple(
            Series(part, numbers(edges), numbers(np.histogram(it, edges)[0] / len(it)), style="columns")
            for part, it in known.items()
        ),
        marks=(Mark(1.0, "threshold"),),
    )
