"""Parts of a split that stand beside the table with the labels: CelebA's ``list_eval_partition.csv``, ``test.txt``."""

import os
from dataclasses import replace
from pathlib import Path

from headstart.data.decisions import Role
from headstart.data.readers.folders.split_lists import SUFFIXES, apply_split_lists
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.readers.tables.table_folder import FolderTables, list_label_tables
from headstart.data.readers.walk import FileTree
from headstart.data.sources import FileSource
from headstart_runtime.modalities.modality import get_modality


def list_tables(found: FolderTables, tree: FileTree, base: Path, context: ReadContext) -> SourceListing:
    """Return the rows of the tables in a folder, with the parts that lists beside a single table give.

    Args:
        found: the tables.
        tree: the folder.
        base: the folder in it that is not only a wrapper.
        context: of the reader; where its settings say which column has the parts, no list is looked for.

    Raises:
        DataError: as ``list_label_tables``.
    """
    listing = list_label_tables(found, tree)
    if context.options.split_column or len(found.listings) != 1 or not _has_more_files(found, tree, base):
        return listing
    applied = _apply_lists(listing, tree, base)
    lists = {tree.root.joinpath(*it.place) for it in applied.decisions if it.role is Role.SUBSET}
    if not lists & found.problems.keys():
        return applied
    others = {table: problem for table, problem in found.problems.items() if table not in lists}
    return _apply_lists(list_label_tables(replace(found, problems=others), tree), tree, base)


def _has_more_files(found: FolderTables, tree: FileTree, base: Path) -> bool:
    """Return whether a folder has files of lists beside its table."""
    places = dict.fromkeys((tree.root, base))
    places |= dict.fromkeys(inner for place in list(places) for inner in tree.scan(place).folders)
    files = {file for place in places for file in tree.scan(place).files if file.suffix.lower() in SUFFIXES}
    return bool(files - found.listings.keys())


def _apply_lists(listing: SourceListing, tree: FileTree, base: Path) -> SourceListing:
    """Return the rows of a table with the parts that lists beside it give; their items are known by their files."""
    if any(it.subset or not isinstance(it.source, FileSource) for it in listing.samples):
        return listing
    names = {_locate(it.source, tree.root): it.name for it in listing.samples if isinstance(it.source, FileSource)}
    if len(names) < len(listing.samples):
        return listing
    samples = [replace(it, name=place) for place, it in zip(names, listing.samples, strict=True)]
    finder = FileFinder(tree.root, get_modality(listing.modality))
    by_file = replace(listing, samples=tuple(samples))
    applied = apply_split_lists(by_file, tree, base, finder, lambda: "--split-column none")
    if applied is by_file:
        return listing
    return replace(
        applied,
        samples=tuple(replace(it, name=names[it.name]) for it in applied.samples),
        entries=tuple(replace(it, name=names.get(it.name, it.name)) for it in applied.entries),
    )


def _locate(source: FileSource, root: Path) -> str:
    """Return the path of a file below a folder, with "/"."""
    return os.path.relpath(os.path.abspath(source.path), os.path.abspath(root)).replace(os.sep, "/")  # noqa: PTH100
