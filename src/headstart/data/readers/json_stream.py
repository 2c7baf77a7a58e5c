"""Large JSON files, read an element at a time: what stands in the arrays of the outermost object, or in the array."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from headstart_runtime.errors import DataError, refuse_machine_faults

CHUNK = 1 << 20  #: characters read at once
LOOK_AT = 1 << 16  #: bytes at each end by which the kind of a file is told
MOST = 1 << 28  #: characters of one element


def iter_json(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield key and value of the outermost object, of an array each element; "" is the key where an array is outermost.

    Raises:
        DataError: it is no JSON, or cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:
            yield from _Scanner(stream).iter_elements()
    except (ValueError, RecursionError) as error:  # a JSONDecodeError and a UnicodeDecodeError are ValueErrors
        what = str(error).partition(":")[0]
        raise DataError(f"{str(path)!r} is no whole JSON file ({what}); export it again") from None
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
        raise DataError(f"{str(path)!r} cannot be read: {error.strerror or error}; check the file") from None


def read_ends(path: Path) -> bytes:
    """Return the first and last bytes of a file without white space in front; empty where it cannot be read."""
    try:
        with path.open("rb") as stream:
            head = stream.read(LOOK_AT)
            stream.seek(max(LOOK_AT, path.stat().st_size - LOOK_AT))
            tail = stream.read(LOOK_AT)
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
        return b""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip() + tail


def has_lines(ends: bytes) -> bool:
    """Return whether the ends of a file are those of several JSON objects, each in a line of its own."""
    return re.match(rb"\{[^\n]*\}[ \t\r]*\n\s*\{", ends) is not None


class _Scanner:
    """A window over the text of a file, which moves forward."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._at = 0
        self._ended = False
        self._decode = json.JSONDecoder().raw_decode

    def iter_elements(self) -> Iterator[tuple[str, Any]]:
        first = self._peek()
        if first == "[":
            yield from (("", value) for value in self._iter_array())
        elif first == "{":
            self._at += 1
            while not self._closes("}"):
                key = self._value()
                self._expect(":")
                if self._peek() == "[":
                    yield from ((str(key), value) for value in self._iter_array())
                else:
                    yield str(key), self._value()
        else:
            raise ValueError("it begins with neither { nor [")
        if self._peek():
            raise ValueError("something follows its end")

    def _iter_array(self) -> Iterator[Any]:
        self._expect("[")
        while not self._closes("]"):
            yield self._value()

    def _closes(self, end: str) -> bool:
        """Return whether an object or array ends here; a comma before its next element is passed."""
        sign = self._peek()
        if sign == ",":
            self._at += 1
            sign = self._peek()
        if not sign:
            raise ValueError("it ends in the middle")
        if sign == end:
            self._at += 1
        return sign == end

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise ValueError(f"{sign!r} is missing")
        self._at += 1

    def _peek(self) -> str:
        """Return the next character that is no white space; "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text) or not self._fill():
                return self._text[self._at : self._at + 1]

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
                if end < len(self._text) or not self._fill():  # a number may go on in the next piece
                    self._at = end
                    return value
            except ValueError:
                if not self._fill():
                    raise

    def _fill(self) -> bool:
        """Read on, twice as much as is waiting; return whether something came."""
        if self._ended:
            return False
        waiting = self._text[self._at :]
        if len(waiting) > MOST:
            raise ValueError("an element is too long")
        more = self._stream.read(max(CHUNK, len(waiting)))
        self._text, self._at, self._ended = waiting + more, 0, not more
        return bool(more)
