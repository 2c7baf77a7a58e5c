"""Folders: a folder per class, or the same already split into train, validation and test.

The class of an item is the first folder under the root (or under its subset's folder), however deep it lies in there,
unless the settings say that it stands right above the item or in its name.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import choose_by_names, find_source_noun
from headstart.data.names import preview
from headstart.data.own_output import is_own_folder
from headstart.data.readers.folder_labels import choose_place, label_files
from headstart.data.readers.folder_layout import find_layout
from headstart.data.readers.folder_tree import grow_tree
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.table import TABLE_SUFFIXES, TableReader, items_exist
from headstart.data.readers.walk import FileTree, Walk, get_file_id
from headstart.errors import DataError


class FolderReader:
    """The reader of a folder of items."""

    suffixes: tuple[str, ...] = ()
    label_place: str = ""

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a source is a folder."""
        return tree is not None

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every file under a folder of classes or subsets.

        Raises:
            DataError: the folder cannot be read, is laid out in a way that could mean two things, or holds something
                else than classes, such as a table.
        """
        assert tree is not None
        where = context.options.classes_from
        if where == "table":
            return _list_table_in(tree, context)
        try:
            listing = list_folder(tree, context)
        except DataError as error:
            table = _find_only_table(tree, context) if where is None and not context.options.class_pattern else None
            if table is None:
                raise DataError(f"{error}{_suggest_tables(tree)}") from None
            return _list_table(table, tree, context)
        beside = [it.name for it in tree.scan(tree.root).files if it.suffix.lower() in (*TABLE_SUFFIXES, ".npz")]
        if len(listing.classes) < 2 and beside and where is None and not context.options.class_pattern:
            if table := _find_only_table(tree, context):
                return _list_table(table, tree, context)
            raise DataError(
                f"{str(source)!r} has no two class folders but {preview(beside)}; wanted a folder per class; to read "
                f"the table or the arrays, name the file: {source / beside[0]}"
            )
        return listing


def _list_table_in(tree: FileTree, context: ReadContext) -> SourceListing:
    """Return the rows of the table in a folder.

    Raises:
        DataError: there is no such table, or there are several.
    """
    tables = _list_tables(tree)
    known = [table for table in tables if items_exist(table, context)] if len(tables) > 1 else tables
    if len(known) == 1:
        return _list_table(known[0], tree, context)
    seen = preview([table.name for table in known or tables]) if tables else "none"
    raise DataError(
        f"{str(tree.root)!r} has no one table with labels (seen: {seen}); wanted one of {', '.join(TABLE_SUFFIXES)} in "
        "it; give the table itself, or drop --classes-from table"
    )


def _list_table(table: Path, tree: FileTree, context: ReadContext) -> SourceListing:
    listing = TableReader().list(table, None, context)
    name = table.relative_to(tree.root).as_posix()
    note = f"the classes are read from {name!r}; to read the folder without it, add --classes-from folder"
    return replace(listing, notes=(note, *listing.notes))


def _find_only_table(tree: FileTree, context: ReadContext) -> Path | None:
    """Return the one table in a folder whose items are there; None where there is none, or several."""
    tables = [table for table in _list_tables(tree) if "submission" not in table.name.lower()]
    known = [table for table in tables if items_exist(table, context)]
    return known[0] if len(known) == 1 else None


def _suggest_tables(tree: FileTree) -> str:
    tables = _list_tables(tree)
    if not tables:
        return ""
    return f"; to read a table instead, name the file: {preview([str(table) for table in tables], show=str)}"


def _list_tables(tree: FileTree) -> list[Path]:
    places = {tree.root: None, find_base_folder(tree): None}
    return [it for place in places for it in tree.scan(place).files if it.suffix.lower() in TABLE_SUFFIXES]


def list_folder(tree: FileTree, context: ReadContext) -> SourceListing:
    """Return every file under a folder of classes or subsets.

    Raises:
        DataError: the folder cannot be read, is laid out in a way that could mean two things, or may hold items of
            several modalities.
    """
    root, options = tree.root, context.options
    if is_own_folder(root):
        many = find_source_noun(options.modality).many
        raise DataError(f"{str(root)!r} is something that headstart wrote, not {many}; give the folder of the {many}")
    choice = choose_by_names(options.modality, (path.name for path in tree.files_under(root)), repr(str(root)))
    walk = Walk(tree)
    nodes = grow_tree(walk, choice.modality)
    layout = find_layout(nodes, choice.modality, as_folders=options.classes_from == "folder")
    place = choose_place(layout, options)
    labelled = label_files(layout, place, options.encoding)
    own = f"{len(walk.own)} folders that headstart wrote are skipped: {preview(walk.own)}" if walk.own else ""
    layout.add_note(own)
    return SourceListing(
        str(root),
        labelled.samples,
        labelled.classes,
        (*walk.entries, *layout.entries, *labelled.entries),
        walk.ignored,
        (
            *choice.notes,
            *walk.notes,
            *layout.notes,
            *([layout.split_note] if layout.split_note else []),
            *labelled.notes,
        ),
        choice.modality.name,
        decisions=(*layout.decisions, *place.decisions),
    )


def find_base_folder(tree: FileTree) -> Path:
    """Return the folder in which classes or subsets lie: a folder that only wraps another is descended into."""
    folder, entered = tree.root, set()
    while True:
        entered.add(get_file_id(folder))
        content = tree.scan(folder)
        only = content.folders[0] if len(content.folders) == 1 else None
        if only is None or get_file_id(only) in entered or not tree.scan(only).folders:
            return folder
        folder = only
