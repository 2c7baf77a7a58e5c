"""Files that are compressed as a whole: read as streams, with bounded memory, and unpacked once into the cache."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from headstart.data.readers.unpack import ReadableBytes, copy_bounded, unpack_once
from headstart_runtime.errors import DataError, refuse_machine_faults

Opener = Callable[[Path], AbstractContextManager[ReadableBytes]]

#: The errors of a compressed file that is not whole.
DAMAGE: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error, lzma.LZMAError)
_CHUNK = 1 << 16  #: packed bytes that are read at once


class ZlibFile:
    """A file in zlib's own format (RFC 1950), open for reading."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("rb")
        self._inflate = zlib.decompressobj()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def read(self, size: int, /) -> bytes:
        """Return that many bytes, fewer at the end.

        Raises:
            EOFError: the file is cut off.
            OSError: it cannot be read.
            zlib.error: it is damaged.
        """
        found = bytearray()
        while len(found) < size and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._stream.read(_CHUNK)
            more = self._inflate.decompress(packed, size - len(found))
            found += more
            if not packed and not more and not self._inflate.eof:
                raise EOFError("it ends before the end-of-stream marker was reached")
        return bytes(found)


_OPENERS: tuple[tuple[bytes, Opener], ...] = (
    (b"\x1f\x8b", gzip.GzipFile),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
)


def find_opener(head: bytes) -> Opener | None:
    """Return what opens a gzip, bzip2 or xz file that begins so; None for any other."""
    return next((opener for start, opener in _OPENERS if head.startswith(start)), None)


def unpack_whole(path: Path, opener: Opener, cache: Path, name: str) -> Path:
    """Return a file in the cache with what another unpacks to.

    Args:
        path: the compressed file.
        opener: opens it.
        cache: the folder for what is unpacked.
        name: of the file in there.

    Raises:
        DataError: it is damaged, or unpacks to more than such files do.
        StoreError: there is no space left.
    """

    def write(folder: Path) -> None:
        with opener(path) as packed, (folder / name).open("wb") as out:
            copy_bounded(packed, out, path)

    try:
        return unpack_once(path, cache, write, variant=Path(name).stem) / name
    except DAMAGE as error:
        refuse_machine_faults(error, f"to unpack {str(path)!r}")
        raise DataError(f"{str(path)!r} is damaged: {error}; fetch it again") from None
