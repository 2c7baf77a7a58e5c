"""Charts of sets of labels: precision and recall of each label, and what its probabilities mean."""

from dataclasses import dataclass

import numpy as np

from headstart.evaluation.curves import PrecisionRecallCurve, precision_recall_curve
from headstart.evaluation.intervals import grouped_wilson_interval
from headstart.evaluation.reliability import measure_bin_error
from headstart.reporting.charts.reliability_bins import bin_answers, binned_reliability_chart
from headstart.reporting.charts.spec import (
    MOST_ROWS,
    Axis,
    BarGroup,
    Bars,
    Lines,
    NotRecorded,
    Series,
    format_percent,
    format_quantity,
    to_floats,
)
from headstart.reporting.task_records import TaskRecords
from headstart_runtime.arrays import Bools, Doubles, Ints

FEW_LABELS = 6  #: that get a curve each; of more those with the smallest areas


@dataclass(frozen=True, slots=True, eq=False)
class LabelRows:
    """Answers about one label, for the M test samples of which it is known."""

    there: Bools  #: (M,)
    probabilities: Doubles  #: (M,) calibrated
    uncalibrated: Doubles  #: (M,)
    taken: Bools  #: (M,) whether it is answered
    groups: Ints  #: (M,)


def select_label_rows(records: TaskRecords, label: int) -> LabelRows:
    """Return the test samples of which a label is known."""
    test = records.predictions.subset("test")
    known = np.asarray(test.label[:, label] >= 0)
    raw = test["uncalibrated"] if "uncalibrated" in test else test["probabilities"]
    return LabelRows(
        there=np.asarray(test.label[known, label] == 1),
        probabilities=test["probabilities"][known, label].astype(np.float64),
        uncalibrated=raw[known, label].astype(np.float64),
        taken=np.asarray(test["labels"][known, label].astype(bool)),
        groups=test.group[known],
    )


def label_curves_chart(records: TaskRecords) -> Lines:
    """Return precision over recall of each label, on test; of many labels those with the smallest areas.

    Raises:
        NotRecorded: no label has test samples.
    """
    found: list[tuple[str, PrecisionRecallCurve, int]] = []
    for label, name in enumerate(records.names):
        rows = select_label_rows(records, label)
        if rows.there.any():
            curve = precision_recall_curve(np.where(rows.there, 0, 1), rows.probabilities[:, None], 0)
            found.append((name, curve, _find_point(curve, rows)))
    if not found:
        raise NotRecorded(f"no test {records.noun.one} of this run has a label, so there is no curve")
    shown = sorted(found, key=lambda one: one[1].area or 0.0)[:FEW_LABELS] if len(found) > FEW_LABELS else found
    areas = [curve.area or 0.0 for _, curve, _ in found]
    lowest = found[int(np.argmin(areas))][0]
    alt = f"The average precision is {np.mean(areas):.3f} on average over {format_quantity(len(found), 'label')}"
    alt += "." if len(found) == 1 else f", lowest for {lowest} with {min(areas):.3f}."
    series = (
        Series(
            f"{name} ({curve.area or 0.0:.3f})",
            to_floats(curve.recall),
            to_floats(curve.precision),
            marked=(point,) if point >= 0 else (),
        )
        for name, curve, point in shown
    )
    few = "" if len(shown) == len(found) else f": the {FEW_LABELS} lowest"
    return Lines(
        title=f"Precision and recall (a ring: where it is taken from){few}",
        alt=alt,
        x=Axis(f"recall: share of the {records.noun.many} with a label that are found", "share", low=0, high=1),
        y=Axis("precision: share of those found that have it", "share", low=0, high=1),
        series=tuple(series),
        square=True,
    )


def _find_point(curve: PrecisionRecallCurve, rows: LabelRows) -> int:
    """Return the point of a curve at the threshold from which on the label is answered; -1 where it never is."""
    if not rows.taken.any():
        return -1
    lowest = float(rows.probabilities[rows.taken].min())
    return int(np.flatnonzero(curve.thresholds >= lowest)[-1])


def label_reliability_chart(records: TaskRecords) -> Lines:
    """Return how often a label was there over its stated probability, all labels together, on test."""
    every = [select_label_rows(records, label) for label in range(len(records.names))]
    there, groups = (np.concatenate([getattr(rows, field) for rows in every]) for field in ("there", "groups"))
    after, before = (
        bin_answers(np.concatenate([getattr(rows, field) for rows in every]), there, groups)
        for field in ("probabilities", "uncalibrated")
    )
    alt = (
        f"Over all labels the stated probabilities are off by {100 * measure_bin_error(before):.1f} points on average "
        f"without calibration and by {100 * measure_bin_error(after):.1f} with it."
    )
    return binned_reliability_chart(
        "How often a label is there when it is said to be so likely",
        alt,
        "of a label",
        " there",
        after,
        before,
        "answer",
    )


def label_recall_chart(records: TaskRecords) -> Bars:
    """Return the share of each label that is found on test, with its interval; of many labels the lowest.

    Raises:
        NotRecorded: no label has test samples.
    """
    scores = []
    for label, name in enumerate(records.names):
        rows = select_label_rows(records, label)
        if rows.there.any():
            interval = grouped_wilson_interval(rows.taken[rows.there], rows.groups[rows.there])
            scores.append((name, float(rows.taken[rows.there].mean()), interval, int(rows.there.sum())))
    if not scores:
        raise NotRecorded(f"no test {records.noun.one} of this run has a label")
    worst = min(scores, key=lambda one: one[1])
    shown = scores if len(scores) <= MOST_ROWS else sorted(scores, key=lambda one: one[1])[:MOST_ROWS]
    low, high = to_floats(one[2].low for one in shown), to_floats(one[2].high for one in shown)
    return Bars(
        title="Found, by label" + ("" if len(shown) == len(scores) else f": the {MOST_ROWS} lowest"),
        alt=f"Least often found is {worst[0]}: {format_percent(worst[1])} of {worst[3]:,}.",
        categories=tuple(one[0] for one in shown),
        value=Axis(f"share of the {records.noun.many} with it, 95\u00a0% interval", "share"),
        groups=(BarGroup("found", to_floats(one[1] for one in shown), low, high),),
        dots=True,
        notes=tuple(records.noun.count(one[3]) for one in shown),
    )
