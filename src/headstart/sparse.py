"""Rows of which most numbers are 0, as term counts of texts are: their products, by NumPy alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from headstart.arrays import Floats, Ints

_OFTEN = 1 / 27  #: share of the rows from which a column is multiplied as a dense one; the pairs of fewer are cheaper
_PAIRS = 1 << 21  #: pairs of rows at a time
_COLUMNS = 2048  #: dense ones at a time


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

    def __len__(self) -> int:
        return len(self.starts) - 1

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

    def multiply_transposed(self, matrix: Floats) -> Floats:
        """Return the transpose of the rows times a matrix (N, K), float32 (V, K)."""
        rows = np.repeat(np.arange(len(self)), np.diff(self.starts))
        columns = [
            np.bincount(self.places, self.values * column[rows], minlength=self.width)
            for column in np.asarray(matrix, np.float64).T
        ]
        return np.stack(columns, axis=1).astype(np.float32)


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
