"""The parts of the section on test for numbers: errors, residuals, intervals, the samples with the largest errors."""

import numpy as np

from headstart.evaluation.interval_coverage import IntervalCoverage
from headstart.reporting.charts.catalog import make_if_recorded
from headstart.reporting.contents import (
    Block,
    ChartRow,
    Column,
    ContentTable,
    Emphasis,
    Fold,
    GivenText,
    ItemList,
    Paragraph,
    ShownItem,
    ShownNumber,
    ShownRange,
    Subsection,
    Tag,
    TermLink,
    Text,
)
from headstart.reporting.item_tiles import make_tile
from headstart.reporting.task_records import TaskRecords
from headstart.tasks.regression.report_charts import (
    NumberRows,
    interval_coverage_chart,
    interval_widths_chart,
    predicted_over_true_chart,
    residuals_chart,
    select_number_rows,
    split_parts,
)
from headstart_runtime.arrays import Doubles

MOST_OFF = 12  #: samples with the largest errors that are shown
MOST_THIRDS = 6  #: numbers whose thirds are tabulated
QUARTERS = 4


def describe_errors(records: TaskRecords) -> Subsection:
    """Return the scores of each number beside those of always saying the median."""
    columns = (
        Column(("number",), numeric=False),
        Column((f"test {records.noun.many}",)),
        Column((TermLink("mean absolute error"),)),
        Column((TermLink("95 % interval"),), numeric=False),
        Column(("always saying the median",)),
        Column((TermLink("root mean squared error"),)),
        Column((TermLink("R²"),)),
        Column((TermLink("rank correlation"),)),
        Column(("too high (+) or low (−) on average",)),
    )
    rows = tuple(
        (
            (GivenText(one.name),),
            (ShownNumber(f"number.{place}.n", one.n),),
            (ShownNumber(f"number.{place}.mae", one.mae, "number", one.unit),),
            (ShownRange(f"number.{place}.mae", one.mae_interval.low, one.mae_interval.high, "number"),),
            (ShownNumber(f"number.{place}.median_error", one.median_error, "number", one.unit),),
            (ShownNumber(f"number.{place}.rmse", one.rmse, "number", one.unit),),
            (ShownNumber(f"number.{place}.r2", one.r2, "three"),),
            (ShownNumber(f"number.{place}.spearman", one.spearman, "three"),),
            (ShownNumber(f"number.{place}.bias", one.bias, "signed", one.unit),),
        )
        for place, one in enumerate(records.test.numbers)
    )
    table = ContentTable("Errors of each number", columns, rows, in_card=True)
    charts = ChartRow(make_if_recorded(predicted_over_true_chart, records))
    return Subsection("errors", ("How far off it is",), (table, charts))


def describe_residuals(records: TaskRecords) -> Subsection:
    """Return the residuals over what is predicted, and the errors by quarters of the true numbers."""
    blocks: list[Block] = [
        Paragraph(
            (
                "Where the line of means leaves 0, the answers are too high or too low there (",
                TermLink("residual"),
                f"). What cannot be told from {records.noun.a_one} is said to be as usual, so small numbers tend to ",
                "be said too high and large ones too low.",
            )
        ),
        ChartRow(make_if_recorded(residuals_chart, records)),
    ]
    numbers = [select_number_rows(records, column) for column in range(len(records.names))]
    tables = tuple(_tabulate_quarters(records, one) for one in numbers[:MOST_THIRDS] if len(one.rows))
    blocks.append(Fold(("Errors from small to large numbers",), tables))
    return Subsection("residuals", ("Where it is off",), tuple(blocks))


def _tabulate_quarters(records: TaskRecords, one: NumberRows) -> ContentTable:
    order = np.argsort(one.true, kind="stable")
    rows = []
    for place, part in enumerate(split_parts(len(order), QUARTERS)):
        own, number = order[part], f"quarter.{one.column}.{place}"
        true, off = one.true[own], one.residuals[own]
        rows.append(
            (
                (ShownRange(number, float(true.min()), float(true.max()), "number", one.unit),),
                (ShownNumber(f"{number}.n", len(own)),),
                (ShownNumber(f"{number}.mae", float(np.abs(off).mean()), "number", one.unit),),
                (ShownNumber(f"{number}.bias", float(off.mean()), "signed", one.unit),),
            )
        )
    columns = (
        Column((f"true {one.name}",), numeric=False),
        Column((f"test {records.noun.many}",)),
        Column((TermLink("mean absolute error"),)),
        Column(("too high (+) or low (−) on average",)),
    )
    return ContentTable(f"Errors by {one.name}", columns, tuple(rows))


