"""Labelled tasks of programs for labelling: an item, the answers to questions about all of it, and labels of regions.

One question is the label of the items. Where nothing was asked of whole items, the labels of regions count, as those of
boxes do.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.annotations.annotations import AnnotatedItem, collect_labels
from headstart.data.readers.reader import ReadContext
from headstart.data.samples import Subset
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import CLASS

_NEARLY_ALL = 0.9  #: share of the tasks that a second question has, before it is asked which one is meant
#: Questions that are taken before others, where a format has no rule of its own.
PREFERRED = ("ground_truth", "label", "class", "category")


@dataclass(slots=True)
class LabelledTask:
    """An item and what was said of it."""

    path: str  #: as it stands there
    choices: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)  #: question -> answers of each annotator
    regions: list[str] = field(default_factory=list)  #: labels of what is marked in it
    subset: Subset | None = None
    place: Path | None = None  #: its file, where that is known
    problem: str = ""  #: why it cannot be used

    def answer(self, question: str, labels: Iterable[str]) -> None:
        """Add an answer; none without labels."""
        if found := collect_labels(filter(None, labels)):
            self.choices.setdefault(question, []).append(found)


def choose_question(
    root: str, tasks: Sequence[LabelledTask], context: ReadContext, preferred: Sequence[str] = ()
) -> tuple[str, tuple[str, ...]]:
    """Return the question whose answers are the labels, "" for none, and notes.

    Args:
        root: the source, for an error.
        tasks: of the source.
        context: its options may name the question; nothing is asked where no labels are wanted.
        preferred: names of questions that are taken before others.

    Raises:
        DataError: several could be meant.
    """
    counts = Counter(question for task in tasks for question in task.choices)
    options = context.options
    if not context.labelled:
        return "", ()
    if options.label_column is not None:
        if options.label_column not in counts:
            raise DataError(f"{root!r} has choices called {preview(sorted(counts))}, none {options.label_column!r}")
        return options.label_column, ()
    if not counts:
        return "", ()
    (first, most), *others = counts.most_common()
    first = next((name for name in preferred if counts[name] >= _NEARLY_ALL * most), first)
    same = [question for question, count in counts.items() if count >= _NEARLY_ALL * most and question != first]
    if same and first not in preferred:
        listed = ", ".join(f"{name!r} ({CLASS.count(_count_answers(tasks, name))})" for name in (first, *same))
        raise DataError(
            f"{root!r} has several choices for each task, {listed}; choose one: --label-column {quote_argument(first)}"
        )
    return first, tuple([f"the label is read from the choice {first!r}"] if others else [])


def decide_questions(tasks: Sequence[LabelledTask], taken: str, regions: str = "regions") -> Iterator[Decision]:
    """Yield what each question was taken for, with the number of tasks that have an answer to it."""
    counts = Counter(question for task in tasks for question in task.choices)
    for question, count in sorted(counts.items(), key=lambda found: (found[0] != taken, -found[1])):
        role = Role.LABELS if question == taken else Role.SKIPPED
        reason = f"{taken!r} is the label" if question != taken else ""
        yield Decision(PlaceKind.FIELD, (question,), role, reason, count=count)
    if count := sum(bool(task.regions) for task in tasks):
        role = Role.SKIPPED if taken else Role.LABELS
        reason = f"{taken!r} is the label" if taken else "nothing else has labels"
        yield Decision(PlaceKind.FIELD, (regions,), role, reason, count=count)


def make_item(task: LabelledTask, question: str) -> AnnotatedItem:
    """Return an item with the labels that a question gives it; with those of its regions where that is ""."""
    if task.problem or not (task.path or task.place):
        return AnnotatedItem(task.path, (), task.subset, task.place, task.problem or "no address of an item")
    answers = task.choices.get(question, []) if question else [collect_labels(task.regions)]
    different = dict.fromkeys(frozenset(found) for found in answers if found)
    problem = ""
    if len(different) > 1:
        shown = preview([" and ".join(sorted(found)) for found in different])
        answers, problem = [], f"its annotators disagree: {shown}"
    labels = next((found for found in answers if found), ())
    return AnnotatedItem(task.path, labels, task.subset, task.place, problem)


def _count_answers(tasks: Iterable[LabelledTask], question: str) -> int:
    return len({label for task in tasks for found in task.choices.get(question, []) for label in found})
