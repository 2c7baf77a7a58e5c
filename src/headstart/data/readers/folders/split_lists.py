"""Lists of the parts of a split beside items in class folders: ``train.txt`` and ``test.txt``, or a table of parts.

They are used where they are clear: nearly all rows lead to one item each, no item is in two parts, each class is in the
train part. Lists of test and validation without one of train leave the rest for train. Others are noted.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.encodings import decode_text
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.tables.same_names import find_table_subset
from headstart.data.readers.tables.split_column import read_parts
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.readers.walk import FileTree
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.subsets import resolve_subsets
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import get_modality

SUFFIXES = (".txt", ".lst", ".list", ".csv", ".tsv")
COVERED = 0.9  #: share of the rows that have to lead to one item, and of the items that have to have a part
FEWEST = 3  #: rows of a list
MOST_FILES = 40  #: that are looked at
MOST_FOLDERS = 200  #: whose files are looked at
FIRST = 2  #: place of the first cell of a row, behind the line and its beginning
LOOK_AT = 100  #: rows by which the column of the items is known
MOST_PARTS = 8  #: different cells of a column of parts
MOST_BYTES = 100_000_000  #: of one of them


@dataclass(frozen=True, slots=True)
class SplitList:
    """A file that says the part of items."""

    name: str  #: below the source
    parts: Mapping[str, Subset]  #: item -> its part


def apply_split_lists(
    listing: SourceListing, tree: FileTree, base: Path, finder: FileFinder, find_flag: Callable[[], str]
) -> SourceListing:
    """Return a listing of class folders with the parts that lists beside them give, or with a note on these.

    Args:
        listing: of folders.
        tree: the source.
        base: the folder in it that is not only a wrapper.
        finder: of the items below the source.
        find_flag: returns the flag that reads the folders without what lies beside; "" where none does.
    """
    labels = {sample.name: sample.label for sample in listing.samples}
    if not labels or any(sample.subset for sample in listing.samples):
        return listing
    lists = _choose_lists(list(_find_lists(tree, base, labels, finder)))
    if not lists:
        return listing
    noun = get_modality(listing.modality).noun
    shown = preview([f"{one.name!r} ({noun.count(len(one.parts))})" for one in lists], show=str)
    parts, problem = _join(lists, labels)
    if len(parts) == len(labels) and len(set(parts.values())) == 1:
        return listing
    given = resolve_subsets(set(parts.values()), noun)
    if problem or given.problem or len(set(parts.values())) < 2:
        reason = problem or given.problem or "it gives one part only"
        note = f"parts of a split are listed in {shown}, but are not used: {reason}; a split is made"
        return replace(listing, notes=(*listing.notes, note))
    flag = find_flag()
    without = f"; to make a split instead, add {flag}" if flag else ""
    notes = [f"the parts of the split are read from {shown}{without}", *([given.note] if given.note else [])]
    read = {one.name: len(one.parts) for one in lists}
    reason = "a list of parts, which is read"
    entries = [replace(entry, reason=reason) if entry.name in read else entry for entry in listing.entries]
    entries += [LedgerEntry(name, FileStatus.SKIPPED, "in no list of a part") for name in labels if name not in parts]
    used = {item: given.used_as[subset] for item, subset in parts.items()}
    samples = [replace(raw, subset=used[raw.name]) for raw in listing.samples if raw.name in used]
    what = "lists the parts of its items"
    decisions = [
        Decision(PlaceKind.FILE, tuple(name.split("/")), Role.SUBSET, what, count=count) for name, count in read.items()
    ]
    return replace(
        listing,
        samples=tuple(samples),
        entries=tuple(entries),
        notes=(*notes, *listing.notes),
        decisions=(*listing.decisions, *decisions),
    )


def _find_lists(tree: FileTree, base: Path, labels: Mapping[str, str], finder: FileFinder) -> Iterator[SplitList]:
    places = dict.fromkeys((tree.root, base))
    places |= dict.fromkeys(inner for place in list(places) for inner in tree.scan(place).folders[:MOST_FOLDERS])
    files = [file for place in places for file in tree.scan(place).files if file.suffix.lower() in SUFFIXES]
    for file in files[:MOST_FILES]:
        subset = find_table_subset(file)
        with suppress(OSError, DataError):
            if file.stat().st_size > MOST_BYTES:
                continue
            rows = read_list_rows(file)
            found = find_listed_items(rows, labels, finder) if subset or _find_part_columns(rows) else {}
            if len(found) < max(FEWEST, COVERED * (len(rows) - 1)):
                continue
            name = file.relative_to(tree.root).as_posix()
            if parts := _read_part_column(rows, found):
                yield SplitList(name, parts)
            elif subset is not None:
                yield SplitList(name, dict.fromkeys(found.values(), subset))


def read_list_rows(file: Path) -> list[Sequence[str]]:
    """Return the cells of each line: the line itself, what stands before its last blank, and what commas divide."""
    lines = [line.strip() for line in decode_text(file.read_bytes(), None, repr(file.name)).text.splitlines()]
    sign = next((sign for sign in (",", ";", "\t") if lines and sign in lines[0]), None)
    heads = (line.rpartition(" ")[0] for line in lines)
    cells = ([cell.strip(" \"'") for cell in line.split(sign)] for line in lines)
    return [[line, head, *row] for line, head, row in zip(lines, heads, cells, strict=True) if line]


def find_listed_items(rows: Sequence[Sequence[str]], labels: Mapping[str, str], finder: FileFinder) -> dict[int, str]:
    """Return number of a row -> the one item that it leads to, by the column that leads to most."""

    def find(cell: str) -> str:
        files = finder.find_files(cell) if cell and not cell.isdigit() else []
        return files[0] if len(files) == 1 and files[0] in labels else ""

    some = rows[1 :: max(1, len(rows) // LOOK_AT)]
    width = min(map(len, some), default=0)
    counts = [sum(bool(find(row[place])) for row in some) for place in range(width)]
    if not counts or 2 * max(counts) <= len(some):
        return {}
    best = counts.index(max(counts))
    return {number: item for number, row in enumerate(rows) if len(row) > best and (item := find(row[best]))}


def _find_part_columns(rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the columns of a table all of whose cells are parts, two different ones at least."""
    places = []
    for place in range(FIRST, len(rows[0]) if rows else 0):
        cells = {row[place] for row in rows[1:] if place < len(row)}
        parts = read_parts(rows[0][place], cells, folds=False) if 2 <= len(cells) <= MOST_PARTS else None
        places += [place] if parts and len(set(parts.values())) > 1 else []
    return places


