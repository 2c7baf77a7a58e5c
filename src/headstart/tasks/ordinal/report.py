"""The pages of a run of ordered classes."""

from collections.abc import Iterator

import numpy as np

from headstart.evaluation.intervals import Interval
from headstart.reporting.contents import (
    Emphasis,
    GivenText,
    HeadingFact,
    HeadingWarning,
    OwnScore,
    ShownNumber,
    ShownRange,
    TaskContents,
    TermLink,
    Text,
)
from headstart.reporting.task_card import describe_held_out
from headstart.reporting.task_pages import TaskPages
from headstart.reporting.task_records import TaskRecords
from headstart.tasks.ordinal.evaluation import LEVEL
from headstart.tasks.ordinal.report_charts import (
    distance_chart,
    grade_error_chart,
    grade_matrix,
    range_width_chart,
    threshold_reliability_chart,
)
from headstart.tasks.ordinal.report_sections import (
    describe_distances,
    describe_grade_scores,
    describe_ranges,
    describe_rank_calibration,
    describe_worst_grades,
)

MOST_TITLED = 6  #: names in a heading; more classes are counted


class RankReport(TaskPages):
    """The report, the model card and the figures of ordered classes."""

    def __init__(self) -> None:
        """Take what describes a run, and the charts."""
        super().__init__(
            describe_grades,
            {
                "confusion": grade_matrix,
                "distances": distance_chart,
                "bias": grade_error_chart,
                "reliability": threshold_reliability_chart,
                "ranges": range_width_chart,
            },
        )


def describe_grades(records: TaskRecords) -> TaskContents:
    """Return what the pages show of a run."""
    test, noun, names = records.test, records.noun, records.names
    guess, by_guess = _find_best_guess(records)
    few = " < ".join(names) if len(names) <= MOST_TITLED else f"{len(names)} grades"
    return TaskContents(
        heading=f"Tells the grade of {noun.a_one}: {few}",
        answers=(
            "one of ",
            ShownNumber("grades", len(names)),
            " classes in an order, from ",
            GivenText(names[0]),
            " to ",
            GivenText(names[-1]),
            ", and a range of them",
        ),
        reference=(
            "Always saying ",
            GivenText(names[guess]),
            " would be ",
            ShownNumber("test.guess", by_guess, "three"),
            " ranks off on average.",
        ),
        reference_score=by_guess,
        facts=tuple(_list_facts(records)),
        postprocessing=tuple(_list_postprocessing(records)),
        warnings=tuple(_list_warnings(records)),
        checked=("ranges that do not hold", "grades that are told too low or too high"),
        intro=(
            "The answer is the grade in the middle of the probabilities, their median: it is the fewest ranks off.",
        ),
        test=(
            describe_grade_scores(records),
            describe_distances(records),
            describe_rank_calibration(records),
            describe_ranges(records),
            describe_worst_grades(records),
        ),
        scores=(
            OwnScore(
                "quadratic_kappa",
                "quadratic kappa",
                test.quadratic_kappa,
                "three",
                test.quadratic_kappa_interval,
                "quadratic kappa",
            ),
            OwnScore("accuracy", "accuracy", test.accuracy, "percent", test.accuracy_interval, "accuracy"),
            OwnScore("within_one", "at most one rank off", test.within_one, "percent"),
            *_score_ranges(records),
        ),
        limits=(f"It knows these grades only; {noun.a_one} beyond the lowest or the highest gets that one.",),
        attributes=("label", "rank", "probabilities", "range"),
    )


def _find_best_guess(records: TaskRecords) -> tuple[int, float]:
    """Return the grade that is nearest to all test labels, and how many ranks it is off on average."""
    label = records.predictions.subset("test").label
    guess = int(np.median(label)) if len(label) else 0
    return guess, float(np.abs(label - guess).mean()) if len(label) else 0.0


def _list_facts(records: TaskRecords) -> list[HeadingFact]:
    test, noun = records.test, records.noun
    facts = [
        HeadingFact(
            "Right",
            (
                Emphasis((ShownNumber("test.accuracy", test.accuracy, "percent"),)),
                f" of the {noun.many}; ",
                ShownNumber("test.within_one", test.within_one, "percent"),
                " are at most one rank off",
            ),
        )
    ]
    if test.quadratic_kappa is not None:
        kappa = Emphasis((ShownNumber("test.quadratic_kappa", test.quadratic_kappa, "three"),))
        facts.append(HeadingFact("Agreement", (kappa, " (", TermLink("quadratic kappa"), ")")))
    sets = records.own.get("prediction_sets")
    if sets:
        facts.append(
            HeadingFact(
                "Ranges",
                (
                    "hold the true grade for ",
                    Emphasis((ShownNumber("ranges.seen", sets["test"]["coverage"], "percent"),)),
                    f" of the {noun.many}, ",
                    ShownNumber("ranges.wanted", sets["coverage"], "percent"),
                    " were promised; ",
                    ShownNumber("ranges.size", sets["test"]["mean_size"], "two"),
                    " grades on average",
                ),
            )
        )
    return facts


def _list_postprocessing(records: TaskRecords) -> Iterator[HeadingFact]:
    """Yield how distributions were calibrated, and what ranges were made for."""
    noun, calibration, sets = records.noun, records.own.get("calibration"), records.own.get("prediction_sets")
    if calibration:
        held = describe_held_out(calibration["held_out"], calibration["n"], noun)
        yield HeadingFact("Calibration", (f"{calibration['kind']}, chosen on {held}",))
    if sets:
        wanted = ShownNumber("ranges.wanted", sets["coverage"], "percent")
        rest = f" of the {noun.many} (split conformal prediction, from {noun.count(sets['held_out_n'])})"
        yield HeadingFact("Ranges", ("made so that they hold the true grade for ", wanted, rest))


def _score_ranges(records: TaskRecords) -> Iterator[OwnScore]:
    sets = records.own.get("prediction_sets")
    if sets:
        seen = sets["test"]
        ends = Interval(seen["low"], seen["high"], LEVEL)
        yield OwnScore("coverage", "range holds the true grade", seen["coverage"], "percent", ends, "prediction set")


def _list_warnings(records: TaskRecords) -> list[HeadingWarning]:
    found = []
    sets = records.own.get("prediction_sets")
    if sets and sets["test"]["high"] < sets["coverage"]:
        bounds = ShownRange("ranges.bounds", sets["test"]["low"], sets["test"]["high"])
        promised = ShownNumber("ranges.wanted", sets["coverage"], "percent")
        lead: Text = ("Its ranges hold ", ShownNumber("ranges.seen", sets["test"]["coverage"], "percent"))
        found.append(HeadingWarning("ranges", lead, (" (", bounds, "); ", promised, " were promised")))
    leaning = [score for score in records.test.per_class if score.bias is not None and abs(score.bias) >= 1]
    if leaning:
        worst = max(leaning, key=lambda score: abs(score.bias or 0))
        way = "low" if (worst.bias or 0) < 0 else "high"
        lead = (GivenText(worst.name), f" is answered too {way}")
        off = ShownNumber("grades.worst", abs(worst.bias or 0), "two")
        found.append(HeadingWarning("per-grade", lead, (", by ", off, " ranks on average")))
    return found
