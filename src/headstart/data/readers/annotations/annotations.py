"""Annotations as labels of whole items: what detection sets say of each item.

Where the annotations of nearly every item are of one class, this is the item's. Several labels of an item are read as
such where the task reads them, or where no task is named and they are labels of whole items; boxes of several classes
are read so only where a task is named, for who has boxes may want other things of them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.data.choose_modality import choose_by_names
from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.evidence import find_subset_in_folders
from headstart.data.readers.label_forms import propose_reading, propose_tasks
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.table_files import locate_files
from headstart.data.readers.walk import FileTree, is_file_there
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.sources import FileSource
from headstart.data.subsets import resolve_subsets
from headstart.label_text import LabelForm, join_cells, split_cells
from headstart_runtime.errors import DataError, bounded
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import Modality

MOST_WITH_SEVERAL = 0.1  #: share of the annotated items that may have several classes; they are skipped
WHOLE = "labels"  #: what an item has where annotations are of the whole of it
LONGEST_PATH = 1000  #: characters of a path that are kept as a name
_SKIPPED_FILE = (PlaceKind.FILE, Role.SKIPPED)
_TABLE = "write a table with the columns path and label, and read that"


@dataclass(frozen=True, slots=True)
class AnnotatedItem:
    """An item as annotations name it."""

    path: str  #: as it stands there, with "/"; relative to a folder of the set
    labels: tuple[str, ...]  #: its classes, each once
    subset: Subset | None = None
    place: Path | None = None  #: its file, where that is known
    problem: str = ""  #: why what is said of it cannot be used


@dataclass(frozen=True, slots=True)
class AnnotationSet:
    """The annotations of a source."""

    name: str  #: for a person: "COCO annotations"
    folder: Path  #: where the items are looked for
    items: Sequence[AnnotatedItem]
    files: frozenset[Path] = frozenset()  #: in which it stands
    marks: str = "boxes"  #: what an item has, in a message
    notes: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()  #: on its files and fields; one on a file that is left out is its reason


def list_annotated(root: str, annotations: AnnotationSet, tree: FileTree | None, context: ReadContext) -> SourceListing:
    """Return the items with what their annotations say.

    Args:
        root: the source, for a person.
        annotations: what is said of each item.
        tree: the source, where it is a folder; files in it that nothing names get a line in the ledger.
        context: says the modality, where it does not show.

    Raises:
        DataError: many items have several classes where one is wanted, none has one, no file is found, or the subsets
            make no split.
    """
    items = annotations.items
    names = [str(item.place or item.path) for item in items]
    choice = choose_by_names(context.options.modality, names, repr(root))
    modality = choice.modality
    form = choose_form([len(item.labels) for item in items], annotations.marks, context)
    note = (
        judge_classes(root, annotations.name, annotations.marks, items, modality.noun, form) if context.labelled else ""
    )
    given = resolve_subsets((item.subset for item in items if item.subset and item.labels), modality.noun)
    if given.problem:
        raise DataError(f"{root!r}: {given.problem}")
    places, reasons, notes = _locate(root, annotations, modality)
    samples, entries, seen = [], [], set()
    for name, item in zip(_name_items(items, places, annotations.folder), items, strict=True):
        place = places.get(item.path) if item.place is None else item.place
        label = write_label([normalise_class_name(label) for label in item.labels], form, annotations.marks)
        problem = item.problem or _find_problem(item, label, annotations.marks)
        reason = (problem if context.labelled else "") or reasons.get(item.path, "")
        if place is not None:
            if place in seen:
                reason = reason or "named before"
            seen.add(place)
        if reason or place is None:
            entries.append(LedgerEntry(name, FileStatus.SKIPPED, reason or "missing file", label))
        else:
            subset = given.used_as.get(item.subset) if item.subset else None
            samples.append(RawSample(name, label, FileSource(place), subset))
    others, ignored = _list_others(tree, annotations, seen, set(_names_of(samples, entries)))
    found = [*choice.notes, note, *annotations.notes, *notes, given.note]
    if len({item.subset for item in items}) > 1 and any(item.subset is None for item in items):
        found.append("some have no part: they are split with the rest")
    classes = list_classes((sample.label for sample in samples), form)
    found.append(_note_folders(samples, annotations.folder) if tree and form == "one" else "")
    return SourceListing(
        root,
        tuple(samples),
        classes,
        (*entries, *others),
        ignored,
        tuple(note for note in found if note),
        modality.name,
        in_rows=tree is None,
        form=form,
        form_reason=_describe_several(annotations, modality.noun) if form == "several" else "",
        decisions=annotations.decisions,
    )


def collect_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return each label once, in the order in which they come."""
    return tuple(dict.fromkeys(labels))


