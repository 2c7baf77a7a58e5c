"""Archives, read as what they hold: a folder of classes, a table with its items, arrays, shards.

Items that are not compressed in there are read at their offset; the rest is unpacked once into the cache.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.readers.archive_members import find_unread_kind
from headstart.data.readers.archives.archive_tables import list_archived_table
from headstart.data.readers.archives.class_tars import find_inner_tars, list_inner_tars
from headstart.data.readers.archives.unpacking import UnpackedArchive, unpack
from headstart.data.readers.arrays.array_files import ArrayFileReader, ArrayFolderReader
from headstart.data.readers.arrays.idx import IdxReader
from headstart.data.readers.containers import CONTAINERS
from headstart.data.readers.evidence import describe_files, index_near_top
from headstart.data.readers.file_kinds import find_archive_kind
from headstart.data.readers.folders.folder import FolderReader, find_base_folder
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.numbered_lists import NumberedListReader
from headstart.data.readers.tables.parquet_shards import ShardReader, find_shards
from headstart.data.readers.tables.table import TABLE_SUFFIXES, items_exist
from headstart.data.readers.walk import FileTree
from headstart.data.sources import FileSource
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import all_modalities

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_LOOKED_INTO = frozenset(".csv .tsv .txt .json .jsonl .ndjson .xml .yaml .parquet .arrow .npy .npz .mat .h5".split())  # noqa: SIM905
#: Endings of files that are ZIP archives inside and no archive to a person.
_PACKED_FILES = frozenset(
    ".npz .docx .xlsx .pptx .odt .ods .odp .epub .keras .pt .pth .pkl .jar .apk .whl .kra .ora .3mf".split()  # noqa: SIM905
)


class ArchiveReader:
    """The reader of an archive: of a table with its items, arrays, or a folder of classes."""

    suffixes: tuple[str, ...] = SUFFIXES
    label_place: str = ""

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is an archive: by its first bytes, or its name ends like one's."""
        if tree is not None or not isinstance(source, Path):
            return False
        if source.name.lower().endswith(self.suffixes):
            return True
        if source.suffix.lower() in _PACKED_FILES:
            return False
        return bool(find_archive_kind(source) or find_unread_kind(source))

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return what the archive holds, under its name: its place in the cache means nothing to a person.

        Raises:
            DataError: it is damaged or refused, or holds nothing that is read.
        """
        if kind := find_unread_kind(source):
            raise DataError(f"{str(source)!r} is a {kind} archive, which is not read; unpack it and give the folder")
        if (tars := find_inner_tars(source)) and (listing := list_inner_tars(source, tars, context)):
            return listing
        return list_unpacked(source, unpack_archive(source, context), context)


def unpack_archive(source: Path, context: ReadContext) -> UnpackedArchive:
    """Return an archive's content; items stay in it where they are not compressed in there.

    Raises:
        DataError: it is damaged or refused.
    """
    return unpack(source, context.cache, encoding=context.options.encoding, leave=find_item_suffixes())


def list_unpacked(source: Path, archive: UnpackedArchive, context: ReadContext) -> SourceListing:
    """Return what an archive holds.

    Args:
        source: the archive, or the folder of its parts.
        archive: its content.
        context: the settings.

    Raises:
        DataError: it holds nothing that is read.
    """
    tree = FileTree(archive.folder)
    try:
        listing = _list_folder(tree, context)
    except DataError as error:
        _refuse_inner_archives(source, tree)
        raise DataError(str(error).replace(str(archive.folder), str(source))) from None
    if not listing.samples:
        _refuse_inner_archives(source, tree)
    listing = replace(listing, samples=tuple(_leave_in_archive(raw, archive) for raw in listing.samples))
    read_as = Path(listing.root)
    if read_as.is_dir() and (inside := read_as.relative_to(archive.folder).parts):
        decision = Decision(PlaceKind.FOLDER, (), Role.WRAPPER, f"all is in {'/'.join(inside)!r}")
        listing = replace(listing, decisions=(decision, *listing.decisions))
    note = () if read_as.is_dir() else (f"the labels come from {read_as.name!r} in the archive",)
    ignored = filter(None, [tree.describe_ignored()])
    return replace(listing, root=str(source), notes=(*archive.notes, *listing.notes, *note, *ignored))


def find_item_suffixes() -> frozenset[str]:
    """Return the endings of items of any modality, without those that readers have to look into."""
    items = {suffix for modality in all_modalities() for suffix in modality.suffixes}
    return frozenset(items - _LOOKED_INTO)


def _refuse_inner_archives(source: Path, tree: FileTree) -> None:
    """Refuse an archive of archives without items beside them, which cannot be read in there.

    Raises:
        DataError: it is one.
    """
    index = index_near_top(tree)
    inner = [path for found in index.values() for path in found if path.name.lower().endswith(SUFFIXES)]
    if inner and find_item_suffixes().isdisjoint(index):
        raise DataError(
            f"{str(source)!r} has the archives {describe_files(inner, tree.root)} in it; unpack it into a folder and "
            "give that: a folder of archives is read, each as a class by its name"
        )


def _leave_in_archive(raw: RawSample, archive: UnpackedArchive) -> RawSample:
    """Return a sample that is read in the archive, where its item stays there."""
    item = archive.find_item(raw.source.path) if isinstance(raw.source, FileSource) else None
    return raw if item is None else replace(raw, source=item)


def _list_folder(tree: FileTree, context: ReadContext) -> SourceListing:
    """Return what an unpacked folder holds: IDX files, shards, the one table or the arrays in it, else items."""
    base = FileTree(find_base_folder(tree))
    if context.options.classes_from is None:
        for reader in CONTAINERS:
            if reader.accepts(base.root, base):
                return reader.list(base.root, base, context)
    if (idx := IdxReader()).accepts(base.root, base):
        return idx.list(base.root, base, context)
    if len(find_shards(tree)) > 1:
        return ShardReader().list(tree.root, tree, context)
    files = base.scan(base.root).files
    tables = [it for it in files if it.suffix.lower() in TABLE_SUFFIXES and items_exist(it, context)]
    if len(tables) == 1:
        return list_archived_table(tables[0], base, context)
    if len(files) == 1 and (arrays := ArrayFileReader()).accepts(files[0], None):
        return arrays.list(files[0], None, context)
    if (folder := ArrayFolderReader()).accepts(base.root, base):
        return folder.list(base.root, base, context)
    if (lists := NumberedListReader()).accepts(base.root, base):
        return lists.list(base.root, base, context)
    return FolderReader().list(base.root, base, context)
