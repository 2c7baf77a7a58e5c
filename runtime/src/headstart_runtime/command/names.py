"""Names of files on standard input: a line each, or each ended by a null byte as ``find -print0`` writes them."""

import codecs
import io
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from headstart_runtime.errors import SettingError

LOOK_AT = 32  #: bytes by which content is told from names
CHUNK = 1 << 16  #: bytes asked for at once; fewer are taken when fewer are there


def read_names_on_stdin() -> Iterator[str]:
    """Give names as they come. A byte order mark is no part of the first one, blank lines are none."""
    stream = sys.stdin
    if isinstance(stream, io.TextIOWrapper):
        yield from read_names(stream.buffer, stream.encoding)
    elif stream is not None:
        yield from (line.rstrip("\r\n") for line in stream if line.strip())


def read_names(stream: BinaryIO, encoding: str = "utf-8") -> Iterator[str]:
    """Give the names in a stream of bytes.

    Args:
        stream: that is read as far as there is something to read.
        encoding: of the names; bytes that are none are kept, for a file's name may be any bytes. A byte order mark says
            another one.

    Raises:
        SettingError: they are the content of a file and no names.
    """
    decoder: codecs.IncrementalDecoder | None = None
    pending, ending = "", ""
    first = b""
    while chunk := _available(stream):
        if decoder is None:
            first += chunk
            if len(first) < 3 and b"\n" not in first:  # a byte order mark has up to three
                continue
            _refuse_content(first)
            chunk, encoding = _without_mark(first, encoding)
            decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        pending += decoder.decode(chunk)
        ending = ending or ("\0" if "\0" in pending else "\n" if "\n" in pending else "")
        if ending:
            *whole, pending = pending.split(ending)
            yield from (name.rstrip("\r\n") for name in whole if name.strip())
    if decoder is None and first:
        chunk, encoding = _without_mark(first, encoding)
        pending = chunk.decode(encoding, "surrogateescape")
    elif decoder is not None:
        with suppress(UnicodeDecodeError):  # half a character of UTF-16, which is no name
            pending += decoder.decode(b"", final=True)
    if pending.strip():
        yield pending.rstrip("\r\n")


def _refuse_content(first: bytes) -> None:
    """Refuse what begins like a file that is no text: it has null bytes, and other bytes that stand in no name."""
    head = first[:LOOK_AT]
    if b"\0" in head and any(0 < byte < 9 or 13 < byte < 32 for byte in head):
        raise SettingError(
            "standard input has the bytes of a file where names of files are wanted, one in a line; give its name"
        )


def _without_mark(first: bytes, encoding: str) -> tuple[bytes, str]:
    for mark, meant in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if first.startswith(mark):
            return first[len(mark) :], meant
    return first, encoding


def _available(stream: BinaryIO) -> bytes:
    """Return what there is to read now, some bytes at least until the end."""
    read1 = getattr(stream, "read1", None)
    return bytes(read1(CHUNK)) if read1 is not None else stream.read(CHUNK)
