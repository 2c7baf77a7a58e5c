"""Archives unpacked once into the cache: never beside the user's file, never outside the target.

Names in them are bytes. Those that are not UTF-8 (a ZIP from another system, a tar made under another locale) are read
in the encoding that the user names, else in the one that makes sense of them; where none stands out, it is asked for.
Items that are not compressed may stay in the archive: a file without content stands for each, and its place is listed.
"""

import importlib
import json
import lzma
import os
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import blake2b, file_digest
from pathlib import Path, PurePosixPath, PureWindowsPath

from headstart.data.readers.archive_members import Member, is_compressed_tar, is_utf8, iter_members
from headstart.data.readers.byte_ranges import RangeSource
from headstart.data.readers.encodings import escape_non_ascii, guess_encoding
from headstart.data.readers.file_kinds import ZIP, find_archive_kind
from headstart.data.readers.unpack import unpack_once
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.text_encodings import check_encoding

MAX_TOTAL = 200_000_000_000  #: bytes that an archive may unpack to
MAX_MEMBERS = 10_000_000
MAX_RATIO = 1000  #: unpacked bytes per packed byte ...
RATIO_FROM = 100_000_000  #: ... of what unpacks to more than this many bytes

#: The errors that libraries raise of an archive that is not whole, or that is something else.
DAMAGE: tuple[type[Exception], ...] = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError)
with suppress(ImportError, AttributeError):  # from Python 3.14 on
    DAMAGE = (*DAMAGE, importlib.import_module("compression.zstd").ZstdError)

_ESCAPED = "escaped"  #: for an encoding that could not be told, where only names of files have it
_GUESSED = "guessed-"  #: before an encoding in the name of a folder in the cache
_LISTED = "listed"  #: for an archive in which items stay
_CONTENT, _RANGES = "content", "ranges.jsonl"  #: in its folder: the files, and the places of items


@dataclass(frozen=True, slots=True)
class UnpackedArchive:
    """The content of an archive."""

    folder: Path  #: in the cache
    notes: tuple[str, ...]
    items: Mapping[str, RangeSource] = field(default_factory=dict)  #: those that stay in it, by path under the folder

    def find_item(self, path: Path) -> RangeSource | None:
        """Return the item that a file under the folder stands for; None for one that is there itself."""
        inside = os.path.relpath(path, self.folder).replace(os.sep, "/")
        found = self.items.get(inside)
        if found is None and self.items and _is_empty(path):  # a system for which "A.jpg" is "a.jpg"
            same = (it for name, it in self.items.items() if name.casefold() == inside.casefold())
            found = next((it for it in same if path.samefile(self.folder / it.name)), None)
        return found


class _UnknownEncodingError(Exception):
    """A name is not UTF-8, and nobody has said what it is."""


