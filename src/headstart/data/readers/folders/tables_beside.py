"""Notes on tables and lists beside class folders that are about the items and not used.

Corrections of labels, lists of items that somebody meant to leave out, and columns of owners or folds.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from headstart.data.readers.folders.split_lists import FIRST, SUFFIXES, find_listed_items, read_list_rows
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.tables.table_columns import ALIASES, LABEL_COLUMNS, match_columns
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.readers.walk import FileTree
from headstart.data.readers.words import names_owner, split_words
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Noun

MOST_FILES = 40  #: that are looked at
MOST_BYTES = 20_000_000  #: of one of them
COVERED = 0.5  #: share of the rows that have to lead to one item each
_LEAVING_OUT = frozenset(
    "exclude excluded excludes exclusion exclusions remove removed drop dropped bad discard discarded delete deleted "  # noqa: SIM905
    "reject rejected rejects ignore ignored skip skipped blacklist blocklist corrupt corrupted broken blurred blurry "
    "unusable duplicates".split()
)
_FOLDS = frozenset({"fold", "folds", "kfold", "cv"})


def note_tables_beside(listing: SourceListing, tree: FileTree, base: Path, finder: FileFinder) -> SourceListing:
    """Return a listing of class folders with a note on each table beside them that is about the items and not used.

    Args:
        listing: of folders.
        tree: the source.
        base: the folder in it that is not only a wrapper.
        finder: of the items below the source.
    """
    labels = {sample.name: sample.label for sample in listing.samples}
    if listing.guessed or len(listing.classes) < 2:
        return listing
    used = {"/".join(it.place) for it in listing.decisions}
    notes = []
    for file in _list_files(tree, base):
        name = file.relative_to(tree.root).as_posix()
        if name in used or any(repr(name) in note for note in listing.notes):
            continue
        with suppress(OSError, DataError):
            if file.stat().st_size <= MOST_BYTES and (note := _describe(file, name, labels, finder)):
                notes.append(note)
    return replace(listing, notes=(*listing.notes, *notes)) if notes else listing


def _list_files(tree: FileTree, base: Path) -> Iterator[Path]:
    files = [file for place in dict.fromkeys((tree.root, base)) for file in tree.scan(place).files]
    yield from [file for file in files if file.suffix.lower() in SUFFIXES][:MOST_FILES]


def _describe(file: Path, name: str, labels: Mapping[str, str], finder: FileFinder) -> str:
    """Return the note on a file; "" where it is about nothing of these items."""
    rows = read_list_rows(file)
    header = rows[0][FIRST:] if rows else []
    leaving_out = bool(set(split_words(file.stem)) & _LEAVING_OUT)
    label = next(match_columns(header, [*ALIASES["label"], *LABEL_COLUMNS]), "")
    owner = next(filter(names_owner, header), "")
    fold = next((column for column in header if set(split_words(column)) & _FOLDS), "")
    if not (leaving_out or label or owner or fold):
        return ""
    found = find_listed_items(rows, labels, finder)
    if len(found) < max(1, COVERED * (len(rows) - 1)):
        return ""
    noun = finder.noun
    if label:
        place = FIRST + header.index(label)
        cells = {item: rows[row][place] for row, item in found.items() if row and place < len(rows[row])}
        return _describe_labels(file, name, {item: cell for item, cell in cells.items() if cell}, labels, noun)
    shown = f"{name!r} lists {noun.count(len(found))}"
    if leaving_out and len(found) < len(labels):
        return (
            f"{shown} that are to be left out, by its name, and is not used: they are read as all others; to leave "
            f"them out, move them elsewhere, or fit with --relabel and a table of the columns {noun.one} and label, "
            "the labels empty"
        )
    column, flag = (fold, "--split-column") if fold else (owner, "--group-column")
    what = f"its folds are no parts of the split; to use column {fold!r}"
    if not fold:
        what = f"{noun.many} of one {owner!r} may come into several parts; to keep them together"
    advice = f"add a column label to it, and give the table with {flag} {quote_argument(column)}"
    return f"{shown} with the column {column!r} and is not used: {what}, {advice}" if column else ""


def _describe_labels(file: Path, name: str, cells: Mapping[str, str], labels: Mapping[str, str], noun: Noun) -> str:
    """Return the note on a table with classes of items, where some are other ones of the folders'."""
    classes = {_simplify(label) for label in labels.values()}
    if not cells or not {_simplify(cell) for cell in cells.values()} <= classes:
        return ""
    others = [item for item, cell in cells.items() if _simplify(cell) != _simplify(labels[item])]
    if not others:
        return ""
    first = others[0]
    return (
        f"{name!r} gives {len(others)} of its {noun.count(len(cells))} another class than the folders, such as "
        f"{cells[first]!r} to {first!r}; the folders are read: to correct these labels, fit with --relabel "
        f"{quote_argument(file)}"
    )


def _simplify(label: str) -> str:
    return label.strip().casefold()
