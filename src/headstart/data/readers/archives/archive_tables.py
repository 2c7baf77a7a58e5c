"""The one table of an archive: it gives the labels, unless folders or names of files in there say others."""

from dataclasses import replace
from pathlib import Path

from headstart.data.readers.folders.folder import FEWEST_CLASSES, FolderReader, list_folder
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.column_evidence import says_the_same
from headstart.data.readers.tables.table import TableReader
from headstart.data.readers.tables.unnamed_files import describe_unnamed, find_unnamed_files, locate_sample
from headstart.data.readers.walk import FileTree
from headstart_runtime.errors import DataError


def list_archived_table(table: Path, base: FileTree, context: ReadContext) -> SourceListing:
    """Return the rows of a table, where the folders and the names of the files say nothing else; else as of a folder.

    Args:
        table: with labels of files that are there.
        base: the folder in the cache in which it lies.
        context: of the reader.

    Raises:
        DataError: it cannot be told which labels are meant.
    """
    options = context.options
    if options.classes_from or options.class_pattern:
        return FolderReader().list(base.root, base, context)
    folders = None if _names_columns(context) else _list_folders(base, context)
    if folders is None:
        return _list_rows(table, base, context)
    try:
        rows = _list_rows(table, base, context)
    except DataError:
        return FolderReader().list(base.root, base, context)
    return rows if _has_same_labels(rows, folders) else FolderReader().list(base.root, base, context)


def _names_columns(context: ReadContext) -> bool:
    """Return whether the settings name the column of the labels or of the items, so that the table is meant."""
    options = context.options
    return bool(options.label_column or options.path_column or options.number_shift is not None)


def _list_folders(base: FileTree, context: ReadContext) -> SourceListing | None:
    """Return what the folders and the names of the files say without the table; None where that is no classes."""
    try:
        listing = list_folder(base, context)
    except DataError:
        return None
    return listing if len(listing.classes) >= FEWEST_CLASSES else None


def _list_rows(table: Path, base: FileTree, context: ReadContext) -> SourceListing:
    """Return the rows of a table, with a line for each file that none of them names."""
    listing = TableReader().list(table, None, context)
    left = find_unnamed_files(base, listing)
    if not left:
        return listing
    notes = (describe_unnamed(left, listing), *listing.notes)
    return replace(listing, entries=(*listing.entries, *left), notes=notes)


def _has_same_labels(rows: SourceListing, folders: SourceListing) -> bool:
    """Return whether a table has a row for each item of the folders, and labels that go one to one with theirs."""
    labels = {locate_sample(it): it.label for it in rows.samples}
    pairs = [(it.label, labels.get(locate_sample(it), "")) for it in folders.samples]
    if not all(label for _, label in pairs):
        return False
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    return all(one.casefold() == other.casefold() for one, other in pairs) or says_the_same(ones, others)
