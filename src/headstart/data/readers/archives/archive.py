"""Archives, unpacked once into the cache: never beside the user's file, never outside the target.

Names in them are bytes. Those that are not UTF-8 (a ZIP from another system, a tar made under another locale) are read
in the encoding that the user names, else in the one that makes sense of them; where none stands out, it is asked for.
"""

import importlib
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b, file_digest
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.readers.archive_members import Member, find_unread_kind, is_utf8, iter_members
from headstart.data.readers.arrays.array_files import ArrayFileReader, ArrayFolderReader
from headstart.data.readers.arrays.idx import IdxReader
from headstart.data.readers.containers import CONTAINERS
from headstart.data.readers.encodings import check_encoding, escape_non_ascii, guess_encoding
from headstart.data.readers.file_kinds import find_archive_kind
from headstart.data.readers.folders.folder import find_base_folder, list_folder
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.numbered_lists import NumberedListReader
from headstart.data.readers.tables.parquet_shards import ShardReader, find_shards
from headstart.data.readers.tables.table import TABLE_SUFFIXES, TableReader, items_exist
from headstart.data.readers.tables.table_folder import find_label_tables, list_label_tables
from headstart.data.readers.unpack import unpack_once
from headstart.data.readers.walk import FileTree
from headstart.errors import DataError, refuse_machine_faults

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
MAX_TOTAL = 200_000_000_000  #: bytes that an archive may unpack to
MAX_MEMBERS = 10_000_000
MAX_RATIO = 1000  #: unpacked bytes per packed byte ...
RATIO_FROM = 100_000_000  #: ... of what unpacks to more than this many bytes

#: The errors that libraries raise of an archive that is not whole, or that is something else.
_DAMAGE: tuple[type[Exception], ...] = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError)
with suppress(ImportError, AttributeError):  # from Python 3.14 on
    _DAMAGE = (*_DAMAGE, importlib.import_module("compression.zstd").ZstdError)

#: Endings of files that are ZIP archives inside and no archive to a person.
_PACKED_FILES = frozenset(
    ".npz .docx .xlsx .pptx .odt .ods .odp .epub .keras .pt .pth .pkl .jar .apk .whl .kra .ora .3mf".split()  # noqa: SIM905
)
_ESCAPED = "escaped"  #: for an encoding that could not be told, where only names of files have it
_GUESSED = "guessed-"  #: before an encoding in the name of a folder in the cache


@dataclass(frozen=True, slots=True)
class UnpackedArchive:
    """The content of an archive."""

    folder: Path  #: in the cache
    notes: tuple[str, ...]


class _UnknownEncodingError(Exception):
    """A name is not UTF-8, and nobody has said what it is."""


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
        archive = unpack(source, context.cache, encoding=context.options.encoding)
        tree = FileTree(archive.folder)
        listing = _list_folder(tree, context)
        read_as = Path(listing.root)
        if read_as.is_dir() and (inside := read_as.relative_to(archive.folder).parts):
            decision = Decision(PlaceKind.FOLDER, (), Role.WRAPPER, f"all is in {'/'.join(inside)!r}")
            listing = replace(listing, decisions=(decision, *listing.decisions))
        note = () if read_as.is_dir() else (f"the labels come from {read_as.name!r} in the archive",)
        ignored = filter(None, [tree.describe_ignored()])
        return replace(listing, root=str(source), notes=(*archive.notes, *listing.notes, *note, *ignored))


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
        return TableReader().list(tables[0], None, context)
    if len(files) == 1 and (arrays := ArrayFileReader()).accepts(files[0], None):
        return arrays.list(files[0], None, context)
    if (folder := ArrayFolderReader()).accepts(base.root, base):
        return folder.list(base.root, base, context)
    if (lists := NumberedListReader()).accepts(base.root, base):
        return lists.list(base.root, base, context)
    return _list_classes(base, context)


def _list_classes(base: FileTree, context: ReadContext) -> SourceListing:
    """Return the items of class folders, else of the tables that have their labels."""
    where = context.options.classes_from
    if where == "table":
        return list_label_tables(find_label_tables(base, base.root, context), base)
    try:
        listing = list_folder(base, context)
    except DataError:
        found = find_label_tables(base, base.root, context) if where is None else None
        if found is None or not found.listings:
            raise
        return list_label_tables(found, base)
    if where is None and len(listing.classes) < 2:
        found = find_label_tables(base, base.root, context)
        return list_label_tables(found, base) if found.listings else listing
    return listing


def unpack(archive: Path, cache: Path, *, encoding: str | None = None) -> UnpackedArchive:
    """Return the folder in the cache with an archive's content, unpacked now or earlier.

    Args:
        archive: the file.
        cache: the folder of such folders.
        encoding: of names that are not UTF-8; None finds it.

    Raises:
        DataError: the archive is damaged, too large, packed by a method that is not read, has a member that does not
            belong in one, or names in an encoding that does not stand out.
        SettingError: an unknown encoding.
        StoreError: the cache has no room for it.
    """
    try:
        if encoding is not None:
            name = check_encoding(encoding)
            return UnpackedArchive(unpack_once(archive, cache, _make_writer(archive, name), variant=name), ())
        guessed = _find_earlier_guess(archive, cache)
        if guessed is None:
            try:
                return UnpackedArchive(unpack_once(archive, cache, _make_writer(archive, None)), ())
            except _UnknownEncodingError:
                guessed = _guess_name_encoding(archive)
        folder = unpack_once(archive, cache, _make_writer(archive, guessed), variant=f"{_GUESSED}{guessed}")
        return UnpackedArchive(folder, (_describe_encoding(archive, guessed),))
    except OSError as error:
        refuse_machine_faults(error, f"to unpack the archive {str(archive)!r}")
        raise DataError(f"archive {str(archive)!r} cannot be unpacked: {error.strerror or error}") from None


