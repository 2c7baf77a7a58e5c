"""Texts as they are given: a string, a file's path, a file's bytes, an open file; read, and cut into parts."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headstart_runtime.errors import refuse_machine_faults
from headstart_runtime.modalities.batch import Part
from headstart_runtime.modalities.item import BrokenItem, UnreadableItem
from headstart_runtime.modalities.text.decoding import ReadText, decode_bytes, read_string
from headstart_runtime.modalities.text.parts import describe_cut, make_text_parts
from headstart_runtime.modalities.text.spec import TextSpec
from headstart_runtime.modalities.text.term_spec import TermSpec

WANTED = "wanted a str, a pathlib.Path, the bytes of a file or an open binary file"
NAME_LENGTH = 60  #: characters by which a text is called


class OpenedText:
    """A text that is read once, for all specs."""

    def __init__(self, given: object):
        self.name = name_text(given)
        self.repaired: str | None = None  #: what was no character in it, once it is read
        self.note = ""  #: such as that its end is not seen, once it is cut into parts
        self._given = given
        self._read: dict[str, ReadText] = {}  #: by the encoding that was asked for

    def load(self, spec: TextSpec | TermSpec) -> str:
        """Return the text.

        Raises:
            BrokenItem: it cannot be read, is none, or is empty.
        """
        if spec.encoding not in self._read:
            self._read[spec.encoding] = _read(self._given, spec.encoding)
        found = self._read[spec.encoding]
        self.repaired = found.repaired
        self.note = describe_cut(found.text, spec)
        return found.text

    def load_for_specs(self, specs: Sequence[TextSpec | TermSpec]) -> dict[Any, list[Part]]:
        """Return the parts that each spec makes of the text.

        Raises:
            BrokenItem: it cannot be read, is none, or is empty.
        """
        return {spec: make_text_parts(self.load(spec), spec) for spec in specs}

    def forget(self) -> None:
        """Free the text; it is read again if it is asked for."""
        self._read.clear()


def name_text(given: object) -> str:
    """Return a path, the name of an open file, the beginning of a text, or what it is: "bytes"."""
    if isinstance(given, os.PathLike):
        return os.fsdecode(given)
    if isinstance(given, str):
        words = " ".join(given[: 4 * NAME_LENGTH].split())
        return words if len(words) <= NAME_LENGTH else words[: NAME_LENGTH - 1] + "…"
    if isinstance(given, bytes | bytearray | memoryview):
        return "bytes"
    name = getattr(given, "name", "")
    return os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) and name else "file"


def is_one_text(given: object) -> bool:
    """Return whether a caller gave one text, or an attempt at one, and not a collection of texts."""
    if isinstance(given, np.ndarray):
        return given.ndim == 0
    if isinstance(given, str | os.PathLike | bytes | bytearray | memoryview | Mapping):
        return True
    return hasattr(given, "read") or not isinstance(given, Iterable)


def _read(given: Any, encoding: str) -> ReadText:
    if isinstance(given, str):
        return read_string(str(given))
    if isinstance(given, bytes | bytearray | memoryview):
        return decode_bytes(bytes(given), encoding)
    if isinstance(given, os.PathLike):
        return decode_bytes(_read_path(given), encoding)
    if isinstance(given, np.ndarray) and given.ndim == 0:
        return _read(given.item(), encoding)
    if hasattr(given, "read"):
        content = given.read()
        if isinstance(content, str):
            return read_string(content)
        if isinstance(content, bytes | bytearray | memoryview):
            return decode_bytes(bytes(content), encoding)
    raise BrokenItem(f"a text cannot be of type {type(given).__name__}; {WANTED}")


def _read_path(path: "os.PathLike[str]") -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        refuse_machine_faults(error, "to read texts")
        raise UnreadableItem(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
