"""Labels that look wrong, as any task's check of labels finds them."""

from collections.abc import Iterator

from headstart.diagnostics.label_review import Doubt, LabelSuspect
from headstart.diagnostics.next_commands import suggest_relabelling
from headstart.reporting.contents import Block, CodeText, GivenText, ItemList, Paragraph, ShownItem, ShownNumber, Text
from headstart.reporting.item_tiles import show_label
from headstart.reporting.task_records import TaskRecords

MOST_SUSPECTS = 24
MOST_NAMED = 4  #: doubts of one sample that are named
BINARY = ("missing", "too many")  #: kinds of doubt about a label that is there or not


def list_suspect_blocks(records: TaskRecords) -> tuple[Block, ...]:
    """Return what was found about the labels; nothing where they were not looked into."""
    review, noun = records.trust.labels, records.noun
    if review is None:
        return ()
    told = review.summary[:1].upper() + review.summary[1:]
    if not review.issues:
        return (Paragraph((f"None is listed. {told}.",)),)
    hint = suggest_relabelling(records.run.source, records.folder, records.run.settings)
    correct: Text = ()
    if hint:
        check, fit = CodeText(hint.check), CodeText(hint.fit)
        correct = (
            " To correct labels: ",
            check,
            ", edit the column ",
            CodeText("label"),
            " of that table, then ",
            fit,
            ".",
        )
    shown = review.issues[:MOST_SUSPECTS]
    lead = f"{told}. A model that had not seen these {noun.many} thinks otherwise."
    items = tuple(_show_suspect(records, index, suspect) for index, suspect in enumerate(shown))
    return Paragraph((lead, *correct)), ItemList(items, "label", "labels", most=12, detailed=False)


def _show_suspect(records: TaskRecords, index: int, suspect: LabelSuspect) -> ShownItem:
    name, given, likely = records.name(suspect.id), show_label(suspect.given), show_label(suspect.likely)
    lines: list[Text] = [("labelled ", GivenText(given, strong=True))]
    if likely != given and not any(doubt.kind in BINARY for doubt in suspect.doubts):  # else the doubts say it
        lines.append(("looks like ", GivenText(likely, strong=True)))
    lines += _describe_doubts(records, index, suspect.doubts)
    return ShownItem(suspect.id, name, f"{name}, labelled {given}, looks like {likely}", tuple(lines))


def _describe_doubts(records: TaskRecords, index: int, doubts: tuple[Doubt, ...]) -> Iterator[Text]:
    """Yield a line for each of the strongest doubts; ranks say nothing beside the grades themselves."""
    measured = records.predictions.label.dtype.kind == "f"
    for place, doubt in enumerate(doubts[:MOST_NAMED]):
        number = f"label.{index}.{place}"
        if doubt.kind in BINARY:
            expected = ShownNumber(f"{number}.expected", doubt.expected, "percent")
            yield (f"{doubt.kind}: ", GivenText(records.names[doubt.output]), " ", expected)
        elif measured:
            of: Text = (GivenText(records.names[doubt.output]), ": ") if records.several else ()
            expected = ShownNumber(f"{number}.expected", doubt.expected, "number")
            yield (*of, doubt.kind, ", expected ", expected)
