"""Charts of ordered classes: answers by true grade, how far mistakes go, what probabilities mean, ranges."""

import numpy as np

from headstart.evaluation.reliability import Bin, measure_bin_error
from headstart.reporting.charts.reliability_bins import bin_answers, binned_reliability_chart
from headstart.reporting.charts.spec import (
    Axis,
    BarGroup,
    Bars,
    Lines,
    Mark,
    Matrix,
    NotRecorded,
    count_items,
    format_percent,
    format_quantity,
    to_floats,
)
from headstart.reporting.task_records import TaskRecords
from headstart_runtime.arrays import Doubles
from headstart_runtime.tasks.ordinal.distribution import sum_tails


def grade_matrix(records: TaskRecords) -> Matrix:
    """Return counts of test samples by true and answered grade, from lowest to highest."""
    test = records.test
    near = f"{format_percent(test.within_one)} of the answers are at most one rank off"
    return Matrix(
        title="True and answered grades",
        alt=f"Of {count_items(test.n, records.noun, 'test')} {format_percent(test.accuracy)} are right; {near}.",
        names=test.classes,
        counts=test.confusion,
        noun="grade",
    )


def distance_chart(records: TaskRecords) -> Bars:
    """Return how many answers are right, one rank off, two ranks off, and so on."""
    test, noun = records.test, records.noun
    counts = np.array(test.distances)
    furthest = int(np.flatnonzero(counts)[-1]) if counts.any() else 0
    shown = counts[: max(furthest, 1) + 1]
    names = ("right", *(format_quantity(off, "rank") + " off" for off in range(1, len(shown))))
    return Bars(
        title="How far off the answers are",
        alt=f"{count_items(int(counts[0]), noun)} of {test.n:,} are right; the furthest answer is {furthest} off.",
        categories=names,
        value=Axis(f"share of the test {noun.many}", "share", low=0),
        groups=(BarGroup("answers", to_floats(shown / max(1, test.n))),),
        notes=tuple(count_items(int(count), noun) for count in shown),
    )


def grade_error_chart(records: TaskRecords) -> Bars:
    """Return the mean answered less true rank of each grade: which are told too high, which too low.

    Raises:
        NotRecorded: no grade has test samples.
    """
    noun = records.noun
    scores = [score for score in records.test.per_class if score.bias is not None]
    if not scores:
        raise NotRecorded(f"this run has no test {noun.many} of any grade")
    furthest = max(scores, key=lambda score: abs(score.bias))
    return Bars(
        title="Which grades are answered too low or too high",
        alt=f"{furthest.name} is answered {furthest.bias:+.2f} ranks off on average, more than any other.",
        categories=tuple(score.name for score in scores),
        value=Axis("answered less true rank, on average", "number"),
        groups=(BarGroup("answers", to_floats(score.bias for score in scores)),),
        dots=True,
        notes=tuple(count_items(score.support, noun) for score in scores),
        marks=(Mark(0.0, "neither"),),
    )


def bin_questions(records: TaskRecords, output: str) -> tuple[Bin, ...]:
    """Return bins of how likely grades were said to be k or higher, over all k, and how often they were, on test."""
    test = records.predictions.subset("test")
    probabilities: Doubles = test[output].astype(np.float64)
    said = np.clip(sum_tails(probabilities)[0], 0, 1)
    came = test.label[:, None] >= np.arange(1, probabilities.shape[1])
    groups = np.repeat(test.group, said.shape[1])
    return bin_answers(said.ravel(), np.asarray(came.ravel()), groups)


def threshold_reliability_chart(records: TaskRecords) -> Lines:
    """Return how often a grade is k or higher over how likely that was said to be, all k together, on test."""
    after, before = bin_questions(records, "probabilities"), bin_questions(records, "uncalibrated")
    alt = (
        f"How likely a grade is said to be so high or higher is off by {100 * measure_bin_error(before):.1f} "
        f"points on average without calibration and by {100 * measure_bin_error(after):.1f} with it."
    )
    title = "How often a grade is so high or higher when that is said to be so likely"
    said = "that the grade is k or higher"
    return binned_reliability_chart(title, alt, said, "", after, before, "question")


def range_width_chart(records: TaskRecords) -> Bars:
    """Return how many grades the ranges of test samples hold.

    Raises:
        NotRecorded: the model makes none.
    """
    found = records.own.get("prediction_sets")
    if not found:
        raise NotRecorded("this model makes no ranges")
    noun, sizes = records.noun, np.array(found["test"]["sizes"])
    shown = sizes[: int(np.flatnonzero(sizes)[-1]) + 1] if sizes.any() else sizes[:1]
    return Bars(
        title="How many grades a range holds",
        alt=(
            f"A range holds {found['test']['mean_size']:.2f} grades on average, and the true one for "
            f"{format_percent(found['test']['coverage'])} of the test {noun.many}; "
            f"{format_percent(found['coverage'], 0)} were promised."
        ),
        categories=tuple(format_quantity(size, "grade") for size in range(1, len(shown) + 1)),
        value=Axis(f"share of the test {noun.many}", "share", low=0),
        groups=(BarGroup("ranges", to_floats(shown / max(1, int(sizes.sum())))),),
        notes=tuple(count_items(int(count), noun) for count in shown),
    )