def _is_empty(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except (OSError, ValueError):
        return False


def unpack(archive: Path, cache: Path, *, encoding: str | None = None, leave: Collection[str] = ()) -> UnpackedArchive:
    """Return the folder in the cache with an archive's content, unpacked now or earlier.

    Args:
        archive: the file.
        cache: the folder of such folders.
        encoding: of names that are not UTF-8; None finds it.
        leave: endings of files that stay in the archive where they are not compressed in there.

    Raises:
        DataError: the archive is damaged, too large, packed by a method that is not read, has a member that does not
            belong in one, or names in an encoding that does not stand out.
        SettingError: an unknown encoding.
        StoreError: the cache has no room for it.
    """
    try:
        left = frozenset(leave) if leave and _may_leave(archive) else frozenset[str]()
        if encoding is not None:
            name = check_encoding(encoding)
            return _unpack(archive, cache, name, name, left)
        guessed = _find_earlier_guess(archive, cache, left)
        if guessed is None:
            try:
                return _unpack(archive, cache, None, "", left)
            except _UnknownEncodingError:
                guessed = _guess_name_encoding(archive)
        found = _unpack(archive, cache, guessed, f"{_GUESSED}{guessed}", left)
        return replace(found, notes=(_describe_encoding(archive, guessed),))
    except OSError as error:
        refuse_machine_faults(error, f"to unpack the archive {str(archive)!r}")
        raise DataError(f"archive {str(archive)!r} cannot be unpacked: {error.strerror or error}") from None


def _unpack(archive: Path, cache: Path, encoding: str | None, variant: str, leave: frozenset[str]) -> UnpackedArchive:
    names = [_LISTED, variant] if leave else [variant]
    writer = _make_writer(archive, encoding, leave)
    folder = unpack_once(archive, cache, writer, variant="-".join(filter(None, names)))
    if not leave:
        return UnpackedArchive(folder, ())
    items = {}
    with (folder / _RANGES).open(encoding="utf-8") as lines:
        for line in lines:
            name, offset, size, crc = json.loads(line)
            items[name] = RangeSource(archive, offset, size, name, crc)
    return UnpackedArchive(folder / _CONTENT, (), items)


def _may_leave(archive: Path) -> bool:
    """Return whether files can be read in an archive; not where it is damaged, as is said when it is unpacked."""
    if is_compressed_tar(archive):
        return False
    with suppress(*DAMAGE, DataError):
        return any(member.offset is not None for member in iter_members(archive))
    return False


def _stays(member: Member, leave: Collection[str]) -> bool:
    """Return whether a member can be read in the archive and ends like one that shall stay there."""
    ending = os.path.splitext(member.raw)[1].decode("ascii", "replace").lower()  # noqa: PTH122 (a name in bytes)
    return member.offset is not None and member.size > 0 and not member.refused and ending in leave


def _find_earlier_guess(archive: Path, cache: Path, leave: Collection[str]) -> str | None:
    """Return the encoding that was found when the archive was unpacked earlier."""
    with archive.open("rb") as file:
        digest = file_digest(file, lambda: blake2b(digest_size=20)).hexdigest()
    start = f"{digest}-{f'{_LISTED}-' if leave else ''}{_GUESSED}"
    folders = sorted(path.name for path in cache.glob(f"{start}*") if path.is_dir() and path.suffix != ".partial")
    return folders[0].removeprefix(start) if folders else None


def _guess_name_encoding(archive: Path) -> str:
    """Return the encoding of the names; of files alone any will do, for nothing is called after them."""
    unmarked = (member.raw for member in iter_members(archive) if not member.is_utf8)
    names = [raw.replace(b"\\", b"/") for raw in unmarked if not raw.isascii()]
    folders = {step for name in names for step in name.split(b"/")[:-1] if not step.isascii()}
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


def _make_writer(archive: Path, encoding: str | None, leave: frozenset[str]) -> Callable[[Path], None]:
    """Return the function that unpacks an archive into a folder."""

    def write(folder: Path) -> None:
        try:
            if not leave:
                _write_members(archive, folder, encoding)
                return
            (folder / _CONTENT).mkdir()
            places = _write_members(archive, folder / _CONTENT, encoding, leave)
            with (folder / _RANGES).open("w", encoding="utf-8") as out:
                out.writelines(json.dumps([name, *place]) + "\n" for name, place in places.items())
        except DAMAGE as error:
            what = str(error).partition("\n")[0].rstrip(": ")  # tarfile lists what it tried, a line each
            raise DataError(f"archive {str(archive)!r} is damaged: {what}; fetch or pack it again") from None

    return write


def _write_members(
    archive: Path, folder: Path, encoding: str | None, leave: Collection[str] = ()
) -> dict[str, tuple[int | None, int, int | None]]:
    """Write the files of an archive, and return offset, size and checksum of those that stay in it, by their paths."""
    total, doubtful = 0, list[bytes]()
    places: dict[str, tuple[int | None, int, int | None]] = {}
    for count, member in enumerate(iter_members(archive), 1):
        total += member.size
        name = _decode_name(archive, member, encoding)
        doubtful += [member.raw] if encoding is None and not (member.is_utf8 or member.raw.isascii()) else []
        problem = _find_problem(member, name, count, total, archive.stat().st_size)
        if problem:
            raise DataError(f"archive {str(archive)!r} is refused: {problem}; unpack it yourself if you trust it")
        steps = _split_path(name)
        path = folder.joinpath(*steps)
        if member.is_folder:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        places.pop("/".join(steps), None)  # of two of one name the last one counts
        if _stays(member, leave):
            path.write_bytes(b"")
            places["/".join(steps)] = (member.offset, member.size, member.crc)
            continue
        content = member.content()
        if content is not None:
            with content, path.open("wb") as out:
                shutil.copyfileobj(content, out, 1 << 20)
    if doubtful and find_archive_kind(archive) == ZIP and all(map(_may_be_utf8_by_chance, doubtful)):
        raise _UnknownEncodingError
    return places


def _may_be_utf8_by_chance(raw: bytes) -> bool:
    """Return whether each step of a name has no more than one letter of two bytes, as one of Chinese has in GBK."""
    steps = [step.partition(b".")[0] for step in re.split(rb"[/\\]", raw)]
    return all(step.isascii() or (len(step) == 2 and is_utf8(step)) for step in steps)


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
