"""Files unpacked once into the cache, never beside the user's file.

Its place is the BLAKE2b of the file's bytes; it is written into a sibling and renamed when complete, so what has that
name is whole. A lock makes a second process wait instead of unpacking too.
"""

import shutil
from collections.abc import Callable
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import IO, Protocol

from filelock import FileLock

from headstart.storage.atomic import stamp
from headstart_runtime.errors import DataError, StoreError, is_disk_full

MOST_RATIO = 1000  #: unpacked bytes for each packed one, of a file of a MB or more


class ReadableBytes(Protocol):
    """A file that is open for reading."""

    def read(self, size: int, /) -> bytes:
        """Return that many bytes, fewer at the end."""


def unpack_once(file: Path, cache: Path, write: Callable[[Path], None], variant: str = "") -> Path:
    """Return the folder in the cache with a file's content, written now or earlier.

    Args:
        file: what is unpacked.
        cache: the folder of such folders.
        write: writes the content into a new folder.
        variant: how it is unpacked, where that can be done in several ways; part of the folder's name.

    Raises:
        OSError: the file cannot be read or the cache not be written.
        StoreError: there is no space left.
    """
    with file.open("rb") as stream:
        digest = file_digest(stream, lambda: blake2b(digest_size=20)).hexdigest()
    target = cache / f"{digest}{variant and '-'}{variant}"
    if target.is_dir():
        stamp(target)  # pruning goes by it
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{target.name}.lock"):
            if not target.is_dir():
                _write_new(target, write)
    except OSError as error:
        refuse_full_store(error, file, cache)
        raise
    return target


def copy_bounded(packed: ReadableBytes, out: IO[bytes], file: Path) -> None:
    """Copy what a file unpacks to.

    Raises:
        DataError: it is more than such files are.
    """
    most = MOST_RATIO * max(file.stat().st_size, 1 << 20)
    while chunk := packed.read(1 << 20):
        if out.tell() > most:
            raise DataError(f"{str(file)!r} unpacks to over {most / 1e6:,.0f} MB, as a bomb would; unpack it yourself")
        out.write(chunk)


def refuse_full_store(error: BaseException, file: Path, cache: Path) -> None:
    """Raise ``StoreError`` where an error says that there was no space for what a file unpacks to.

    Raises:
        StoreError: there was none.
    """
    if is_disk_full(error):
        raise StoreError(
            f"no space left in the store for what {file.name!r} unpacks to; free some ({cache}), or choose another "
            "with --store or HEADSTART_STORE"
        ) from None


def _write_new(target: Path, write: Callable[[Path], None]) -> None:
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # what a killed process left
    partial.mkdir()
    try:
        write(partial)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
