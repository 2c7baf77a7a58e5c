"""Places that have the bytes of items: a file, a row of an array, a value that is at hand."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.modalities.item import BrokenItem, Excerpt, Raw


@dataclass(frozen=True, slots=True)
class SourceStat:
    """The facts about an item's place that are known before it is read."""

    size: int | None = None  #: bytes; None where that is not known
    readable: bool = True  #: False for what is no file, such as a pipe: reading it would wait for ever


class SampleSource(Protocol):
    """The place of one item. Those below are built in; a reader of another package may bring its own."""

    @property
    def uri(self) -> str:
        """The address of the item; it ends like its file."""

    def stat(self) -> SourceStat:
        """Return what is known without reading it.

        Raises:
            OSError: it is not there, or cannot be asked.
        """

    def read(self) -> Raw:
        """Return the bytes of the item, or its row of an array.

        Raises:
            OSError: it cannot be read.
        """


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file on disk."""

    path: Path

    @property
    def uri(self) -> str:
        """The file's address."""
        return self.path.absolute().as_uri()

    def stat(self) -> SourceStat:
        """Return the file's size, and whether it is one."""
        status = self.path.stat()
        return SourceStat(status.st_size, stat.S_ISREG(status.st_mode))

    def read(self) -> bytes:
        """Return the file's bytes."""
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class ArraySource:
    """A row of an array, in memory or memory-mapped."""

    array: NDArray[Any]  #: (N, ...)
    index: int

    @property
    def uri(self) -> str:
        """The row's number, in the fragment of an address."""
        return f"array:#{self.index}"

    def stat(self) -> SourceStat:
        """Return the row's size."""
        return SourceStat(self.array.nbytes // max(1, len(self.array)))

    def read(self) -> NDArray[Any]:
        """Return the row as given, (...)."""
        return np.asarray(self.array[self.index])


@dataclass(frozen=True, slots=True)
class ValueSource:
    """An item that is at hand itself, such as the cell of a table; text as UTF-8."""

    content: bytes

    @property
    def uri(self) -> str:
        """The scheme of addresses that have their content in them, without the content."""
        return "data:"

    def stat(self) -> SourceStat:
        """Return the size of the content."""
        return SourceStat(len(self.content))

    def read(self) -> bytes:
        """Return the content."""
        return self.content


@dataclass(frozen=True, slots=True)
class ExcerptSource:
    """A stretch of a file on disk."""

    excerpt: Excerpt

    @property
    def uri(self) -> str:
        """The file's address, with the stretch in its fragment (Media Fragments URI 1.0, W3C 2012)."""
        end = "" if self.excerpt.end is None else f",{self.excerpt.end:.6g}"
        return f"{self.excerpt.path.absolute().as_uri()}#t={self.excerpt.start:.6g}{end}"

    def stat(self) -> SourceStat:
        """Return whether the file is one; how much of it the stretch takes is not known."""
        return SourceStat(None, stat.S_ISREG(self.excerpt.path.stat().st_mode))

    def read(self) -> Excerpt:
        """Return the stretch, of which the modality reads what it needs."""
        return self.excerpt


@dataclass(frozen=True, slots=True)
class BrokenSource:
    """The place of an item that is known to be none: a row of a table without values."""

    reason: str

    @property
    def uri(self) -> str:
        """The scheme of addresses that have their content in them, without the content."""
        return "data:"

    def stat(self) -> SourceStat:
        """Return a size of nothing."""
        return SourceStat(0)

    def read(self) -> Raw:
        """Raise the reason as a ``BrokenItem``."""
        raise BrokenItem(self.reason)
