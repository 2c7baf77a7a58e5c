"""The parts of the section on test for sets of labels: each label, curves, calibration, pairs, promise, mistakes."""

import numpy as np

from headstart.evaluation.reliability import measure_bin_error
from headstart.reporting.by_chance import ece_by_chance
from headstart.reporting.charts.catalog import make_if_recorded
from headstart.reporting.charts.reliability_bins import bin_answers
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
from headstart.reporting.held_out import TaskAnswers
from headstart.reporting.item_tiles import make_tile
from headstart.reporting.task_records import TaskRecords
from headstart.tasks.multilabel.evaluation import LabelScore
from headstart.tasks.multilabel.pairs import find_overused_pairs
from headstart.tasks.multilabel.report_charts import (
    label_curves_chart,
    label_recall_chart,
    label_reliability_chart,
    select_label_rows,
)
from headstart_runtime.arrays import Doubles, Ints

MOST_LABELS = 40  #: rows of a table; of more labels those with the lowest F1, the others are folded away
MOST_WORST = 12  #: samples that are shown
MOST_WRONG = 4  #: labels of one of them that are named


def describe_labels(records: TaskRecords) -> Subsection:
    """Return the table of labels."""
    scores = records.test.per_label
    order = list(range(len(scores)))
    if len(order) > MOST_LABELS:
        order.sort(key=lambda place: 2.0 if scores[place].f1 is None else scores[place].f1)
    noun, rare = records.noun, [score.name for score in scores if not score.support]
    blocks: list[Block] = [_tabulate_labels(records, order[:MOST_LABELS], in_card=True)]
    if order[MOST_LABELS:]:
        blocks.append(Fold(("The other labels",), (_tabulate_labels(records, order[MOST_LABELS:], in_card=False),)))
    if rare:
        named: Text = tuple(part for name in rare[:MOST_LABELS] for part in (GivenText(name), ", "))[:-1]
        blocks.append(Paragraph((f"No test {noun.one} has ", *named, ": of these nothing is measured."), small=True))
    blocks.append(
        Fold(("How often each label is found, as a chart",), (ChartRow(make_if_recorded(label_recall_chart, records)),))
    )
    return Subsection("per-label", ("Label by label",), tuple(blocks))


def _tabulate_labels(records: TaskRecords, places: list[int], *, in_card: bool) -> ContentTable:
    scores, noun = records.test.per_label, records.noun
    unknown = any(score.known < records.test.n for score in scores)
    columns = [
        Column(("label",), numeric=False),
        Column((f"{noun.many} with it",)),
        *([Column(("known of",))] if unknown else []),
        Column(("taken",)),
        Column(("found (", TermLink("recall"), ")")),
        Column((TermLink("95 % interval"),), numeric=False),
        Column(("right when taken (", TermLink("precision"), ")")),
        Column((TermLink("F1"),)),
        Column((TermLink("average precision"),)),
        Column(("taken from",)),
    ]
    rows = tuple(_list_label_cells(records, place, scores[place], unknown=unknown) for place in places)
    return ContentTable("Scores of each label", tuple(columns), rows, in_card=in_card)


def _list_label_cells(records: TaskRecords, place: int, score: LabelScore, *, unknown: bool) -> tuple[Text, ...]:
    number, found = f"label.{place}", score.recall_interval
    thresholds = records.own.get("thresholds") or ()
    threshold = thresholds[place]["threshold"] if place < len(thresholds) else None
    return (
        (GivenText(score.name),),
        (ShownNumber(f"{number}.support", score.support),),
        *(((ShownNumber(f"{number}.known", score.known),),) if unknown else ()),
        (ShownNumber(f"{number}.taken", score.taken),),
        (ShownNumber(f"{number}.recall", score.recall, "percent"),),
        (ShownRange(f"{number}.recall", found.low if found else None, found.high if found else None),),
        (ShownNumber(f"{number}.precision", score.precision, "percent"),),
        (ShownNumber(f"{number}.f1", score.f1, "three"),),
        (ShownNumber(f"{number}.average_precision", score.average_precision, "three"),),
        ("never",)
        if threshold is not None and threshold > 1
        else (ShownNumber(f"{number}.threshold", threshold, "percent"),),
    )


