"""Archives, unpacked once into the cache: never beside the user's file, never outside the target.

An archive's place in the cache is the BLAKE2b of its bytes; it is unpacked into a sibling and renamed when complete, so
what has that name is whole. A lock makes a second process wait instead of unpacking too.
"""

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from filelock import FileLock

from headstart.errors import DataError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
MAX_TOTAL = 200_000_000_000  #: bytes that an archive may unpack to
MAX_MEMBERS = 10_000_000
MAX_RATIO = 1000  #: unpacked bytes per packed byte ...
RATIO_FROM = 100_000_000  #: ... of what unpacks to more than this many bytes

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class _Member:
    """One file or folder of an archive, as its directory describes it."""

    name: str
    size: int  #: bytes when unpacked
    packed: int  #: bytes in the archive; 0 where the format does not say
    is_folder: bool
    refused: str  #: what it is when it is neither; ""
    content: Callable[[], IO[bytes] | None]


def is_archive(path: Path) -> bool:
    """Whether a file's name ends like an archive's."""
    return path.name.lower().endswith(SUFFIXES)


def unpack(archive: Path, cache: Path) -> Path:
    """The folder in the cache with an archive's content, unpacked now or earlier.

    Raises:
        DataError: the archive is damaged, too large, or has a member that does not belong in one.
    """
    try:
        with archive.open("rb") as file:
            digest = file_digest(file, lambda: blake2b(digest_size=20)).hexdigest()
        target = cache / digest
        if target.is_dir():
            target.touch()  # pruning goes by it
            return target
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{digest}.lock"):
            if not target.is_dir():
                _unpack_new(archive, target)
    except OSError as error:
        raise DataError(f"archive {str(archive)!r} cannot be unpacked: {error.strerror or error}") from None
    return target


def _unpack_new(archive: Path, target: Path) -> None:
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)  # what a killed process left
    partial.mkdir()
    try:
        _write_members(archive, partial)
        partial.rename(target)
    except _DAMAGE as error:
        what = str(error).partition("\n")[0].rstrip(": ")  # tarfile lists what it tried, a line each
        raise DataError(f"archive {str(archive)!r} is damaged: {what}; fetch or pack it again") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_members(archive: Path, folder: Path) -> None:
    read = _zip_members if archive.name.lower().endswith(".zip") else _tar_members
    total = 0
    for count, member in enumerate(read(archive), 1):
        total += member.size
        problem = _problem(member, count, total, archive.stat().st_size)
        if problem:
            raise DataError(f"archive {str(archive)!r} is refused: {problem}; unpack it yourself if you trust it")
        path = folder.joinpath(*_steps(member.name))
        if member.is_folder:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        content = member.content()
        if content is not None:
            with content, path.open("wb") as out:
                shutil.copyfileobj(content, out, 1 << 20)


def _problem(member: _Member, count: int, total: int, packed_total: int) -> str:
    name = member.name
    if member.refused:
        return f"{name!r} is {member.refused}; wanted files and folders only"
    if _leaves(name):
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


def _leaves(name: str) -> bool:
    windows = PureWindowsPath(name)
    return ".." in windows.parts or bool(windows.drive or windows.root)


def _steps(name: str) -> tuple[str, ...]:
    """The folders and the file of a member. Some packers on Windows write backslashes."""
    return PurePosixPath(name.replace("\\", "/")).parts


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            refused = "encrypted" if info.flag_bits & 1 else ""
            if kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                refused = "a link or a device"
            content = lambda info=info: opened.open(info)  # noqa: E731 (a default holds this turn's member)
            is_folder = info.filename.endswith(("/", "\\"))
            yield _Member(info.filename, info.file_size, info.compress_size, is_folder, refused, content)


def _tar_members(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive) as opened:
        while info := opened.next():
            refused = "" if info.isfile() or info.isdir() else "a link or a device"
            content = lambda info=info: opened.extractfile(info)  # noqa: E731 (as above)
            yield _Member(info.name, info.size, 0, info.isdir(), refused, content)
            opened.members.clear()  # type: ignore[attr-defined]  # it would keep every member it has passed
