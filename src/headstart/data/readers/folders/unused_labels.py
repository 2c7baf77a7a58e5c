"""The rule for files beside items that may hold their labels and are not used: the reading stops, or a note says so.

Folders of classes are clear: beside them only labels of other classes stop a reading. Where the classes stand in names
of files, or were the best guess, any file that may have labels stops it. Files about something else stop nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headstart.data.decisions import PlaceKind
from headstart.data.names import preview
from headstart.data.readers.folders.label_files import LabelFile
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.tables.column_evidence import holds_labels, says_the_same
from headstart.data.readers.tables.table_folder import FolderTables, describe_classes
from headstart.quoting import quote_argument
from headstart_runtime.modalities.modality import Modality

ALIKE = 0.9  #: share of the labels that have to be those of the folders, to say the same
OFTEN = 2  #: items of a label that is a finer one, on average
FEWEST = 3  #: items that two readings have in common, before they are compared
MOST = 3  #: files in a message


@dataclass(frozen=True)
class UnusedLabels:
    """The files beside items that are not read, and what to do about them."""

    stopping: Sequence[LabelFile] = ()  #: that may have the labels of the items
    notes: Sequence[str] = field(default_factory=tuple)  #: on others


def sort_out_files(files: Sequence[LabelFile], listing: SourceListing | None, modality: Modality) -> UnusedLabels:
    """Return which of some files stop a reading, and notes on others that may be meant.

    Args:
        files: that are not read.
        listing: of the folders; None where they gave none.
        modality: of the items.
    """
    guessed = listing is None or listing.guessed or len(listing.classes) < 2
    known = {sample.name: sample.label for sample in listing.samples} if listing else {}
    classes = listing.classes if listing else frozenset[str]()
    confirmed = any(_confirms(file, known, classes) for file in files)  # what was read stands in a table too
    stopping: list[LabelFile] = []
    notes: list[str] = []
    for file in files:
        if guessed and _may_have_labels(file, known, classes) and (file.labels or not confirmed):
            stopping.append(file)
        elif not guessed and file.is_workbook:
            notes.append(f"{file.name!r} is not used: it is {file.kind}")
        elif not guessed and file.labels and file.found and not any(item in known for item in file.items):
            said = any(repr(file.name) in note for note in listing.notes) if listing else False
            left = f"{file.name!r} has rows of {file.found} {modality.noun.many} that are left out; it is not used"
            notes += [] if said else [left]
        elif not guessed and _contradicts(file, known, classes):
            if file.is_about_items or file.is_called_so:
                stopping.append(file)
            else:
                columns = preview(list(file.labels))
                notes.append(
                    f"{file.name!r} has the column {columns} and is not used: its rows lead to no {modality.noun.one}"
                )
    return UnusedLabels(stopping, notes)


def _confirms(file: LabelFile, known: Mapping[str, str], classes: frozenset[str]) -> bool:
    return file.found >= FEWEST and any(
        _agrees(cells, file, known, classes) for cells in (*file.labels.values(), *file.others.values())
    )


def _may_have_labels(file: LabelFile, known: Mapping[str, str], classes: frozenset[str]) -> bool:
    """Return whether a file may have labels, where those that were read are a guess."""
    if file.kind and not file.labels:
        return not (file.words and _are_words(classes, file.words))
    columns = {**file.labels, **file.others}
    if not columns or any(_agrees(cells, file, known, classes) for cells in columns.values()):
        return False
    return bool(file.labels) or file.is_called_so or file.is_about_items


def _contradicts(file: LabelFile, known: Mapping[str, str], classes: frozenset[str]) -> bool:
    """Return whether a file has labels that are others than clear ones of folders."""
    if file.kind and not file.labels:
        return bool(file.words) and file.is_called_so and not _are_words(classes, file.words)
    every = {**file.labels, **file.others}
    if any(_agrees(cells, file, known, classes) for cells in every.values()):
        return False
    columns = every if file.is_called_so and file.is_about_items else file.labels
    return any(holds_labels(cells) for cells in columns.values())


def _agrees(cells: Sequence[str], file: LabelFile, known: Mapping[str, str], classes: frozenset[str]) -> bool:
    """Return whether a column says what was read already, of the items in common, else by its words."""
    pairs = [(known[item], cell) for item, cell in zip(file.items, cells, strict=False) if cell and item in known]
    if len(pairs) >= FEWEST:
        same = sum(_simplify(one) == _simplify(other) for one, other in pairs)
        several = len({one for one, _ in pairs}) > 1
        ones, others = [one for one, _ in pairs], [other for _, other in pairs]
        if same >= ALIKE * len(pairs) or (several and says_the_same(ones, others)):
            return True
        finer = len(set(pairs)) == len(set(others)) and len(others) >= OFTEN * len(set(others))
        return several and finer and any(_simplify(one) == _simplify(other) for one, other in pairs)
    values = {_simplify(cell) for cell in cells if cell}
    names = {_simplify(name) for name in classes}
    return bool(values) and len(values & names) >= ALIKE * min(len(values), len(names)) and len(values & names) > 1


def _are_words(classes: frozenset[str], words: frozenset[str]) -> bool:
    """Return whether all classes stand in a file."""
    there = {_simplify(word) for word in words}
    return bool(classes) and all(_simplify(name) in there for name in classes)


def _simplify(label: str) -> str:
    text = label.strip().casefold()
    return text.lstrip("0") or "0" if text.isascii() and text.isdigit() else text


def describe_unused(
    root: Path,
    unused: UnusedLabels,
    listing: SourceListing | None,
    tables: FolderTables,
    modality: Modality,
    flag: str,
) -> str:
    """Return what files beside items may have the labels, why they are not read, and how to go on with and without.

    Args:
        root: the source.
        unused: with one file at least that stops the reading.
        listing: of the folders; None where they gave none.
        tables: that can be read.
        modality: of the items.
        flag: reads the folders without the files; "" where none does.
    """
    many, files = modality.noun.many, unused.stopping
    shown = "; ".join(f"{file.name!r}: {describe_file(file, tables, modality)}" for file in files[:MOST])
    more = f"; and {len(files) - MOST} more" if len(files) > MOST else ""
    message = f"{str(root)!r} has what may be the labels of its {many} and is not used: {shown}{more}"
    if listing is not None and len(listing.classes) > 1:
        by_name = any(decision.kind is PlaceKind.NAME for decision in listing.decisions)
        where = "the names of the files" if by_name else "the folders"
        how = f"add {flag}" if flag else f"move {preview([file.name for file in files])} elsewhere"
        message += f"; to read {where} instead, {describe_classes(listing)}, {how}"
    readable = [path for path in tables.listings if path in {file.path for file in files}]
    if len(readable) == 1 == len(tables.listings):
        rows = describe_classes(tables.listings[readable[0]])
        return f"{message}; to read {readable[0].name!r}, {rows}, add --classes-from table"
    if any(file.path in tables.problems for file in files) or all(file.is_workbook for file in files):
        return message
    example = next((item for file in files if file.kind for item in file.items if item), "")
    shown = f", such as {example!r}" if example else ""
    wanted = f"a table (CSV) with the columns path and label, with the paths of the {many}{shown}"
    return f"{message}; to use it, write {wanted}"


def describe_file(file: LabelFile, tables: FolderTables | None, modality: Modality) -> str:
    """Return what a file says and how far it goes with the items.

    Args:
        file: beside the items.
        tables: of the folder; None where none can be read.
        modality: of the items.
    """
    noun = modality.noun
    if tables and file.path in tables.problems:
        text = str(tables.problems[file.path])
        return text.removeprefix(f"table {str(file.path)!r} ")
    columns = file.labels or file.others
    column = next(iter(columns), "")
    values = list(dict.fromkeys(cell for cell in columns.get(column, ()) if cell))
    if file.kind:
        return file.kind + (f", which say {preview(values)}" if values else "")
    has = f"its column {column!r} has {len(values)} values ({preview(values, most=2)}), and " if column else ""
    why = f" ({file.hint or file.example})" if file.hint or file.example else ""
    told = f"{has}{file.found} of {file.rows} rows lead to one {noun.one}{why}"
    if file.found < file.rows or not column or tables is None or file.path in tables.listings:
        return told
    flags = f"--path-column {quote_argument(file.column)} --label-column {quote_argument(column)}"
    return f"{told}, by column {file.column!r}: to read it, add {flags}"