def _read_part_column(rows: Sequence[Sequence[str]], found: Mapping[int, str]) -> dict[str, Subset]:
    """Return the part of each item, where a column of a table says it."""
    for place in _find_part_columns(rows):
        cells = {item: rows[number][place] for number, item in found.items() if place < len(rows[number])}
        parts = read_parts(rows[0][place], set(cells.values()), folds=False)
        if parts and len(cells) == len(found):
            return {item: Subset(parts[cell]) for item, cell in cells.items()}
    return {}


def _choose_lists(lists: Sequence[SplitList]) -> list[SplitList]:
    """Return a table of all parts, where there is one; else the lists, without one that holds others of them."""
    whole = [one for one in lists if len(set(one.parts.values())) > 1]
    if whole:
        return [max(whole, key=lambda one: len(one.parts))]
    kept = []
    for one in lists:
        inside = [other for other in lists if other is not one and other.parts.keys() < one.parts.keys()]
        held = Counter(subset for other in inside for subset in set(other.parts.values()))
        if len(held) < 2:
            kept.append(one)
    return kept


def _join(lists: Sequence[SplitList], labels: Mapping[str, str]) -> tuple[dict[str, Subset], str]:
    """Return item -> part of some lists, and why they cannot be used; "" where they can."""
    parts: dict[str, Subset] = {}
    for one in lists:
        for item, subset in one.parts.items():
            if parts.setdefault(item, subset) is not subset:
                return {}, f"{item!r} is in two parts"
    subsets = set(parts.values())
    if Subset.TRAIN not in subsets:
        parts.update(dict.fromkeys(labels.keys() - parts.keys(), Subset.TRAIN))
    if len(parts) < COVERED * len(labels):
        return parts, f"only {len(parts)} of {len(labels)} are in them"
    classes = {labels[item] for item, subset in parts.items() if subset is Subset.TRAIN}
    missing = sorted(set(labels.values()) - classes)
    return parts, f"the train part has none of {preview(missing)}" if missing else ""