def _find_earlier_guess(archive: Path, cache: Path) -> str | None:
    """Return the encoding that was found when the archive was unpacked earlier."""
    with archive.open("rb") as file:
        digest = file_digest(file, lambda: blake2b(digest_size=20)).hexdigest()
    start = f"{digest}-{_GUESSED}"
    folders = sorted(path.name for path in cache.glob(f"{start}*") if path.is_dir() and path.suffix != ".partial")
    return folders[0].removeprefix(start) if folders else None


def _guess_name_encoding(archive: Path) -> str:
    """Return the encoding of the names; of files alone any will do, for nothing is called after them."""
    names = [member.raw.replace(b"\\", b"/") for member in iter_members(archive) if not is_utf8(member.raw)]
    folders = {step for name in names for step in name.split(b"/")[:-1] if not is_utf8(step)}
    files = {name.rpartition(b"/")[2] for name in names}
    try:
        return guess_encoding(sorted(folders or files), f"archive {str(archive)!r}")
    except DataError:
        if folders:
            raise
        return _ESCAPED


def _describe_encoding(archive: Path, encoding: str) -> str:
    if encoding == _ESCAPED:
        return f"{archive.name} has names of files that are not UTF-8; they are shown with escapes"
    return (
        f"{archive.name} has names that are not UTF-8 and were read as {encoding}; where they look wrong, say what "
        "they are with --encoding"
    )


def _make_writer(archive: Path, encoding: str | None) -> Callable[[Path], None]:
    """Return the function that unpacks an archive into a folder."""

    def write(folder: Path) -> None:
        try:
            _write_members(archive, folder, encoding)
        except _DAMAGE as error:
            what = str(error).partition("\n")[0].rstrip(": ")  # tarfile lists what it tried, a line each
            raise DataError(f"archive {str(archive)!r} is damaged: {what}; fetch or pack it again") from None

    return write


def _write_members(archive: Path, folder: Path, encoding: str | None) -> None:
    total = 0
    for count, member in enumerate(iter_members(archive), 1):
        total += member.size
        name = _decode_name(archive, member, encoding)
        problem = _find_problem(member, name, count, total, archive.stat().st_size)
        if problem:
            raise DataError(f"archive {str(archive)!r} is refused: {problem}; unpack it yourself if you trust it")
        path = folder.joinpath(*_split_path(name))
        if member.is_folder:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        content = member.content()
        if content is not None:
            with content, path.open("wb") as out:
                shutil.copyfileobj(content, out, 1 << 20)


def _decode_name(archive: Path, member: Member, encoding: str | None) -> str:
    """Return a member's name. All that are not marked have one encoding; short ones may be valid UTF-8 by chance."""
    raw = member.raw
    if raw.isascii() or member.is_utf8 or encoding in (None, _ESCAPED):
        if is_utf8(raw):
            return raw.decode("utf-8")
        if encoding is None:
            raise _UnknownEncodingError
        return raw.decode("utf-8", "backslashreplace").replace("\\x", "%")
    try:
        return raw.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        if is_utf8(raw):
            return raw.decode("utf-8")
    seen = escape_non_ascii([raw])[0]
    raise DataError(f"archive {str(archive)!r} has a name that is no {encoding}: {seen!r}; name another")


def _find_problem(member: Member, name: str, count: int, total: int, packed_total: int) -> str:
    if member.refused:
        return f"{name!r} is {member.refused}; wanted files and folders only"
    if _escapes(name):
        return f"{name!r} would leave the folder it is unpacked into"
    if count > MAX_MEMBERS:
        return f"it has more than {MAX_MEMBERS:,} members"
    if total > MAX_TOTAL:
        return f"it unpacks to more than {MAX_TOTAL / 1e9:g} GB"
    if member.size > RATIO_FROM and member.packed and member.size > MAX_RATIO * member.packed:
        return f"{name!r} unpacks to {member.size / 1e6:.0f} MB from {member.packed / 1e6:.3f} MB, as a bomb would"
    if total > RATIO_FROM and total > MAX_RATIO * packed_total:
        return f"it unpacks to more than {MAX_RATIO} times its size, as a bomb would"
    return ""


def _escapes(name: str) -> bool:
    windows = PureWindowsPath(name)
    drive = windows.drive and (os.name == "nt" or windows.root)  # elsewhere "a: ants" is a name like others
    return ".." in windows.parts or bool(drive or windows.root)


def _split_path(name: str) -> tuple[str, ...]:
    """Return the folders and the file of a member. Some packers on Windows write backslashes."""
    return PurePosixPath(name.replace("\\", "/")).parts