def choose_form(counts: Sequence[int], marks: str, context: ReadContext) -> LabelForm:
    """Return the form in which annotations are read.

    Args:
        counts: of the labels of each item.
        marks: what an item has, such as boxes; ``WHOLE`` where they are of the whole of it.
        context: says the forms that the task reads.
    """
    several = sum(count > 1 for count in counts)
    if not context.labelled or not several or not context.may_read("several"):
        return "one"
    many = several > MOST_WITH_SEVERAL * sum(count > 0 for count in counts)
    return "several" if context.wants("several") or (many and marks == WHOLE) else "one"


def judge_classes(
    root: str, name: str, marks: str, items: Sequence[AnnotatedItem], noun: Noun, form: LabelForm = "one"
) -> str:
    """Return the note on how annotations are read.

    Args:
        root: the source, for an error.
        name: of the annotations, for a person.
        marks: what an item has, such as boxes.
        items: with the classes of each.
        noun: of the items.
        form: in which they are read.

    Raises:
        DataError: many items have several classes and one is wanted, or none has one.
    """
    one = sum(len(item.labels) == 1 for item in items)
    several = [item for item in items if len(item.labels) > 1]
    none = len(items) - one - len(several)
    if not (one or several):
        raise DataError(f"{root!r} has {name} that give no {noun.one} a class; {_TABLE}")
    if form == "several":
        means = "skipped" if marks == WHOLE else "read as of none of them"
        of_none = f"; {noun.count(none)} without {marks} {'is' if none == 1 else 'are'} {means}" if none else ""
        return f"{name} are read as labels of whole {noun.many}{of_none}"
    if len(several) > MOST_WITH_SEVERAL * (one + len(several)):
        first = several[0]
        shown = f"{bounded(first.path, 80)!r} has {preview(list(first.labels))}"
        raise DataError(
            f"{root!r} has {name}: {marks} of one class in {noun.count(one)}, of several in {len(several)} ({shown}); "
            f"only one class for each {noun.one} is read here; for all classes of each as its labels: "
            f"{propose_reading('several')}; for another one, {_TABLE}, such as headstart check labels.csv"
        )
    rest = [f"{len(several)} with several classes" if several else "", f"{none} with none" if none else ""]
    skipped = " and ".join(filter(None, rest))
    ways = f"; {flags} reads all of these" if several and (flags := propose_tasks("several")) else ""
    return (
        f"{name} are read as classes of whole {noun.many}: the {marks} of {noun.count(one)} are of one class each"
        + (f"; {skipped} are skipped{ways}" if skipped else "")
    )


def list_classes(labels: Iterable[str], form: LabelForm) -> frozenset[str]:
    """Return the classes in labels of a form, of which each has one or several."""
    different = set(labels)
    if form == "several":
        return frozenset(name for label in different for name in split_cells(label))
    return frozenset(different)


def write_label(names: Sequence[str], form: LabelForm, marks: str) -> str:
    """Return the label of an item of some classes as a listing has it; "" where it has none of the form."""
    if form == "several":
        return join_cells(names) if names or marks != WHOLE else ""
    return names[0] if len(names) == 1 else ""


