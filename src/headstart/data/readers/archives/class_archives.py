"""Folders of nothing but archives: one that holds everything, or one for each class, as some tools export samples."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import choose_by_names, list_clear_suffixes
from headstart.data.readers.archive_members import iter_members
from headstart.data.readers.archives.archive import (
    SUFFIXES,
    ArchiveReader,
    find_item_suffixes,
    list_unpacked,
    unpack_archive,
)
from headstart.data.readers.archives.archive_parts import find_shared_name, hold_one_folder, join_parts
from headstart.data.readers.archives.class_tars import (
    ClassArchive,
    list_class_archives,
    list_tar_files,
    refuse_subset_names,
)
from headstart.data.readers.archives.unpacking import DAMAGE, UnpackedArchive, unpack
from headstart.data.readers.evidence import index_near_top
from headstart.data.readers.folders.label_files import find_label_files
from headstart.data.readers.folders.unused_labels import MOST, describe_file, sort_out_files
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.readers.walk import FileTree
from headstart.data.samples import FileStatus, LedgerEntry
from headstart.data.sources import FileSource, SampleSource
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import all_modalities

_UNREADABLE: tuple[type[Exception], ...] = (*DAMAGE, DataError, OSError)
_SAMPLES = re.compile(r"[-_ ]samples$", re.IGNORECASE)  #: how Teachable Machine ends the names of its archives


class ArchiveFolderReader:
    """The reader of a folder that has archives and no items."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "archives"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether archives lie in a folder, and no items in it or a few levels below."""
        if tree is None or not _find_archives(tree):
            return False
        return list_clear_suffixes().isdisjoint(index_near_top(tree))

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return what the one archive holds, or the files of each under its name as class.

        Raises:
            DataError: an archive is damaged or refused, or they seem to be no classes.
        """
        assert tree is not None
        archives = _find_archives(tree)
        content = tree.scan(tree.root)
        beside = [path for path in content.files if path not in archives]
        entries = [LedgerEntry(path.name, FileStatus.SKIPPED, "beside the archives") for path in beside]
        if len(archives) == 1:
            try:
                listing = ArchiveReader().list(archives[0], None, context)
            except DataError:
                _refuse_tables_beside(source, tree, archives[0], None, context)
                raise
            _refuse_tables_beside(source, tree, archives[0], listing, context)
            note = f"{archives[0].name!r} is read, the one archive in the folder"
            entries = [*listing.entries, *entries]
            return replace(listing, root=str(source), entries=tuple(entries), notes=(note, *listing.notes))
        if parts := _join_parts(archives, context):
            listing = list_unpacked(source, parts, context)
            return replace(listing, entries=(*listing.entries, *entries))
        refuse_subset_names(source, [it.name for it in archives], [_name_class(it) for it in archives])
        return _list_classes(source, archives, entries, content.ignored, context)


def _refuse_tables_beside(
    source: Path, tree: FileTree, archive: Path, listing: SourceListing | None, context: ReadContext
) -> None:
    """Refuse an archive beside which lies a table that may have the labels of its items.

    Raises:
        DataError: it does; with what it says, and how to read it.
    """
    try:
        names = [member.raw.decode("utf-8", "replace") for member in iter_members(archive)]
    except _UNREADABLE:
        return
    suffixes = tuple(suffix for one in all_modalities() for suffix in one.suffixes)
    items = [name for name in names if name.lower().endswith(suffixes)]
    if not items:
        return
    modality = choose_by_names(context.options.modality, items, repr(str(source))).modality
    if listing is not None and listing.samples:
        items = [sample.name for sample in listing.samples]
    files = find_label_files(tree, tree.root, FileFinder(tree.root, modality, items), [])
    stopping = [it for it in sort_out_files(files, listing, modality).stopping if it.is_workbook or it.found]
    if stopping:
        shown = "; ".join(f"{it.name!r}: {describe_file(it, None, modality)}" for it in stopping[:MOST])
        alone = f"; to read the archive without them, give it alone: headstart check {quote_argument(archive)}"
        raise DataError(
            f"{str(source)!r} has what may be the labels of the {modality.noun.many} in {archive.name!r} beside it: "
            f"{shown}; to read them, unpack {archive.name!r} there and give the folder again"
            + (alone if listing is not None and len(listing.classes) > 1 else "")
        )


def _find_archives(tree: FileTree) -> list[Path]:
    return [path for path in tree.scan(tree.root).files if path.name.lower().endswith(SUFFIXES)]


def _join_parts(archives: Sequence[Path], context: ReadContext) -> UnpackedArchive | None:
    """Return the content of archives that are parts of one; None where they are others."""
    name, by_google = find_shared_name([_name_class(archive) for archive in archives])
    if not name:
        return None
    if not by_google:
        try:
            files = [[member.raw.decode("utf-8", "replace") for member in iter_members(it)] for it in archives]
        except _UNREADABLE:
            return None  # what is wrong is said when it is unpacked
        if not hold_one_folder([[path for path in paths if not path.endswith("/")] for paths in files]):
            return None
    return join_parts([(archive, unpack_archive(archive, context)) for archive in archives], context.cache)


def _name_class(archive: Path) -> str:
    suffix = max((it for it in SUFFIXES if archive.name.lower().endswith(it)), key=len)
    return archive.name[: -len(suffix)]


def _list_classes(
    source: Path, archives: Sequence[Path], entries: Sequence[LedgerEntry], ignored: int, context: ReadContext
) -> SourceListing:
    names = {archive: _name_class(archive) for archive in archives}
    if all(_SAMPLES.search(name) for name in names.values()):
        names = {archive: _SAMPLES.sub("", name) for archive, name in names.items()}
    notes: list[str] = []
    classes = []
    for archive, name in names.items():
        files = list_tar_files(archive)
        classes.append(
            ClassArchive(archive.name, name, _unpack_files(archive, context, notes) if files is None else files)
        )
    return list_class_archives(source, classes, entries, ignored, notes, context)


def _unpack_files(archive: Path, context: ReadContext, notes: list[str]) -> list[tuple[str, SampleSource]]:
    """Return path and place of each file of an archive that has to be unpacked."""
    unpacked = unpack(archive, context.cache, encoding=context.options.encoding, leave=find_item_suffixes())
    notes += unpacked.notes
    files = FileTree(unpacked.folder).files_under(unpacked.folder)
    return [
        (path.relative_to(unpacked.folder).as_posix(), unpacked.find_item(path) or FileSource(path)) for path in files
    ]