def describe_curves(records: TaskRecords) -> Subsection:
    """Return the curves of precision and recall, and how the thresholds were chosen."""
    thresholds = records.own.get("thresholds") or ()
    told: Text = ("A label is taken from a probability of 50 % on.",)
    if thresholds:
        first = thresholds[0]
        aim = "for the best F1" if first["wanted"] is None else f"for a {first['rule']} of {first['wanted']:.0%}"
        shared = sum(bool(one.get("shared")) for one in thresholds)
        told = (f"From what probability on a label is taken was chosen {aim} on held-out {records.noun.many}.",)
        if shared:
            verb = "label was" if shared == 1 else "labels were"
            few = f" {verb} there too seldom for that: what serves all labels together was taken."
            told = (*told, " ", ShownNumber("thresholds.shared", shared), few)
    return Subsection(
        "curves",
        ("Found against wrongly found",),
        (Paragraph(told), ChartRow(make_if_recorded(label_curves_chart, records))),
    )


def describe_calibration(records: TaskRecords) -> Subsection:
    """Return whether the probabilities of labels mean what they say, all together and each."""
    rows, off = [], 0
    for place, name in enumerate(records.names):
        known = select_label_rows(records, place)
        if not len(known.there):
            continue
        bins = bin_answers(known.probabilities, known.there, known.groups)
        error, chance = measure_bin_error(bins), ece_by_chance(bins)
        off += error > 2 * chance + 0.01
        number = f"calibration.{place}"
        rows.append(
            (
                (GivenText(name),),
                (ShownNumber(f"{number}.stated", float(known.probabilities.mean()), "percent"),),
                (ShownNumber(f"{number}.there", float(known.there.mean()), "percent"),),
                (ShownNumber(f"{number}.ece", error, "unsigned points"),),
                (ShownNumber(f"{number}.chance", chance, "unsigned points"),),
            )
        )
    columns = (
        Column(("label",), numeric=False),
        Column(("said to be likely, on average",)),
        Column(("there",)),
        Column((TermLink("calibration error", "off by, points"),)),
        Column(("by chance alone",)),
    )
    record = records.own.get("calibration") or {}
    kind = f" Calibration: {record['kind']}, from {record['n']:,} held-out {records.noun.many}." if record else ""
    verdict = (
        "Every label's probabilities mean what they say, as far as so many can tell."
        if not off
        else f"The probabilities of {off} of {len(rows)} labels are off by more than chance explains."
    )
    table = ContentTable("Calibration of each label", columns, tuple(rows))
    return Subsection(
        "calibration",
        ("Do the probabilities mean what they say?",),
        (
            Paragraph((Emphasis((verdict,)), kind)),
            ChartRow(make_if_recorded(label_reliability_chart, records)),
            Fold(("Label by label",), (table,)),
        ),
    )


def describe_pairs(records: TaskRecords) -> Subsection:
    """Return the pairs of labels that are taken together too often."""
    test, noun = records.predictions.subset("test"), records.noun
    pairs = find_overused_pairs(test.label, test["labels"].astype(bool), records.names, test.group)
    if not pairs:
        told = "No two labels are taken together more often than they are there together, by more than chance."
        return Subsection("pairs", ("Labels that are taken together",), (Paragraph((told,)),))
    columns = (
        Column(("labels",), numeric=False),
        Column((f"{noun.many} with both",)),
        Column(("taken together",)),
        Column(("wrongly",)),
        Column(("together, but missed",)),
        Column((TermLink("p-value", "p"), " (Holm)")),
    )
    rows = tuple(
        (
            (GivenText(pair.first), " and ", GivenText(pair.second)),
            (ShownNumber(f"pair.{place}.there", pair.there),),
            (ShownNumber(f"pair.{place}.taken", pair.taken),),
            (ShownNumber(f"pair.{place}.wrong", pair.wrong),),
            (ShownNumber(f"pair.{place}.missed", pair.missed),),
            (ShownNumber(f"pair.{place}.p", pair.p, "p"),),
        )
        for place, pair in enumerate(pairs)
    )
    told = (
        "These are taken together more often than they are there together, by more than chance: one of the two is "
        "often taken because the other is there."
    )
    table = ContentTable("Labels that are taken together too often", columns, rows)
    return Subsection("pairs", ("Labels that are taken together too often",), (Paragraph((told,)), table))


