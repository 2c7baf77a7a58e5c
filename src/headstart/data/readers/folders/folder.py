"""Folders: a folder per class, or the same already split into train, validation and test.

The class of an item is the first folder under the root (or under its subset's folder), however deep it lies in there,
unless the settings say that it stands right above the item or in its name.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import choose_by_files, find_source_noun
from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.own_output import is_own_folder
from headstart.data.readers.folders.folder_labels import LabelledFiles, choose_place, label_files
from headstart.data.readers.folders.folder_layout import find_layout
from headstart.data.readers.folders.folder_record import FolderLayout
from headstart.data.readers.folders.folder_tree import FolderNode, grow_tree, list_way
from headstart.data.readers.folders.label_files import find_label_files
from headstart.data.readers.folders.marked_names import read_marked_names
from headstart.data.readers.folders.number_names import read_number_names, read_synset_names
from headstart.data.readers.folders.part_tables import describe_inner_tables
from headstart.data.readers.folders.row_parts import list_tables
from headstart.data.readers.folders.split_lists import apply_split_lists
from headstart.data.readers.folders.tables_beside import note_tables_beside
from headstart.data.readers.folders.unread_labels import find_unread_labels, refuse_packed_items
from headstart.data.readers.folders.unused_labels import describe_unused, sort_out_files
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.path_lists import LIST_SUFFIXES
from headstart.data.readers.tables.table import TABLE_SUFFIXES
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.readers.tables.table_folder import (
    FolderTables,
    find_label_tables,
    refuse_two_readings,
    says_more,
    suggest_tables,
)
from headstart.data.readers.walk import FileTree, Walk, get_file_id
from headstart.quoting import quote_argument
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, UserError
from headstart_runtime.modalities.item import CLASS
from headstart_runtime.modalities.modality import get_modality

FEWEST_CLASSES = 2  #: without which nothing is read
WAYS = ("folder", "name", "parent")  #: to read folders without what lies beside


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
        if is_own_folder(tree.root):
            many = find_source_noun(context.options.modality).many
            raise DataError(
                f"{str(tree.root)!r} is something that headstart wrote, not {many}; give the folder of the {many}"
            )
        where, base = context.options.classes_from, find_base_folder(tree)
        if where == "table" or (where is None and _names_columns(context.options)):
            return list_tables(find_label_tables(tree, base, context), tree, base, context)
        by_tables = where is None and not context.options.class_pattern
        if not by_tables:
            return list_folder(tree, context)
        try:
            listing = list_folder(tree, context)
        except DataError as error:
            found = find_label_tables(tree, base, context)
            if found.may_be_read:
                return list_tables(found, tree, base, context)
            try:
                refuse_unused_labels(tree, base, None, found, context)
            except DataError as unused:
                raise DataError(f"{unused}; without it: {error}") from None
            raise DataError(f"{error}{suggest_tables(tree, base)}") from None
        found = find_label_tables(tree, base, context)
        if len(listing.classes) < 2 and found.may_be_read:
            by_rows = list_tables(found, tree, base, context)
            if len(by_rows.classes) > 1:
                return by_rows
        if says_more(found, listing):
            by_rows, count = list_tables(found, tree, base, context), len(listing.classes)
            classes = preview(sorted(listing.classes), most=2)
            note = (
                f"the names of the files say the same {CLASS.count(count)}, {classes}, which --classes-from name reads"
            )
            return replace(by_rows, notes=(note, *by_rows.notes))
        refuse_two_readings(listing, found, tree)
        notes = refuse_unused_labels(tree, base, listing, found, context)
        beside = [it.name for it in tree.scan(tree.root).files if it.suffix.lower() in (*TABLE_SUFFIXES, ".npz")]
        if len(listing.classes) < 2 and beside:
            raise DataError(
                f"{str(source)!r} has no two class folders but {preview(beside)}; wanted a folder per class; to read "
                f"the table or the arrays, name the file: {quote_argument(source / beside[0])}"
            )
        parted = apply_lists(replace(listing, notes=(*notes, *listing.notes)), tree, base, context)
        return note_tables_beside(parted, tree, base, FileFinder(tree.root, get_modality(listing.modality)))


def refuse_unused_labels(
    tree: FileTree, base: Path, listing: SourceListing | None, tables: FolderTables, context: ReadContext
) -> Sequence[str]:
    """Return notes on files beside items that are not used.

    Raises:
        DataError: one may have their labels; with what was seen, and how to go on.
    """
    options = context.options
    modality = (
        get_modality(listing.modality)
        if listing
        else choose_by_files(options.modality, tree.files_under(tree.root), repr(str(tree.root))).modality
    )
    decisions = listing.decisions if listing else ()
    used = {"/".join(it.place) for it in decisions if it.role in (Role.LABELS, Role.CLASS_NAMES)}
    finder = FileFinder(tree.root, modality)
    files = find_label_files(tree, base, finder, used)
    if listing is None or len(listing.classes) < FEWEST_CLASSES:
        known = {it.path for it in files if it.labels or it.others or it.path.suffix.lower() not in LIST_SUFFIXES}
        files += find_unread_labels(tree, base, finder, known)
    unused = sort_out_files(files, listing, modality)
    if unused.stopping:
        flag = _find_flag(tree, listing, context)
        raise DataError(describe_unused(tree.root, unused, listing, tables, modality, flag))
    if listing and not listing.classes:
        refuse_packed_items(tree, base, modality)
    return unused.notes


def apply_lists(listing: SourceListing, tree: FileTree, base: Path, context: ReadContext) -> SourceListing:
    """Return a listing with the parts that lists beside its items give."""
    finder = FileFinder(tree.root, get_modality(listing.modality))
    return apply_split_lists(listing, tree, base, finder, lambda: _find_flag(tree, listing, context))


def _find_flag(tree: FileTree, listing: SourceListing | None, context: ReadContext) -> str:
    """Return the flag that reads the folders as a listing has them, without what lies beside; "" where none does."""
    return next((f"--classes-from {way}" for way in WAYS if _reads_same(tree, listing, context, way)), "")


def _reads_same(tree: FileTree, listing: SourceListing | None, context: ReadContext, way: str) -> bool:
    """Return whether a way to read the folders gives a reading once more."""
    options = context.options.model_copy(update={"classes_from": way})
    try:
        again = list_folder(tree, replace(context, options=options))
    except UserError:
        return False
    first = {(it.name, it.label, it.subset) for it in listing.samples} if listing else set()
    return first == {(it.name, it.label, it.subset) for it in again.samples}


def _names_columns(options: DataSettings) -> bool:
    """Return whether the settings name a column or shift numbers, which only a table has."""
    return bool(options.label_column) or options.path_column is not None or options.number_shift is not None


def list_folder(tree: FileTree, context: ReadContext) -> SourceListing:
    """Return every file under a folder of classes or subsets.

    Raises:
        DataError: the folder cannot be read, is laid out in a way that could mean two things, or may hold items of
            several modalities.
    """
    root, options = tree.root, context.options
    choice = choose_by_files(options.modality, tree.files_under(root), repr(str(root)))
    walk = Walk(tree)
    nodes = grow_tree(walk, choice.modality)
    layout = find_layout(nodes, choice.modality, options)
    place = choose_place(layout, options)
    labelled = label_files(layout, place, options.encoding)
    if place.where in ("folder", "parent"):
        labelled = _drop_marks(layout, labelled)
    if place.where == "folder":
        layout.add_note(describe_inner_tables(layout, options.encoding))
        labelled = labelled if options.classes_from else _name_numbers(layout, nodes, labelled)
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
        guessed=place.guessed or (place.where == "name" and not options.classes_from),
        decisions=(*layout.decisions, *place.decisions),
    )


def _drop_marks(layout: FolderLayout, labelled: LabelledFiles) -> LabelledFiles:
    """Return labelled files whose classes are without the marks of a program, where all names have one."""
    found = read_marked_names(labelled.classes)
    if found is None:
        return labelled
    layout.add_note(
        f"the class folders begin with {found.mark!r}, as {found.program} calls them: the class is what follows"
    )
    samples = tuple(replace(it, label=found.names[it.label]) for it in labelled.samples)
    return replace(labelled, samples=samples, classes=frozenset(found.names.values()))


def _name_numbers(layout: FolderLayout, root: FolderNode, labelled: LabelledFiles) -> LabelledFiles:
    """Return labelled files with the names of classes that are called by numbers, where a list has them."""
    ways = [list_way(root, part.node) for part in layout.parts]
    shared = [nodes[0] for nodes in zip(*ways, strict=False) if len({node.path for node in nodes}) == 1]
    found = read_synset_names(shared or [root], labelled.classes)
    if not found.names and not found.note:
        found = read_number_names(shared or [root], labelled.classes)
    layout.add_note(found.note)
    if not found.names:
        return labelled
    reason = "the names of the classes, which are read"
    layout.entries = [replace(it, reason=reason) if it.name == found.file else it for it in layout.entries]
    entries = tuple(replace(it, reason=reason) if it.name == found.file else it for it in labelled.entries)
    steps = tuple(found.file.split("/"))
    layout.decisions.append(
        Decision(PlaceKind.FILE, steps, Role.CLASS_NAMES, "the folders are numbers", count=len(found.names))
    )
    samples = tuple(replace(it, label=found.names[it.label]) for it in labelled.samples)
    return replace(labelled, samples=samples, entries=entries, classes=frozenset(found.names.values()))


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
