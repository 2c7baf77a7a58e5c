"""The pages of a run of numbers."""

from collections.abc import Iterator

import numpy as np

from headstart.evaluation.interval_coverage import IntervalCoverage
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
from headstart.tasks.regression.report_charts import (
    interval_coverage_chart,
    interval_widths_chart,
    predicted_over_true_chart,
    residuals_chart,
    select_number_rows,
)
from headstart.tasks.regression.report_sections import (
    describe_errors,
    describe_intervals,
    describe_largest,
    describe_residuals,
)

LEVEL = 0.95  #: of intervals of scores
MOST_TITLED = 4  #: names: more numbers are counted


class NumberReport(TaskPages):
    """The report, the model card and the figures of numbers."""

    def __init__(self) -> None:
        """Take what describes a run, and the charts."""
        super().__init__(
            describe_numbers,
            {
                "predicted_over_true": predicted_over_true_chart,
                "residuals": residuals_chart,
                "interval_widths": interval_widths_chart,
                "interval_coverage": interval_coverage_chart,
            },
        )


def describe_numbers(records: TaskRecords) -> TaskContents:
    """Return what the pages show of a run."""
    test, names = records.test, records.names
    titled = ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]
    interval: Text = (", each with a ", TermLink("prediction interval")) if test.coverage else ()
    return TaskContents(
        heading=f"Predicts {titled if len(names) <= MOST_TITLED else f'{len(names)} numbers'}",
        answers=("a number for ", *tuple(part for name in names for part in (GivenText(name), ", "))[:-1], *interval),
        unit=test.one.unit if test.one is not None else "",
        reference=_describe_reference(records),
        facts=tuple(_list_facts(records)),
        postprocessing=tuple(_list_postprocessing(records)),
        warnings=tuple(_list_warnings(records)),
        checked=("whether it beats always saying the median",),
        test=(
            describe_errors(records),
            describe_residuals(records),
            describe_intervals(records),
            describe_largest(records),
        ),
        scores=tuple(_list_scores(records)),
        limits=tuple(_list_limits(records)),
        attributes=("value", "interval") if test.coverage else ("value",),
    )


def _describe_reference(records: TaskRecords) -> Text:
    test = records.test
    if test.one is None:
        told = "Several numbers have units of their own: this is the error over that of always saying the median"
        return (f"{told}, of which 1 is no better.",)
    median = ShownNumber("number.0.median_error", test.one.median_error, "number", test.one.unit)
    return "Always saying the median would be off by ", median, "."


def _list_facts(records: TaskRecords) -> Iterator[HeadingFact]:
    test, noun = records.test, records.noun
    share = ShownNumber("test.loss_share", test.relative_error, "percent")
    yield HeadingFact(
        "Beside always saying the median", (Emphasis((share,)), " of its error (", TermLink("relative error"), ")")
    )
    if test.one is not None:
        off = np.abs(select_number_rows(records, records.names.index(test.one.name)).residuals)
        half, most = (float(np.quantile(off, part, method="higher")) for part in (0.5, 0.9))
        yield HeadingFact(
            "Most answers",
            (
                "half are off by ",
                Emphasis((ShownNumber("errors.half", half, "number", test.one.unit),)),
                " at most, nine tenths by ",
                ShownNumber("errors.most", most, "number", test.one.unit),
            ),
        )
        if test.one.r2 is not None:
            told: Text = (
                Emphasis((ShownNumber("number.0.r2", test.one.r2, "two"),)),
                " of the spread is explained (",
                TermLink("R²"),
                ")",
            )
            yield HeadingFact("Explained", told)
    record = records.own.get("intervals")
    if record and test.coverage:
        worst = min(range(len(test.coverage)), key=lambda place: test.coverage[place].coverage)
        one, scores = test.coverage[worst], test.numbers[worst]
        of: Text = (" (", GivenText(scores.name), ")") if len(test.coverage) > 1 else ()
        yield HeadingFact(
            "Interval",
            (
                "It holds the true number for ",
                Emphasis((ShownNumber(f"intervals.{worst}.coverage", one.coverage, "hundredths"), " of 100")),
                f" {noun.many} (",
                ShownNumber("intervals.wanted", record["coverage"], "hundredths"),
                " wanted) and is ",
                ShownNumber(f"intervals.{worst}.width", one.mean_width, "number", scores.unit),
                " wide on average",
                *of,
            ),
        )