def describe_promise(records: TaskRecords) -> Subsection:
    """Return the miss rate that was promised, and the one seen."""
    risk, test, noun = records.own.get("risk"), records.test, records.noun
    heading: Text = ("The promised miss rate",)
    if not risk or test.miss_rate is None:
        return Subsection("promise", heading, (Paragraph(("This model promises no miss rate.",)),))
    interval = test.miss_rate_interval
    text: Text = (
        "Beside the labels that it takes the model names a larger set, made so that it misses ",
        ShownNumber("promise.wanted", risk["promised"], "percent"),
        f" of the labels that {noun.a_one} has at most (",
        TermLink("miss rate"),
        "), on average. On test these sets miss ",
        Emphasis((ShownNumber("promise.seen", test.miss_rate, "percent"),)),
        " (",
        ShownRange("promise.seen", interval.low if interval else None, interval.high if interval else None),
        "), and hold ",
        ShownNumber("promise.size", test.set_size, "two"),
        " labels on average.",
    )
    how = (
        "Conformal risk control: a label is in the set from a probability of ",
        ShownNumber("promise.threshold", risk["threshold"], "percent"),
        " on, found on ",
        ShownNumber("promise.n", risk["n"]),
        f" held-out {noun.many} or groups of them. The promise is one for many {noun.many} like these, not for each.",
    )
    return Subsection("promise", heading, (Paragraph(text), Fold(("In exact figures",), (Paragraph(how),))))


def describe_worst(records: TaskRecords) -> Subsection:
    """Return the samples whose labels are told worst."""
    noun = records.noun
    rows = np.flatnonzero(records.predictions.part == "test")
    order = rows[np.argsort(-_measure_losses(records.predictions, rows), kind="stable")]
    wrong = [int(row) for row in order if _find_wrong(records.predictions, int(row)).any()][:MOST_WORST]
    heading: Text = ("Worst mistakes",)
    if not wrong:
        return Subsection("mistakes", heading, (Paragraph((f"None: all labels of every test {noun.one} are right.",)),))
    lead = f"Those with the most surprising labels first.{records.beside_items}"
    items = tuple(_show_worst(records, row) for row in wrong)
    return Subsection("mistakes", heading, (Paragraph((lead,)), ItemList(items, noun.one, noun.many)))


def _measure_losses(answers: TaskAnswers, rows: Ints) -> Doubles:
    """Return the mean log loss of the known labels of some rows, (M,)."""
    there, chance = answers.label[rows], np.clip(answers["probabilities"][rows].astype(np.float64), 1e-7, 1 - 1e-7)
    losses = -np.where(there == 1, np.log(chance), np.log1p(-chance))
    known = there >= 0
    return np.asarray((losses * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1))


def _find_wrong(answers: TaskAnswers, row: int) -> Ints:
    """Return for each label (K,) 1 where it is taken and not there, -1 where it is missed, else 0."""
    there, taken = answers.label[row], answers["labels"][row].astype(bool)
    return np.where(there < 0, 0, taken.astype(np.int64) - (there == 1))


def _show_worst(records: TaskRecords, row: int) -> ShownItem:
    answers, names = records.predictions, records.names
    id_, chance = str(answers.id[row]), answers["probabilities"][row]
    wrong = _find_wrong(answers, row)
    given = [names[label] for label in np.flatnonzero(answers.label[row] == 1)]
    taken = [names[label] for label in np.flatnonzero(answers["labels"][row])]
    lines: list[Text] = [("it has ", *_join_names(given)), ("answered ", *_join_names(taken))]
    for sign, word in ((-1, "missed"), (1, "not there")):
        labels = [int(label) for label in np.argsort(sign * -chance, kind="stable") if wrong[label] == sign]
        if labels:
            lines.append((f"{word}: ", *_list_chances(row, labels, names, chance)))
    if explained := records.trust.explained.labels.get(id_):
        lines.append(("beside it: for ", GivenText(explained)))
    if answers.out_of_distribution[row]:
        lines.append((Tag("unlike training", worse=True),))
    neighbours = tuple(make_tile(records, near) for near, _ in records.trust.neighbours.get(id_, ()))
    alt = f"{records.name(id_)}: {', '.join(given) or 'no label'}, answered {', '.join(taken) or 'none'}"
    return ShownItem(id_, records.name(id_), alt, tuple(lines), neighbours)


def _join_names(names: list[str]) -> Text:
    if not names:
        return (Emphasis(("no label",)),)
    return tuple(part for name in names for part in (GivenText(name, strong=True), ", "))[:-1]


def _list_chances(row: int, labels: list[int], names: tuple[str, ...], chance: Doubles) -> Text:
    parts: list[Text] = [
        (GivenText(names[label]), " ", ShownNumber(f"item.{row}.{label}", float(chance[label]), "percent"))
        for label in labels[:MOST_WRONG]
    ]
    more = len(labels) - MOST_WRONG
    joined = tuple(part for one in parts for part in (*one, ", "))[:-1]
    return (*joined, f" and {more} more") if more > 0 else joined
