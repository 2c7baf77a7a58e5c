"""Charts of how sure the classifier is, and whether it may be: calibration, prediction sets, novelty."""

import numpy as np

from headstart.evaluation.intervals import grouped_wilson_interval
from headstart.evaluation.reliability import Reliability
from headstart.reporting.charts.reliability_bins import SURE_AS_RIGHT, plot_bins
from headstart.reporting.charts.spec import (
    MOST_ROWS,
    Axis,
    BarGroup,
    Bars,
    Lines,
    Mark,
    NotRecorded,
    Series,
    count_items,
    format_percent,
    format_quantity,
    to_floats,
)
from headstart.reporting.record_types import PredictionSetsRecord
from headstart.reporting.records import Records
from headstart.reporting.run_records import RunRecords
from headstart_runtime.modalities.item import Noun

COLUMNS = 20  #: of a histogram of confidence
NOVELTY_COLUMNS = 30
MOST_SIZES = 12  #: rows for sizes of prediction sets; the last stands for all that are larger


def reliability_chart(records: Records) -> Lines:
    """Return the share of right answers over their stated probability, on test, before and after calibration."""
    noun = records.noun
    calibration = records.trust.calibration
    before, after = calibration.before, calibration.after
    test = records.predictions.subset("test")
    edges = np.linspace(0, 1, COLUMNS + 1)
    heights = np.histogram(test.confidence.clip(0, 1), edges)[0] / max(1, len(test))
    share = Series(f"share of {noun.many}, calibrated", to_floats(edges), to_floats(heights), style="columns")
    items = count_items(after.n, noun, "test")
    alt = (
        f"On {items} the stated probabilities are off by {100 * before.ece:.1f} points on average without "
        f"calibration and by {100 * after.ece:.1f} with it ({calibration.kind}); the Brier score goes from "
        f"{before.brier:.3f} to {after.brier:.3f}."
    )
    return Lines(
        title="How often it is right when it is so sure",
        alt=alt,
        x=Axis("stated probability of the predicted class", "share", low=0, high=1),
        y=Axis(f"share of {noun.many} that are right, 95\u00a0% interval", "share", low=0, high=1),
        series=(_plot_bins("calibrated", after, noun), _plot_bins("uncalibrated", before, noun), share, SURE_AS_RIGHT),
        square=True,
    )


def _plot_bins(name: str, found: Reliability, noun: Noun) -> Series:
    notes = [f"{count_items(single.n, noun)}, {format_percent(single.n / found.n)} of all" for single in found.bins]
    return plot_bins(name, found.bins, notes)


def set_sizes_chart(records: Records) -> Bars:
    """Return how many classes the prediction sets of test samples hold.

    Raises:
        NotRecorded: the classifier makes none.
    """
    noun = records.noun
    sets = _require_sets(records)
    found = sets.test
    counts = np.array(found.sizes, dtype=np.int64)
    largest = int(np.flatnonzero(counts)[-1]) + 1 if counts.any() else 1
    rows = counts[:largest]
    names = [format_quantity(size, "candidate") for size in range(1, largest + 1)]
    if largest > MOST_SIZES:
        rows = np.r_[counts[: MOST_SIZES - 1], counts[MOST_SIZES - 1 :].sum()]
        names[MOST_SIZES - 1 :] = [f"{MOST_SIZES} to {largest} candidates"]
    single, items = (
        format_percent(counts[0] / max(1, found.n)),
        count_items(found.n, noun, "test"),
    )
    alt = (
        f"{single} of {items} have a single candidate, the mean is {found.mean_size:.2f} of {len(counts)} classes; "
        f"the right class is among the candidates of {format_percent(found.coverage)}, wanted were "
        f"{format_percent(sets.coverage, 0)}."
    )
    return Bars(
        title="Number of candidates (size of the prediction set)",
        alt=alt,
        categories=tuple(names),
        value=Axis(f"share of test {noun.many}", "share", low=0),
        groups=(BarGroup("share", to_floats(rows / max(1, found.n))),),
        notes=tuple(count_items(int(count), noun) for count in rows),
    )


def class_coverage_chart(records: Records) -> Bars:
    """Return how many prediction sets hold the true class, by class; of many classes those with the fewest.

    Raises:
        NotRecorded: the classifier makes no prediction sets.
    """
    noun = records.noun
    wanted = _require_sets(records).coverage
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
        f"The right class is to be among the candidates of {format_percent(wanted, 0)} of all {noun.many}; it is least "
        f"often so for {records.classes[shown[worst]]}, {format_percent(shares[worst])} of "
        f"{count_items(int(n[shown[worst]]), noun, 'test')}."
    )
    low, high = to_floats(interval.low for interval in intervals), to_floats(interval.high for interval in intervals)
    return Bars(
        title="Right class among the candidates, by class" + ("" if few else f": the {MOST_ROWS} lowest"),
        alt=alt,
        categories=tuple(records.classes[label] for label in shown),
        value=Axis(f"share of {noun.many}, 95\u00a0% interval", "share"),
        groups=(BarGroup("coverage", to_floats(shares), low, high),),
        dots=True,
        notes=tuple(f"{held[label]} of {count_items(int(n[label]), noun)}" for label in shown),
        marks=(Mark(wanted, f"wanted: {format_percent(wanted, 0)}"),),
    )


def _require_sets(records: Records) -> PredictionSetsRecord:
    sets = records.trust.prediction_sets
    if sets is None:
        raise NotRecorded("this run's classifier makes no prediction sets; fit again to have them")
    return sets


def novelty_chart(records: RunRecords) -> Lines:
    """Return the novelty of the validation and test samples, beside the threshold.

    Raises:
        NotRecorded: the classifier has no novelty score.
    """
    noun = records.noun
    found = records.trust.novelty
    scores = {subset: records.predictions.subset(subset).novelty for subset in ("validation", "test")}
    known = {
        subset: values[np.isfinite(values)].astype(np.float64)
        for subset, values in scores.items()
        if np.isfinite(values).any()
    }
    if not found or not known:
        raise NotRecorded(
            f"this run's classifier has no novelty score, so it takes no {noun.one} for unfamiliar; fit again to have "
            "one"
        )
    every = np.concatenate(list(known.values()))
    edges = np.linspace(min(0.0, every.min()), max(1.05, every.max()), NOVELTY_COLUMNS + 1)
    accepted = found.accepted
    items = count_items(accepted.n, noun, "test")
    alt = (
        f"{format_percent(accepted.share)} of {items} are like the training {noun.many}, wanted were "
        f"{format_percent(found.ood_acceptance, 0)}; above a novelty of 1 {noun.a_one} is unlike them."
    )
    return Lines(
        title=f"How unlike the training {noun.many} they are",
        alt=alt,
        x=Axis(f"novelty (above 1: unlike the training {noun.many})"),
        y=Axis(f"share of the {noun.many}", "share", low=0),
        series=tuple(
            Series(subset, to_floats(edges), to_floats(np.histogram(values, edges)[0] / len(values)), style="columns")
            for subset, values in known.items()
        ),
        marks=(Mark(1.0, "threshold"),),
    )
