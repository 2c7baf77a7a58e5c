"""Two runs of one task side by side, by its measure and its own scores, whatever the task."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.grouping import Targets
from headstart.reporting.contents import (
    Column,
    ContentTable,
    GivenText,
    ItemList,
    OwnScore,
    ShownItem,
    ShownNumber,
    ShownRange,
    TaskContents,
    TermLink,
    Text,
)
from headstart.reporting.embedded_previews import EmbeddedPreviews
from headstart.reporting.glossary import TERMS
from headstart.reporting.item_tiles import restore_target, show_label
from headstart.reporting.page import Page, describe_measure, render_page
from headstart.reporting.run_pairs import NOT_COMPARED, Difference, count_seen, describe_split, name_runs
from headstart.reporting.sections.repeat import format_setting
from headstart.reporting.task_card import make_measured_score
from headstart.reporting.task_records import TaskRecords
from headstart.tasks.facets import AnswerTable
from headstart_runtime.arrays import Doubles, Ints
from headstart_runtime.tasks.task import format_significant

ANSWER_COLUMNS = ("predicted", "value")  #: the last words of the columns with answers, see ``Scoring.tabulate``
MOST_CHANGED_ITEMS = 24  #: of each side that are shown


@dataclass(frozen=True)
class SharedRows:
    """The M test samples that both runs have, with the same label."""

    a_rows: Ints  #: (M,) rows of the first run's predictions
    b_rows: Ints
    gains: Doubles  #: (M,) of the second run's score over the first's, per sample; above 0 the second is better
    pair: PairedTest  #: the second run against the first


def render_task_comparison(a: TaskRecords, b: TaskRecords, contents: tuple[TaskContents, TaskContents]) -> Page:
    """Return the page of two runs: what differs, the scores of each, and a test on the samples that both have."""
    names, shared = name_runs(a, b), share_rows(a, b)
    changes = () if shared is None else tuple(_list_changes(a, b, shared, names))
    wanted = [item.id for _, items in changes for item in items.items]
    stored = {key: run.previews[key] for run in (b, a) for key in wanted if key in run.previews}
    return render_page(
        "task-compare.html",
        EmbeddedPreviews(stored, wanted),
        a.noun,
        absent=a.absent_modality,
        **describe_measure(a, contents[0].unit),
        names=names,
        folders=(a.folder, b.folder),
        verdict=_describe_verdict(a, shared, names),
        shared=shared,
        split=describe_split(a, b),
        seen=count_seen(a, b) + count_seen(b, a),
        scores=_tabulate_scores(a, b, contents, names),
        differences=tuple(_list_differences(a, b)),
        changes=changes,
    )


def share_rows(a: TaskRecords, b: TaskRecords) -> SharedRows | None:
    """Return the test samples that both runs have, scored; None where there is none."""
    task = a.task
    if task.answer not in a.predictions or task.answer not in b.predictions or a.names != b.names:
        return None
    ours, theirs = (
        {str(run.predictions.id[row]): row for row in np.flatnonzero(run.predictions.part == "test").tolist()}
        for run in (a, b)
    )
    labels, others = a.predictions.label, b.predictions.label
    pairs = [
        (row, theirs[id_])
        for id_, row in ours.items()
        if id_ in theirs and np.array_equal(labels[row], others[theirs[id_]], equal_nan=labels.dtype.kind == "f")
    ]
    if not pairs:
        return None
    a_rows, b_rows = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    targets = Targets(others[b_rows], b.predictions.group[b_rows])
    outputs = {"b": b.predictions[task.answer][b_rows], "a": a.predictions[task.answer][a_rows]}
    scored = task.scoring.score_arms(targets, outputs)
    (pair,) = task.scoring.run_paired_tests(targets, scored, [("b", "a")], seed=0)
    return SharedRows(a_rows, b_rows, scored["b"].scores - scored["a"].scores, pair)


def _describe_verdict(a: TaskRecords, shared: SharedRows | None, names: tuple[str, str]) -> Text:
    noun = a.noun
    if shared is None:
        return (f"The runs have no test {noun.one} in common; fit one of them with --split-from the other.",)
    pair = shared.pair
    better = GivenText(names[1] if pair.difference > 0 else names[0], strong=True)
    if not pair.exceeds_one_se:
        return ("No difference that could not be chance.",)
    return (better, " is better, by more than chance." if pair.significant else " is better, but this can be chance.")


def _tabulate_scores(
    a: TaskRecords, b: TaskRecords, contents: tuple[TaskContents, TaskContents], names: tuple[str, str]
) -> ContentTable:
    """Return the scores of both runs, each on its own test samples."""
    first, second = ([make_measured_score(run, its), *its.scores] for run, its in zip((a, b), contents, strict=True))
    others = {score.key: score for score in second}
    rows: list[tuple[Text, ...]] = [
        (_name_score(score), _show_cell("a", score), _show_cell("b", others[score.key]))
        for score in first
        if score.key in others
    ]
    runs = (("a", a), ("b", b))
    facts: dict[str, list[ShownNumber]] = {
        a.measure.loss: [ShownNumber(f"{key}.loss", run.test.loss, "three", a.measure.unit) for key, run in runs],
        f"test {a.noun.many}": [ShownNumber(f"{key}.n", run.test.n) for key, run in runs],
        "time": [ShownNumber(f"{key}.seconds", run.seconds, "time") for key, run in runs],
    }
    rows += [((TermLink(name) if name in TERMS else name,), (one,), (other,)) for name, (one, other) in facts.items()]
    columns = (Column(()), *(Column((GivenText(name),)) for name in names))
    return ContentTable("Scores", columns, tuple(rows))


def _name_score(score: OwnScore) -> Text:
    term = score.term or score.name
    return (TermLink(term, score.name),) if term in TERMS else (score.name,)


def _show_cell(run: str, score: OwnScore) -> Text:
    name = f"{run}.{score.key}"
    value = ShownNumber(name, score.value, score.form, score.unit)
    if score.interval is None:
        return (value,)
    return value, " (", ShownRange(name, score.interval.low, score.interval.high, score.form), ")"


def _list_differences(a: TaskRecords, b: TaskRecords) -> Iterator[Difference]:
    """Yield the settings that differ, then facts."""
    ours, theirs = a.run.settings, b.run.settings
    for name in dict.fromkeys([*ours, *theirs]):
        if name not in NOT_COMPARED and ours.get(name) != theirs.get(name):
            yield Difference(name, format_setting(ours.get(name)), format_setting(theirs.get(name)))
    facts = {
        a.noun.many: (a.run.source, b.run.source),
        "names": (", ".join(a.names), ", ".join(b.names)),
        "winner": (a.run.winner, b.run.winner),
        "headstart": (a.run.headstart, b.run.headstart),
    }
    yield from (Difference(name, one, other) for name, (one, other) in facts.items() if one != other)


def _list_changes(
    a: TaskRecords, b: TaskRecords, shared: SharedRows, names: tuple[str, str]
) -> Iterator[tuple[str, ItemList]]:
    """Yield the samples that one run answers better than the other, those with the largest gain first."""
    for name, gains in ((names[0], -shared.gains), (names[1], shared.gains)):
        order = np.argsort(-gains, kind="stable")
        order = order[gains[order] > 0][:MOST_CHANGED_ITEMS]
        if len(order):
            items = tuple(_show_change(a, b, shared, int(place), names) for place in order)
            yield f"Better in {name}", ItemList(items, a.noun.one, a.noun.many, most=12, detailed=False)


def _show_change(a: TaskRecords, b: TaskRecords, shared: SharedRows, place: int, names: tuple[str, str]) -> ShownItem:
    task, row = a.task, int(shared.a_rows[place])
    id_ = str(a.predictions.id[row])
    label = show_label(task.targets.describe(a.space, restore_target(a.predictions.label[row].tolist())))
    lines: list[Text] = [("it is ", GivenText(label, strong=True))]
    for name, run, at in ((names[0], a, row), (names[1], b, int(shared.b_rows[place]))):
        outputs = {key: array[at : at + 1] for key, array in run.predictions.outputs.items()}
        table = task.scoring.tabulate(run.space, run.predictions.label[at : at + 1], outputs)
        lines.append((GivenText(name), ": ", GivenText(_join_answers(table))))
    return ShownItem(id_, a.name(id_), a.name(id_), tuple(lines))


def _join_answers(table: AnswerTable) -> str:
    """Return the answer in a table's only row; of several numbers all of them, of each as many digits as are read."""
    (row,) = table.rows
    found = [cell for column, cell in zip(table.columns, row, strict=True) if column.split()[-1] in ANSWER_COLUMNS]
    return "; ".join(_shorten(cell) for cell in (found or row[1:2]))


def _shorten(cell: str) -> str:
    try:
        return format_significant(float(cell))
    except ValueError:
        return show_label(cell)