def _list_postprocessing(records: TaskRecords) -> Iterator[HeadingFact]:
    """Yield what intervals were made for, and from what."""
    record, noun = records.own.get("intervals"), records.noun
    if record:
        wanted = ShownNumber("intervals.wanted", record["coverage"], "percent")
        held = describe_held_out(record["held_out"], record["n"], noun)
        kind = "of one width" if record["kind"] == "constant" else "as wide as errors are around each answer"
        yield HeadingFact(
            "Intervals",
            (f"{kind}, made so that they hold the true number for ", wanted, f" of the {noun.many}, from {held}"),
        )


def _list_warnings(records: TaskRecords) -> Iterator[HeadingWarning]:
    test, record = records.test, records.own.get("intervals")
    if test.relative_error_interval.high >= 1:
        share = ShownNumber("test.loss_share", test.relative_error, "percent")
        said = "It is not surely better than always saying the median"
        yield HeadingWarning("errors", (said,), (": it has ", share, " of that error"))
    if record:
        for place, one in enumerate(test.coverage):
            yield from _warn_of_coverage(records, place, one, float(record["coverage"]))


def _warn_of_coverage(
    records: TaskRecords, place: int, one: IntervalCoverage, wanted: float
) -> Iterator[HeadingWarning]:
    """Yield that intervals surely hold the true number too seldom, everywhere or for some predictions."""
    shown = ShownNumber("intervals.wanted", wanted, "hundredths")
    if one.high < wanted:
        held = ShownNumber(f"intervals.{place}.coverage", one.coverage, "hundredths")
        lead = ("The interval holds the true number in only ", held, f" of 100 test {records.noun.many}")
        yield HeadingWarning("intervals", lead, ("; ", shown, " were wanted"))
        return
    for third, part in enumerate(one.parts):
        if part.high < wanted:
            held = ShownNumber(f"intervals.{place}.{third}", part.coverage, "percent")
            ends = ShownRange(f"intervals.{place}.{third}.predicted", part.lowest, part.highest, "number")
            more = (": ", held, " of those from ", ends, "; ", shown, " of 100 were wanted")
            yield HeadingWarning("intervals", (f"The interval holds less often for some {records.noun.many}",), more)
            return


def _list_scores(records: TaskRecords) -> Iterator[OwnScore]:
    one, test = records.test.one, records.test
    if one is not None:
        yield OwnScore("rmse", "RMSE", one.rmse, "number", one.rmse_interval, "root mean squared error", one.unit)
        yield OwnScore("r2", "R²", one.r2, "three", one.r2_interval, "R²")
        yield OwnScore(
            "spearman", "Spearman's rank correlation", one.spearman, "three", one.spearman_interval, "rank correlation"
        )
        yield OwnScore("median", "always saying the median", one.median_error, "number", unit=one.unit)
    for place, coverage in enumerate(test.coverage):
        name = (
            "interval holds the true number" if one is not None else f"interval of {test.numbers[place].name} holds it"
        )
        ends = Interval(coverage.low, coverage.high, LEVEL)
        yield OwnScore(f"coverage.{place}", name, coverage.coverage, "percent", ends, "prediction interval")


def _list_limits(records: TaskRecords) -> Iterator[str]:
    facts = records.run.target_facts
    for name, low, high in zip(records.names, facts.get("low", ()), facts.get("high", ()), strict=False):
        yield f"It has learned from {name} of {low:.4g} to {high:.4g}; beyond that its answers are guesses."
    if records.test.coverage:
        yield f"Intervals hold for {records.noun.many} like those it was fitted on; test anew where they change."