def describe_intervals(records: TaskRecords) -> Subsection:
    """Return how often the intervals hold the true number, and how wide they are."""
    record, coverage = records.own.get("intervals"), records.test.coverage
    heading: Text = ("The interval beside each answer",)
    if not record or not coverage:
        told = "This model gives no interval beside its answers."
        return Subsection("intervals", heading, (Paragraph((told,)),))
    wanted = ShownNumber("intervals.wanted", record["coverage"], "hundredths")
    blocks: list[Block] = []
    for place, (one, scores) in enumerate(zip(coverage, records.test.numbers, strict=True)):
        of: Text = (GivenText(scores.name), ": ") if len(coverage) > 1 else ()
        text: Text = (
            *of,
            "The ",
            TermLink("prediction interval"),
            " holds the true number for ",
            Emphasis((ShownNumber(f"intervals.{place}.coverage", one.coverage, "hundredths"),)),
            f" of 100 test {records.noun.many} (",
            ShownRange(f"intervals.{place}.coverage", one.low, one.high),
            "), ",
            wanted,
            " were wanted; it is ",
            ShownNumber(f"intervals.{place}.width", one.mean_width, "number", scores.unit),
            " wide on average.",
        )
        blocks.append(Paragraph(text))
    how: Text = (
        f"Intervals: {record['kind']}, from ",
        ShownNumber("intervals.n", record["n"]),
        f" held-out {records.noun.many}.",
    )
    blocks += [_tabulate_parts(records, place, one) for place, one in enumerate(coverage[:MOST_THIRDS]) if one.parts]
    charts = (
        *make_if_recorded(interval_coverage_chart, records),
        *make_if_recorded(interval_widths_chart, records),
    )
    blocks += [ChartRow(charts), Paragraph(how, small=True)]
    return Subsection("intervals", heading, tuple(blocks))


def _tabulate_parts(records: TaskRecords, place: int, coverage: IntervalCoverage) -> ContentTable:
    scores = records.test.numbers[place]
    columns = (
        Column((f"predicted {scores.name}",), numeric=False),
        Column((f"test {records.noun.many}",)),
        Column(("interval holds it",)),
        Column((TermLink("95 % interval"),), numeric=False),
        Column(("mean width",)),
    )
    rows = tuple(
        (
            (ShownRange(f"intervals.{place}.{third}.predicted", part.lowest, part.highest, "number", scores.unit),),
            (ShownNumber(f"intervals.{place}.{third}.n", part.n),),
            (ShownNumber(f"intervals.{place}.{third}", part.coverage, "percent"),),
            (ShownRange(f"intervals.{place}.{third}", part.low, part.high),),
            (ShownNumber(f"intervals.{place}.{third}.width", part.mean_width, "number", scores.unit),),
        )
        for third, part in enumerate(coverage.parts)
    )
    return ContentTable(f"Intervals from small to large predictions of {scores.name}", columns, rows)


def describe_largest(records: TaskRecords) -> Subsection:
    """Return the samples with the largest errors."""
    numbers = [select_number_rows(records, column) for column in range(len(records.names))]
    scales = [_scale(one) for one in numbers]
    every = [
        (float(abs(residual)) / scale, int(row), one)
        for one, scale in zip(numbers, scales, strict=True)
        for row, residual in zip(one.rows, one.residuals, strict=True)
    ]
    largest: dict[int, NumberRows] = {}
    for _, row, one in sorted(every, key=lambda found: (-found[0], found[1])):
        if len(largest) == MOST_OFF:
            break
        largest.setdefault(row, one)
    noun = records.noun
    several = ", over the spread of their number" if len(numbers) > 1 else ""
    lead = f"The largest errors first{several}.{records.beside_items}"
    items = tuple(_show_largest(records, row, numbers) for row in largest)
    return Subsection("mistakes", ("Largest errors",), (Paragraph((lead,)), ItemList(items, noun.one, noun.many)))


def _scale(one: NumberRows) -> float:
    """Return the mean distance of a number from its median, by which errors of several are compared."""
    spread = float(np.abs(one.true - np.median(one.true)).mean()) if len(one.rows) else 0.0
    return spread or 1.0


def _show_largest(records: TaskRecords, row: int, numbers: list[NumberRows]) -> ShownItem:
    id_, several = str(records.predictions.id[row]), len(numbers) > 1
    lines: list[Text] = []
    for one in numbers:
        places = np.flatnonzero(one.rows == row)
        if len(places):
            lines.append(_describe_answer(one, int(places[0]), row, named=several))
    if several and (explained := records.trust.explained.labels.get(id_)):
        lines.append(("beside it: for ", GivenText(explained)))
    if records.predictions.out_of_distribution[row]:
        lines.append((Tag("unlike training", worse=True),))
    neighbours = tuple(make_tile(records, near) for near, _ in records.trust.neighbours.get(id_, ()))
    return ShownItem(id_, records.name(id_), records.name(id_), tuple(lines), neighbours)


def _describe_answer(one: NumberRows, place: int, row: int, *, named: bool) -> Text:
    number = f"item.{row}.{one.column}"
    of: Text = (GivenText(one.name), ": ") if named else ()
    outside = one.has_intervals and not one.low[place] <= one.true[place] <= one.high[place]
    bounds: Text = ()
    if one.has_intervals:
        ends = ShownRange(f"{number}.interval", _plain(one.low, place), _plain(one.high, place), "number")
        bounds = (" (", ends, ")")
    return (
        *of,
        "predicted ",
        Emphasis((ShownNumber(f"{number}.predicted", _plain(one.predicted, place), "number", one.unit),)),
        *bounds,
        ", but it is ",
        Emphasis((ShownNumber(f"{number}.true", _plain(one.true, place), "number", one.unit),)),
        ": ",
        ShownNumber(f"{number}.residual", _plain(one.residuals, place), "signed", one.unit),
        *((" ", Tag("outside the interval")) if outside else ()),
    )


def _plain(values: Doubles, place: int) -> float:
    return float(values[place])
