"""Tables with the labels of a part whose items lie in no class folders, beside a train part with a folder per class.

Examples are ``val/images/`` with ``val_annotations.txt`` (Tiny ImageNet), ``Final_Test/Images/`` with
``GT-final_test.csv`` (GTSRB) and ``val/`` with ``val.csv``. A table counts if nearly all items of the part have a row
and nearly all labels are classes of train, or numbers of them: 7 for ``00007``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.class_names import read_class_list
from headstart.data.readers.folders.folder_record import NO_CLASS, FolderLayout
from headstart.data.readers.folders.folder_tree import FolderNode, FoundFile, list_way
from headstart.data.readers.tables.csv_text import TextTable, read_text_table
from headstart.data.readers.tables.path_lists import LIST_SUFFIXES, read_path_list
from headstart.data.readers.tables.table_columns import ALIASES, LABEL_COLUMNS, find_key_columns, match_columns
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart_runtime.errors import DataError

SUFFIXES = (".csv", ".tsv", *LIST_SUFFIXES)
COVERED = 0.9  #: share of the part's items that have a row, and of the labels that are classes
MOST_TABLES = 30  #: that are looked at
MOST_BYTES = 100_000_000  #: of such a table
MOST_INSIDE = 3  #: tables in a class folder; more are texts on an item each
MOST_FOLDERS = 200  #: classes whose tables are looked at
LOOK_AT = 200  #: rows by which the columns are known


@dataclass(frozen=True, slots=True)
class PartLabels:
    """The labels of a part's items, from a table."""

    labels: Mapping[str, str]  #: name of an item's file -> class of train
    unknown: Mapping[str, str]  #: name of an item's file -> its label, which is no class of train
    table: FoundFile
    column: str  #: that has the labels, as the table calls it


def find_part_labels(
    layout: FolderLayout | None,
    places: Sequence[FolderNode],
    part: FolderNode,
    classes: Iterable[str],
    encoding: str | None,
) -> PartLabels | None:
    """Return the labels of a part from the first table that has them; None where none has.

    Args:
        layout: gets a note on a table of the part whose labels are other ones; None for no notes.
        places: the folder of the part, the one that holds it and those above.
        part: the folder with the items.
        classes: the folders of the train part.
        encoding: of the tables; None finds it.
    """
    files = [file for file in part.all_files() if file.is_item]
    rows_of = _ItemIndex(files, places[0])
    known = _index_classes(classes)
    for table in _list_tables(places, part):
        try:
            content = _read_table(table.path, encoding)
        except (OSError, DataError):
            continue
        found = _read_labels(content, rows_of, known, table) if content and content.header else None
        if isinstance(found, PartLabels):
            return found
        if found and layout:
            layout.add_note(
                f"{table.name!r} has rows for {places[0].name!r}, but its labels ({preview(found)}) are none of the "
                f"class folders ({preview(sorted(classes))})"
            )
    return None


def find_tables(
    layout: FolderLayout,
    way: Sequence[FolderNode],
    places: Mapping[str, tuple[FolderNode, FolderNode]],
    labelled: Mapping[str, Subset],
    unlabelled: set[str],
) -> dict[str, PartLabels]:
    """Return the labels of parts whose items lie in no class folders, where a table has them.

    Args:
        layout: gets the labels, notes and decisions.
        way: the folders from the source to that with the parts.
        places: of each part its folder, and the folder in it with the items.
        labelled: the subset of each part.
        unlabelled: the parts whose items lie in no class folders.
    """
    classes = {
        kid.name
        for name, subset in labelled.items()
        if subset is Subset.TRAIN and name not in unlabelled
        for kid in places[name][1].filled
    }
    found: dict[str, PartLabels] = {}
    for name in sorted(unlabelled & set(labelled)) if len(classes) > 1 else ():
        outer, inner = places[name]
        labels = find_part_labels(layout, (outer, *reversed(way)), inner, classes, layout.encoding)
        if labels is not None and len(set(labels.labels.values())) < 2:
            layout.add_note(
                f"{labels.table.name!r} has one label for all of {name!r} and is not read: it may be a form"
            )
        elif labels is not None:
            found[name] = labels
            _use_labels(layout, name, inner, labels)
    return found


