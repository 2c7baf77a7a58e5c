"""The parts of the section on test for ordered classes: each grade, how far mistakes go, calibration, ranges, items."""

import numpy as np

from headstart.evaluation.reliability import measure_bin_error
from headstart.reporting.charts.catalog import make_if_recorded
from headstart.reporting.contents import (
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
from headstart.tasks.ordinal.evaluation import RankScore
from headstart.tasks.ordinal.report_charts import (
    bin_questions,
    distance_chart,
    grade_error_chart,
    grade_matrix,
    range_width_chart,
    threshold_reliability_chart,
)
from headstart_runtime.tasks.ordinal.ranges import describe_range

MOST_WORST = 12  #: samples that are shown


def describe_grade_scores(records: TaskRecords) -> Subsection:
    """Return the table of classes, and true and answered grades."""
    columns = (
        Column(("grade",), numeric=False),
        Column((f"test {records.noun.many}",)),
        Column(("ranks off, on average",)),
        Column(("too low (−) or high (+)",)),
        Column(("right",)),
        Column((TermLink("95 % interval"),), numeric=False),
    )
    rows = tuple(_list_class_cells(place, score) for place, score in enumerate(records.test.per_class))
    table = ContentTable("Scores of each grade", columns, rows, in_card=True)
    charts = (*make_if_recorded(grade_matrix, records), *make_if_recorded(grade_error_chart, records))
    return Subsection("per-grade", ("Grade by grade",), (table, ChartRow(charts)))


def _list_class_cells(place: int, score: RankScore) -> tuple[Text, ...]:
    number, found = f"grade.{place}", score.recall_interval
    return (
        (GivenText(score.name),),
        (ShownNumber(f"{number}.support", score.support),),
        (ShownNumber(f"{number}.mae", score.mae, "two"),),
        (ShownNumber(f"{number}.bias", score.bias, "signed"),),
        (ShownNumber(f"{number}.recall", score.recall, "percent"),),
        (ShownRange(f"{number}.recall", found.low if found else None, found.high if found else None),),
    )


def describe_distances(records: TaskRecords) -> Subsection:
    """Return how far mistakes go."""
    test = records.test
    far = sum(test.distances[2:])
    told: Text = (
        ShownNumber("distances.one", test.distances[1]),
        f" of {test.n:,} answers are one rank off, ",
        ShownNumber("distances.more", far),
        " more than one.",
    )
    return Subsection(
        "distances", ("How far mistakes go",), (Paragraph(told), ChartRow(make_if_recorded(distance_chart, records)))
    )


def describe_rank_calibration(records: TaskRecords) -> Subsection:
    """Return whether probabilities mean what they say."""
    after, before = (measure_bin_error(bin_questions(records, name)) for name in ("probabilities", "uncalibrated"))
    told: Text = (
        "How likely a grade is said to be so high or higher is off by ",
        Emphasis((ShownNumber("calibration.after", after, "unsigned points"),)),
        " points on average (",
        TermLink("calibration error"),
        "), by ",
        ShownNumber("calibration.before", before, "unsigned points"),
        " before ",
        TermLink("calibration"),
        ".",
    )
    record = records.own.get("calibration")
    how = (
        (f"Kind: {record['kind']}, fitted on {record['n']:,} held-out {records.noun.many}. {record['reason']}",)
        if record
        else ()
    )
    fold = (Fold(("In exact figures",), (Paragraph(how),)),) if how else ()
    charts = ChartRow(make_if_recorded(threshold_reliability_chart, records))
    return Subsection("calibration", ("Do the probabilities mean what they say?",), (Paragraph(told), charts, *fold))


def describe_ranges(records: TaskRecords) -> Subsection:
    """Return how often ranges hold, and how wide they are."""
    sets, noun = records.own.get("prediction_sets"), records.noun
    heading: Text = ("Ranges",)
    if not sets:
        return Subsection("ranges", heading, (Paragraph(("This model makes no ranges.",)),))
    seen = sets["test"]
    told: Text = (
        f"Beside the grade {noun.a_one} gets a range of neighbouring grades, made so that it holds the true one for ",
        ShownNumber("ranges.wanted", sets["coverage"], "percent"),
        f" of the {noun.many} (",
        TermLink("prediction set"),
        "). On test it does for ",
        Emphasis((ShownNumber("ranges.seen", seen["coverage"], "percent"),)),
        " (",
        ShownRange("ranges.bounds", seen["low"], seen["high"]),
        "), with ",
        ShownNumber("ranges.size", seen["mean_size"], "two"),
        " grades on average.",
    )
    columns = (Column(("grade",), numeric=False), Column(("held",)))
    rows = tuple(
        ((GivenText(name),), (ShownNumber(f"ranges.grade.{place}", share, "percent"),))
        for place, (name, share) in enumerate(zip(records.names, seen["per_class"], strict=True))
    )
    table = ContentTable("How often a range holds the true grade", columns, rows)
    charts = ChartRow(make_if_recorded(range_width_chart, records))
    return Subsection("ranges", heading, (Paragraph(told), charts, Fold(("Grade by grade",), (table,))))


def describe_worst_grades(records: TaskRecords) -> Subsection:
    """Return the samples whose answers are furthest off, those that were surest first."""
    noun, answers = records.noun, records.predictions
    rows = np.flatnonzero(answers.part == "test")
    off = np.abs(answers["rank"][rows] - answers.label[rows])
    sure = answers["probabilities"][rows, answers["rank"][rows]]
    wrong = [int(rows[place]) for place in np.lexsort((-sure, -off)) if off[place]][:MOST_WORST]
    heading: Text = ("Worst mistakes",)
    if not wrong:
        return Subsection("mistakes", heading, (Paragraph((f"None: every test {noun.one} got its grade.",)),))
    items = tuple(_show_item(records, row) for row in wrong)
    lead = Paragraph((f"Those that are the most ranks off first.{records.beside_items}",))
    return Subsection("mistakes", heading, (lead, ItemList(items, noun.one, noun.many)))


def _show_item(records: TaskRecords, row: int) -> ShownItem:
    answers, names = records.predictions, records.names
    id_, rank, true = str(answers.id[row]), int(answers["rank"][row]), int(answers.label[row])
    chance = ShownNumber(f"item.{row}.probability", float(answers["probabilities"][row, rank]), "percent")
    between = describe_range(answers["prediction_set"][row].astype(bool), names)
    lines: list[Text] = [
        ("labelled ", GivenText(names[true], strong=True)),
        ("answered ", GivenText(names[rank], strong=True), " (", chance, ")"),
        ("range: ", GivenText(between)),
    ]
    if answers.out_of_distribution[row]:
        lines.append((Tag("unlike training", worse=True),))
    neighbours = tuple(make_tile(records, near) for near, _ in records.trust.neighbours.get(id_, ()))
    alt = f"{records.name(id_)}: {names[true]}, answered {names[rank]}"
    return ShownItem(id_, records.name(id_), alt, tuple(lines), neighbours)
