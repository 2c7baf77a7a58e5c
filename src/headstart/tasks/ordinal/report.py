"""The pages of a run of ordered classes."""

import numpy as np

from headstart.reporting.charts.catalog import make_if_recorded
from headstart.reporting.contents import (
    ChartRow,
    Column,
    ContentTable,
    Emphasis,
    Fold,
    GivenText,
    HeadingFact,
    HeadingWarning,
    ItemList,
    OwnScore,
    Paragraph,
    ShownItem,
    ShownNumber,
    ShownRange,
    Subsection,
    Tag,
    TaskContents,
    TermLink,
    Text,
)
from headstart.reporting.item_tiles import make_tile
from headstart.reporting.task_pages import TaskPages
from headstart.reporting.task_records import TaskRecords
from headstart.tasks.ordinal.evaluation import RankScore
from headstart.tasks.ordinal.ranges import describe_range
from headstart.tasks.ordinal.report_charts import (
    bin_questions,
    distance_chart,
    grade_error_chart,
    grade_matrix,
    measure_question_error,
    range_width_chart,
    threshold_reliability_chart,
)

MOST_TITLED = 6  #: names in a heading; more classes are counted
MOST_WORST = 12  #: samples that are shown


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
            " ranks off on average (the thin line).",
        ),
        reference_score=by_guess,
        facts=tuple(_list_facts(records)),
        warnings=tuple(_list_warnings(records)),
        checked=("ranges that do not hold", "grades that are told too low or too high"),
        intro=(
            "The answer is the grade in the middle of the probabilities, their median: it is the fewest ranks off.",
        ),
        test=(
            _describe_classes(records),
            _describe_distances(records),
            _describe_calibration(records),
            _describe_ranges(records),
            _describe_worst(records),
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


def _describe_classes(records: TaskRecords) -> Subsection:
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


def _describe_distances(records: TaskRecords) -> Subsection:
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


def _describe_calibration(records: TaskRecords) -> Subsection:
    """Return whether probabilities mean what they say."""
    after, before = (measure_question_error(bin_questions(records, name)) for name in ("probabilities", "uncalibrated"))
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


def _describe_ranges(records: TaskRecords) -> Subsection:
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


def _describe_worst(records: TaskRecords) -> Subsection:
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
    lead = Paragraph(("Those that are the most ranks off first.",))
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