def _use_labels(layout: FolderLayout, name: str, part: FolderNode, found: PartLabels) -> None:
    """Keep the labels of a part's items, skip those without one, and say so."""
    noun, table = layout.modality.noun, found.table.name
    layout.table_labels |= found.labels
    layout.label_tables.add(table)
    bare = [file for file in part.all_files() if file.name not in found.labels]
    for file in bare:
        if label := found.unknown.get(file.name, ""):
            reason = f"its label in {table.rpartition('/')[2]}, {label!r}, is no class of train"
        else:
            reason = f"no row in {table.rpartition('/')[2]}" if file.is_item else NO_CLASS
        layout.entries.append(LedgerEntry(file.name, FileStatus.SKIPPED, reason))
    left = sum(file.is_item for file in bare)
    more = f"; {noun.count(left)} without a label there left out" if left else ""
    layout.add_note(
        f"the labels of {noun.count(len(found.labels))} in {name!r} are read from {table!r} ({found.column}){more}"
    )
    reason = f"the labels of the {noun.many} in {name!r}, by their names, in {found.column}"
    layout.decisions.append(
        Decision(PlaceKind.FILE, tuple(table.split("/")), Role.LABELS, reason, count=len(found.labels))
    )


class _ItemIndex:
    """The items of a part by their paths: a row's path may begin anywhere, and may lack the ending."""

    def __init__(self, files: Sequence[FoundFile], part: FolderNode) -> None:
        self.count = len(files)
        above = len(part.steps) - 1 if part.steps else 0
        self._by_name: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for file in files:
            steps = tuple(step.casefold() for step in file.name.split("/")[above:])
            for key in {steps[-1], file.stem.casefold()}:
                self._by_name.setdefault(key, []).append((steps[:-1], file.name))

    def find(self, path: str) -> str | None:
        """Return the name of the one item that a path can mean; None for none or several."""
        *folders, last = path.strip().replace("\\", "/").casefold().removeprefix("./").split("/")
        candidates = self._by_name.get(last, [])
        fits = [name for steps, name in candidates if _agree(tuple(folders), steps)]
        return fits[0] if len(fits) == 1 else None


def _agree(path: tuple[str, ...], item: tuple[str, ...]) -> bool:
    """Return whether the shorter of two lists of folders is the end of the longer one."""
    shared = min(len(path), len(item))
    return not shared or path[-shared:] == item[-shared:]


def describe_inner_tables(layout: FolderLayout, encoding: str | None) -> str:
    """Return a note on tables in the class folders, and whether they say the same classes; "" where there are none."""
    classes = [kid for part in layout.parts for kid in part.node.filled]
    names = {kid.name for kid in classes}
    tables = [(kid, file) for kid in classes for file in kid.files if _may_be_table(file)]
    if len(tables) < 2 or len(tables) > MOST_INSIDE * len(classes):
        return ""
    same = other = 0
    for kid in list(dict.fromkeys(kid for kid, _ in tables))[:MOST_FOLDERS]:
        found = find_part_labels(None, (kid,), kid, names, encoding)
        if found is not None:
            differ = set(found.labels.values()) != {kid.name} or bool(found.unknown)
            same, other = same + (not differ), other + differ
    start = f"{len(tables)} tables or lists in the class folders, such as {tables[0][1].name!r}, are not read"
    if other:
        return f"{start}: {other} of them say other classes than their folders; look which is right"
    return f"{start}: {'they say the same classes' if same else 'the folders are the classes'}"


def _may_be_table(file: FoundFile) -> bool:
    return not file.is_item and file.path.suffix.lower() in SUFFIXES


def _list_tables(places: Sequence[FolderNode], part: FolderNode) -> Iterator[FoundFile]:
    """Yield the tables in the part, in the folders above it, and in folders beside it that have no items."""
    beside = [child for place in places[1:] for child in place.children.values() if not child.items]
    folders = [*dict.fromkeys((part, *list_way(places[0], part), *places[1:])), *beside]
    tables = [file for folder in folders for file in folder.files if _may_be_table(file)]
    for table in [it for it in tables if "submission" not in it.path.name.lower()][:MOST_TABLES]:  # these hold guesses
        if table.path.stat().st_size <= MOST_BYTES:
            yield table


