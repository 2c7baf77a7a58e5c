"""Arrays as files keep them: their shape and type are known at once, values are read when asked for."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.data.sources import SourceStat

COLUMNS, PLANES, PLANES_OF_COLUMNS = "columns", "planes", "planes of columns"  #: orders of the values of a flat row
CHUNK_BYTES = 16_000_000  #: of values that are looked at together


class StoredArray(Protocol):
    """An array in a file, of which rows are read one by one."""

    name: str  #: in its file, perhaps below that of a file of several: ``train/x``

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""

    @property
    def dtype(self) -> "np.dtype[Any]":
        """The type of the values; of text in any form one whose kind is no number's."""

    @property
    def flat_order(self) -> str:
        """The order of the values of a flat row where the file's format says it; "" where it does not."""

    def load(self) -> NDArray[Any]:
        """Return all of it.

        Raises:
            DataError: it cannot be read.
        """

    def read_rows(self, start: int, stop: int, axis: int) -> NDArray[Any]:
        """Return some rows along an axis, 0 or -1, which is the first one of what is returned.

        Raises:
            OSError: they cannot be read.
        """


class LoadedArray:
    """An array that is loaded or memory-mapped whole when values are first asked for."""

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: "np.dtype[Any]",
        load: Callable[[], NDArray[Any]],
        flat_order: str = "",
    ) -> None:
        self.name, self.shape, self.dtype, self.flat_order = name, shape, dtype, flat_order
        self._load = load
        self._array: NDArray[Any] | None = None

    @classmethod
    def from_array(cls, name: str, array: NDArray[Any], flat_order: str = "") -> "LoadedArray":
        """Return an array that is at hand as one that is stored."""
        stored = cls(name, array.shape, array.dtype, lambda: array, flat_order)
        stored._array = array
        return stored

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels to another process: the values, for the function that loads them may not."""
        array = self.load()
        return {**self.__dict__, "_array": array, "_load": None}

    def load(self) -> NDArray[Any]:
        """Return all of it."""
        if self._array is None:
            self._array = self._load()
        return self._array

    def read_rows(self, start: int, stop: int, axis: int) -> NDArray[Any]:
        """Return some rows along an axis, 0 or -1, as a view."""
        return np.moveaxis(self.load(), axis, 0)[start:stop]


@dataclass(frozen=True, slots=True)
class RowLayout:
    """The way from a row of a stored array to an item."""

    axis: int = 0  #: along which the items lie: 0, or -1 for the last
    shape: tuple[int, ...] = ()  #: that a flat row is given; () leaves it
    order: tuple[int, ...] = ()  #: of the axes then; () leaves them
    scale: float = 0.0  #: by which values are multiplied to become 0 to 255, uint8; 0 leaves them as they are

    @property
    def is_plain(self) -> bool:
        """Whether rows are items as they are."""
        return self == RowLayout()

    def arrange(self, row: NDArray[Any]) -> NDArray[Any]:
        """Return a row as an item."""
        if self.shape:
            row = row.reshape(self.shape)
        if self.order:
            row = row.transpose(self.order)
        if self.scale:
            row = np.rint(np.asarray(row, np.float64) * self.scale).clip(0, 255).astype(np.uint8)
        return np.asarray(row)


@dataclass(frozen=True, slots=True)
class RowSource:
    """A row of a stored array, read and arranged when asked for."""

    stored: StoredArray = field(hash=False)
    layout: RowLayout
    index: int

    @property
    def uri(self) -> str:
        """The row's number, in the fragment of an address."""
        return f"array:#{self.index}"

    def stat(self) -> SourceStat:
        """Return the row's size."""
        rows = max(1, self.stored.shape[self.layout.axis])
        return SourceStat(math.prod(self.stored.shape) * self.stored.dtype.itemsize // rows)

    def read(self) -> NDArray[Any]:
        """Return the row as an item, (...)."""
        return self.layout.arrange(self.stored.read_rows(self.index, self.index + 1, self.layout.axis)[0])


def iter_chunks(stored: StoredArray, axis: int) -> Iterator[NDArray[Any]]:
    """Yield all rows along an axis, some megabytes at a time."""
    count = stored.shape[axis]
    row = math.prod(stored.shape) * stored.dtype.itemsize // max(1, count)
    step = max(1, CHUNK_BYTES // max(1, row))
    for start in range(0, count, step):
        yield stored.read_rows(start, min(start + step, count), axis)
