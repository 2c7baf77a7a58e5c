"""Rows of which most numbers are 0, as term counts of texts are: their products, by NumPy alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from headstart_runtime.arrays import Floats, Ints

_OFTEN = 1 / 27  #: share of the rows from which a column is multiplied as a dense one; the pairs of fewer are cheaper
_PAIRS = 1 << 21  #: pairs of rows at a time
_COLUMNS = 2048  #: dense ones at a time
_ROWS = 8192  #: sparse ones multiplied at a time


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows (N, V), each with the places and values of what is not 0 (compressed sparse rows)."""

    starts: Ints  #: (N + 1,) where each row begins among the values
    places: Ints  #: (nnz,) columns, each at most once in a row
    values: Floats  #: (nnz,)
    width: int  #: V

    @classmethod
    def stack(cls, rows: Sequence[tuple[Ints, Floats]], width: int) -> Self:
        """Return rows that are given one by one as places and values."""
        starts = np.cumsum([0, *(len(places) for places, _ in rows)])
        places = np.concatenate([np.zeros(0, np.int64), *(places for places, _ in rows)])
        values = np.concatenate([np.zeros(0, np.float32), *(values for _, values in rows)])
        return cls(starts.astype(np.int64), places.astype(np.int64), values.astype(np.float32), width)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of parts, one part after the other, of which there is one at least; all have one width."""
        ends = np.cumsum([0, *(len(part.places) for part in parts)])
        starts = [part.starts[:-1] + end for part, end in zip(parts, ends[:-1], strict=True)]
        return cls(
            np.concatenate([*starts, ends[-1:]]),
            np.concatenate([part.places for part in parts]),
            np.concatenate([part.values for part in parts]),
            parts[0].width,
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def take(self, rows: Ints) -> Self:
        """Return some of the rows, by their indices; these rows themselves where all are asked for in order."""
        if len(rows) == len(self) and np.array_equal(rows, np.arange(len(self))):
            return self
        counts = np.diff(self.starts)[rows]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        inside = np.repeat(self.starts[:-1][rows] - starts[:-1], counts) + np.arange(starts[-1])
        return type(self)(starts, self.places[inside], self.values[inside], self.width)

    def multiply(self, columns: Floats) -> Floats:
        """Return the rows times columns, each of them a row of (K, V): float32 (K, N)."""
        filled = np.flatnonzero(np.diff(self.starts))
        products = np.zeros((len(columns), len(self)), np.float32)
        for first in range(0, len(filled), _ROWS):
            rows = filled[first : first + _ROWS]
            low, high = self.starts[rows[0]], self.starts[rows[-1] + 1]
            places, values = self.places[low:high], self.values[low:high]
            for column, product in zip(columns, products, strict=True):
                product[rows] = np.add.reduceat(column[places] * values, self.starts[rows] - low)
        return products

    def combine(self, shares: Floats) -> Floats:
        """Return sums of the rows, each times its share, for several shares (K, N): float32 (K, V)."""
        sums = np.zeros((len(shares), self.width))
        for first in range(0, len(self), _ROWS):
            starts = self.starts[first : first + _ROWS + 1]
            counts, places = np.diff(starts), self.places[starts[0] : starts[-1]]
            values = self.values[starts[0] : starts[-1]]
            for share, total in zip(shares[:, first : first + _ROWS], sums, strict=True):
                total += np.bincount(places, np.repeat(share, counts) * values, minlength=self.width)
        return sums.astype(np.float32)

    def compute_kernel(self) -> Floats:
        """Return the inner products of all pairs of rows, float32 (N, N).

        Columns that many rows have are multiplied as dense blocks, of the others the pairs of their rows are added.
        """
        order = np.argsort(self.places, kind="stable")
        rows = np.repeat(np.arange(len(self)), np.diff(self.starts))[order]
        places, values = self.places[order], self.values[order]
        counts = np.bincount(places, minlength=self.width)
        often = counts > _OFTEN * len(self)
        kernel = np.zeros((len(self), len(self)), np.float32)
        for block in self._list_blocks(np.flatnonzero(often), rows, places, values):
            kernel += block @ block.T
        rare = ~often[places]
        _add_pairs(kernel, rows[rare], places[rare], values[rare])
        return kernel

    def _list_blocks(self, columns: Ints, rows: Ints, places: Ints, values: Floats) -> Iterator[Floats]:
        """Yield columns as dense blocks (N, up to 2,048) of numbers that are sorted by their places."""
        for start in range(0, len(columns), _COLUMNS):
            chosen = columns[start : start + _COLUMNS]
            to = np.full(self.width, -1, np.int64)
            to[chosen] = np.arange(len(chosen))
            inside = to[places] >= 0
            block = np.zeros((len(self), len(chosen)), np.float32)
            block[rows[inside], to[places[inside]]] = values[inside]
            yield block


def _add_pairs(kernel: Floats, rows: Ints, places: Ints, values: Floats) -> None:
    """Add the products of the numbers of each column to a kernel, pair by pair; they are sorted by their places.

    Columns of as many numbers go together.
    """
    flat, width = kernel.reshape(-1), len(kernel)
    first = np.flatnonzero(np.diff(places, prepend=-1))
    counts = np.diff(first, append=len(places))
    for count in np.unique(counts).tolist():
        columns = first[counts == count]
        together = max(1, _PAIRS // count**2)
        for start in range(0, len(columns), together):
            own = columns[start : start + together, None] + np.arange(count)
            pairs = rows[own][:, :, None] * width + rows[own][:, None]
            np.add.at(flat, pairs.ravel(), (values[own][:, :, None] * values[own][:, None]).ravel())