def _read_table(path: Path, encoding: str | None) -> TextTable | None:
    return read_path_list(path, find_key_columns, encoding=encoding) or read_text_table(
        path, find_key_columns, encoding=encoding
    )


def _read_labels(
    content: TextTable, items: _ItemIndex, known: Mapping[str, str], table: FoundFile
) -> PartLabels | list[str] | None:
    """Return the labels in a table; some that are no classes; None where it is not about the part."""
    rows = [row.cells for row in content.iter_rows(header=True) if not row.problem]
    width = len(content.header)
    shares = [
        _share(items.find(_get(row, place)) is not None for row in rows[1 : LOOK_AT + 1]) for place in range(width)
    ]
    path_at = max(range(width), key=shares.__getitem__)
    of_item = {name: row for row in rows if (name := items.find(_get(row, path_at)))}
    if len(of_item) < COVERED * items.count:
        return None
    some = list(of_item.values())
    label_at, named = _choose_label_column(content, some, known, path_at, table.path)
    if label_at is None:
        likely = next(match_columns(content.header, [*ALIASES["label"], *LABEL_COLUMNS]), None)
        place = list(content.header).index(likely) if likely else 1 - path_at if width == 2 else None
        return sorted({_get(row, place) for row in some}) if place is not None else None
    labels: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for row in rows:
        name, label = items.find(_get(row, path_at)), _get(row, label_at)
        found = known.get(_simplify(named.get(label, label)))
        if name and (found is None or labels.setdefault(name, found) != found):
            unknown[name] = label
    labels = {name: label for name, label in labels.items() if name not in unknown}
    headless = items.find(content.header[path_at].strip()) is not None
    return PartLabels(labels, unknown, table, f"column {label_at + 1 if headless else repr(content.header[label_at])}")


def _choose_label_column(
    content: TextTable, rows: Sequence[Sequence[str]], known: Mapping[str, str], path_at: int, table: Path
) -> tuple[int | None, Mapping[str, str]]:
    """Return the column whose cells are classes, and the names of its numbers from a list beside the table."""
    fits: dict[int, Mapping[str, str]] = {}
    for place in range(len(content.header)):
        cells = [_get(row, place) for row in rows]
        named: Mapping[str, str] = {}
        if place != path_at and not _are_classes(cells, known):
            named = read_class_list(table, cells)[0]
            cells = [named.get(cell, cell) for cell in cells]
        if place != path_at and _are_classes(cells, known):
            fits[place] = named
    header = list(content.header)
    likely = [header.index(name) for name in match_columns(header, [*ALIASES["label"], *LABEL_COLUMNS])]
    exact = [place for place in fits if all(_get(row, place) in known.values() for row in rows[:LOOK_AT])]
    for places in ([it for it in likely if it in fits], exact, list(fits)):
        if len(places) == 1 or (places and places[0] in likely):
            return places[0], fits[places[0]]
    return None, {}


def _are_classes(cells: Sequence[str], known: Mapping[str, str]) -> bool:
    return bool(cells) and _share(_simplify(cell) in known for cell in cells) >= COVERED


def _index_classes(classes: Iterable[str]) -> dict[str, str]:
    """Return what a table may call each class -> the class; what could be two is none."""
    found: dict[str, set[str]] = {}
    for name in classes:
        found.setdefault(_simplify(name), set()).add(name)
    return {key: names.pop() for key, names in found.items() if len(names) == 1}


def _simplify(label: str) -> str:
    """Return a label without case and outer blanks; of a whole number without zeros before it.

    Of a number of WordNet with numbers behind it (a box: ``n01440764 12 34 56 78``) the first is kept.
    """
    text = normalise_class_name(label).casefold()
    if match := re.match(r"(n\d{8})(?: \d+)+", text):
        return match[1]
    return str(int(text)) if text.isascii() and text.isdigit() and len(text) < 20 else text


def _get(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _share(flags: Iterable[bool]) -> float:
    found = list(flags)
    return sum(found) / len(found) if found else 0.0