def _find_problem(item: AnnotatedItem, label: str, marks: str) -> str:
    if len(item.labels) > 1 and not label:
        return f"{marks} of several classes: {preview(list(item.labels))}"
    return "" if label else f"no {marks}"


def _describe_several(annotations: AnnotationSet, noun: Noun) -> str:
    """Return how many items have several labels."""
    several = [item for item in annotations.items if len(item.labels) > 1]
    shown = f"{bounded(several[0].path, 80)!r} has {preview(list(several[0].labels))}"
    return f"{annotations.name} give {len(several)} of {noun.count(len(annotations.items))} several labels ({shown})"


def _locate(
    root: str, annotations: AnnotationSet, modality: Modality
) -> tuple[dict[str, Path], dict[str, str], tuple[str, ...]]:
    """Return the files of the paths that are named, the reasons where there is none, and notes."""
    asked = [item.path for item in annotations.items if item.place is None and item.path and "\0" not in item.path]
    if not asked:
        return {}, {}, ()
    located = locate_files(annotations.folder / "annotations", asked, modality)
    files = {path: located.find(path).path for path in asked}
    places = {path: file for path, file in files.items() if is_file_there(file)}
    if not places and all(item.place is None for item in annotations.items):
        raise DataError(
            f"{root!r} has {annotations.name} for {len(set(asked))} files such as {preview(asked[:1])}, and none is in "
            f"{str(annotations.folder)!r}; put the {modality.noun.many} there"
        )
    return places, dict(located.reasons), located.notes


def _name_items(items: Sequence[AnnotatedItem], places: dict[str, Path], folder: Path) -> list[str]:
    """Return a name for each item that no other has: the path under the folder, else as it is named."""
    names = []
    for item in items:
        place = item.place or places.get(item.path)
        inside = place is not None and place.is_relative_to(folder)
        name = place.relative_to(folder).as_posix() if place is not None and inside else item.path
        names.append(bounded(name, LONGEST_PATH) or "no path")
    again = Counter(names)
    return [f"{name} (number {at})" if again[name] > 1 else name for at, name in enumerate(names, 1)]


def _note_folders(samples: Sequence[RawSample], root: Path) -> str:
    """Return a note where items lie in folders that may be the classes and say others than the annotations."""
    folders: dict[str, set[str]] = {}
    for sample in samples:
        assert isinstance(sample.source, FileSource)
        parent = sample.source.path.parent
        if parent != root and not find_subset_in_folders(sample.source.path, root):
            folders.setdefault(parent.name, set()).add(sample.label)
    if len(folders) < 2 or len(folders) == len(set().union(*folders.values())):
        return ""
    return (
        f"they lie in {len(folders)} folders, {preview(sorted(folders))}, and the annotations say other classes; to "
        "read the folders instead, add --classes-from folder"
    )


def _names_of(samples: Iterable[RawSample], entries: Iterable[LedgerEntry]) -> Iterable[str]:
    yield from (sample.name for sample in samples)
    yield from (entry.name for entry in entries)


def _list_others(
    tree: FileTree | None, annotations: AnnotationSet, seen: set[Path], names: set[str]
) -> tuple[list[LedgerEntry], int]:
    """Return a line for each file of a folder that nothing names, and how many are hidden."""
    if tree is None:
        return [], 0
    entries, folders = [], {tree.root}
    skipped = {it.place: it.reason for it in annotations.decisions if (it.kind, it.role) == _SKIPPED_FILE}
    for path in tree.files_under(tree.root):
        folders.add(path.parent)
        if path in seen or path in annotations.files:
            continue
        inside = path.relative_to(tree.root)
        name = f"{inside.as_posix()} (file)" if inside.as_posix() in names else inside.as_posix()
        entries.append(LedgerEntry(name, FileStatus.SKIPPED, skipped.get(inside.parts, "not annotated")))
    return entries, sum(tree.scan(folder).ignored for folder in folders)
