"""Charts of the samples: their number, the kinds on which the classifier is worse, whether more would help."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from headstart.data.samples import Subset
from headstart.diagnostics.learning_curve import ClassGain
from headstart.diagnostics.slices import Slice
from headstart.reporting.charts.spec import (
    MOST_ROWS,
    Axis,
    BarGroup,
    Bars,
    Lines,
    Mark,
    NotRecorded,
    Series,
    begin_upper,
    count_items,
    format_gain,
    format_percent,
    format_quantity,
    format_score,
    get_score_form,
    to_floats,
)
from headstart.reporting.records import Records
from headstart.reporting.run_records import RunRecords
from headstart_runtime.tasks.task import Measure


def class_counts_chart(records: Records) -> Bars:
    """Return the samples of each class in each subset; of many classes the largest and the smallest."""
    noun = records.noun
    classes = records.classes
    total = np.array([records.trust.issues.counts[name] for name in classes], dtype=np.int64)
    held_out = {
        subset: np.bincount(records.predictions.subset(subset).label, minlength=len(classes))
        for subset in (Subset.VALIDATION, Subset.TEST)
    }
    subsets = {Subset.TRAIN: total - sum(held_out.values()), **held_out}
    order = np.argsort(-total, kind="stable")
    few = len(classes) <= MOST_ROWS
    shown = np.arange(len(classes)) if few else np.r_[order[: MOST_ROWS // 2], order[-MOST_ROWS // 2 :]]
    most, least = order[0], order[-1]
    items = count_items(int(total.sum()), noun)
    alt = (
        f"{items} in {format_quantity(len(classes), 'class', 'classes')}, from {total[least]:,} of {classes[least]} "
        f"to {total[most]:,} of {classes[most]}."
    )
    return Bars(
        title=f"{noun.heading} by class"
        if few
        else f"{noun.heading} by class: the {MOST_ROWS // 2} largest and smallest",
        alt=alt,
        categories=tuple(classes[label] for label in shown),
        value=Axis(noun.many, "count", low=0),
        groups=tuple(BarGroup(subset.value, to_floats(count[shown])) for subset, count in subsets.items()),
        stacked=True,
    )


def slices_chart(records: Records) -> Bars:
    """Return the test accuracy of each kind of sample, with its interval, beside that of all; of many the worst.

    Raises:
        NotRecorded: no kind has samples enough.
    """
    noun = records.noun
    found = records.trust.slices
    every = found.slices
    if not every:
        least = count_items(found.least, noun)
        raise NotRecorded(
            f"no slice of the test part has the {least} that it needs to be looked at; fit with more {noun.many}"
        )
    worst_first = sorted(range(len(every)), key=lambda place: (every[place].accuracy, -every[place].n))
    shown = [every[place] for place in sorted(worst_first[:MOST_ROWS])]
    worse = [f"{single.by} {single.value} ({format_percent(single.accuracy)})" for single in every if single.worse]
    verdict = f"worse by more than chance: {', '.join(worse)}" if worse else "none is worse by more than chance"
    alt = (
        f"Of {format_quantity(len(every), 'kind')} of {count_items(found.n, noun, 'test')}, of which "
        f"{format_percent(found.accuracy)} are right, {verdict}."
    )
    return Bars(
        title=f"Accuracy by kind of {noun.one}" + (f": the {MOST_ROWS} lowest" if len(every) > MOST_ROWS else ""),
        alt=alt,
        categories=tuple(f"{single.by}: {single.value}" for single in shown),
        value=Axis("test accuracy, 95\u00a0% interval", "share"),
        groups=(_group_with_interval("accuracy", shown),),
        dots=True,
        notes=tuple(f"{single.right} of {count_items(single.n, noun)} right" for single in shown),
        marked=tuple(place for place, single in enumerate(shown) if single.worse),
        marks=(Mark(found.accuracy, f"all {noun.many}"),),
    )


def learning_curve_chart(records: RunRecords) -> Lines:
    """Return the score over the number of training samples, and the score expected of twice as many.

    Raises:
        NotRecorded: the samples were too few for one.
    """
    noun, measure = records.noun, records.measure
    curve = records.trust.learning_curve
    if not curve:
        raise NotRecorded(f"this run has no learning curve: its {noun.many} were too few to be fitted on parts of them")
    sizes, last = curve.sizes, curve.sizes[-1]
    series = [
        Series(
            "measured, 95\u00a0% interval",
            to_floats(size.samples for size in sizes),
            to_floats(size.score for size in sizes),
            to_floats(size.low for size in sizes),
            to_floats(size.high for size in sizes),
            style="dots",
            notes=tuple(format_quantity(size.repeats, "repeat") for size in sizes),
        )
    ]
    score = format_score(last.score, measure)
    found = f"{score} are right" if measure.share and measure.counted else f"the {measure.name} is {score}"
    alt = f"With {count_items(last.samples, noun, 'training')} {found}"
    if curve.doubling is None:
        alt += "; what twice as many would give cannot be told."
    else:
        change = curve.doubling if measure.greater else -curve.doubling
        ahead = to_floats((last.samples, 2 * last.samples))
        expected = to_floats((last.score, expect_score(last.score, curve.doubling, measure)))
        series.append(Series("expected of twice as many", ahead, expected, style="dots", marked=(1,)))
        alt += f"; twice as many are expected to change that by {format_gain(change, measure)}."
    x = Axis(f"training {noun.many} (logarithmic)", "count", log=True)
    title = f"{begin_upper(measure.name)} over the number of {noun.many}"
    y = Axis(f"{measure.name} on held-out {noun.many}", get_score_form(measure))
    return Lines(title, alt, x, y, tuple(series))


def expect_score(score: float, gain: float, measure: Measure) -> float:
    """Return a score that is bettered by a gain; no share beyond 1, no error below 0."""
    if not measure.greater:
        return max(0.0, score - gain)
    return min(1.0, score + gain) if measure.share else score + gain


def gains_chart(records: RunRecords) -> Bars:
    """Return the gain of each class from the second half of the training samples; of many classes the largest.

    Raises:
        NotRecorded: the samples were too few for a learning curve.
    """
    noun = records.noun
    curve = records.trust.learning_curve
    if not curve or not curve.gains:
        raise NotRecorded(f"this run has no learning curve, so no class's gain is known: its {noun.many} were too few")
    shown = sorted(curve.gains, key=lambda gain: -gain.gain)[:MOST_ROWS]
    sure = select_sure_gains(curve.gains)
    named = ", ".join(f"{gain.name} ({100 * gain.gain:+.1f} points)" for gain in shown if gain in sure)
    return Bars(
        title=f"Which class gains from more {noun.many}?",
        alt=f"By more than chance the second half of the training {noun.many} helped {named or 'no class'}.",
        categories=tuple(gain.name for gain in shown),
        value=Axis(f"gain in {noun.many} found from the second half, 95\u00a0% interval", "share"),
        groups=(_group_with_interval("gain", shown),),
        dots=True,
        notes=tuple(
            f"found: from {format_percent(gain.recall_half)} to {format_percent(gain.recall_all)}" for gain in shown
        ),
        marks=(Mark(0.0, "no gain"),),
    )


def select_sure_gains(gains: Sequence[ClassGain]) -> tuple[ClassGain, ...]:
    """Return the gains that are more than chance though that many classes were looked at (Bonferroni's correction)."""
    if not gains:
        return ()
    wider = NormalDist().inv_cdf(1 - 0.025 / len(gains)) / NormalDist().inv_cdf(0.975)
    return tuple(gain for gain in gains if (gain.high + gain.low) / 2 > wider * (gain.high - gain.low) / 2)


def _group_with_interval(field: str, rows: Sequence[Slice] | Sequence[ClassGain]) -> BarGroup:
    """Return a field of some rows with the ends of its interval."""
    low, high = to_floats(row.low for row in rows), to_floats(row.high for row in rows)
    return BarGroup(field, to_floats(getattr(row, field) for row in rows), low, high)
