"""Kernel rows of which there are too many for a table of inner products: these are made anew in each product.

``K a = X (X^T a)`` is two products with the sparse rows X, over the numbers in them that are not 0.
"""

from typing import Any, ClassVar, Self, cast

import numpy as np

from headstart.heads.kernel_rows import KernelRows
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.sparse import SparseRows


class SparseKernelRows(KernelRows):
    """Rows (N, M) of inner products that stand nowhere; M sparse rows from which they are made."""

    directions: ClassVar[int] = 16
    table: SparseRows
    scale: float

    def __init__(self, table: SparseRows, scale: float, rows: Ints):
        """Name some of sparse rows.

        Args:
            table: (M, V) all rows.
            scale: of the inner products.
            rows: (N,) indices of these.
        """
        super().__init__(np.empty((0, 0), np.float32), rows)
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "scale", scale)

    @property
    def shape(self) -> tuple[int, int]:
        """N and M."""
        return len(self.rows), len(self.table)

    @property
    def size(self) -> int:
        """The numbers of the rows that are not 0."""
        return int(np.diff(self.table.starts)[self.rows].sum())

    def __getitem__(self, chosen: Any) -> Self:
        return type(self)(self.table, self.scale, self.rows[chosen])

    def __matmul__(self, weight: Floats) -> Floats:
        combined = self.table.combine(np.ascontiguousarray(weight.T))
        return np.float32(self.scale) * self.table.take(self.rows).multiply(combined).T

    def average(self) -> Floats:
        """Return the mean of the rows, float32 (M,)."""
        mean = self.table.take(self.rows).combine(np.full((1, len(self)), 1 / len(self), np.float32))
        return np.float32(self.scale) * self.table.multiply(mean)[0]

    def centre(self) -> Floats:
        """Return what multiplies, as an array does, with the inner products (N, N) of the rows less their mean."""
        return cast("Floats", CentredProducts(self.table.take(self.rows), self.scale))


class CentredProducts:
    """The inner products (N, N) of rows less their mean, symmetric, as a factor of products."""

    __array_ufunc__ = None  #: a product with an array is made here

    def __init__(self, rows: SparseRows, scale: float):
        self._rows, self._scale = rows, np.float32(scale)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, int]:
        """N and N."""
        return len(self._rows), len(self._rows)

    def __rmatmul__(self, block: Floats) -> Floats:
        """Return (K, N) times the inner products, float32."""
        centred = block - block.mean(axis=1, keepdims=True)
        product = self._rows.multiply(self._rows.combine(centred))
        product -= product.mean(axis=1, keepdims=True)
        product *= self._scale
        return product

    def __matmul__(self, block: Floats) -> Floats:
        """Return the inner products times (N, K), float32."""
        return (np.ascontiguousarray(block.T) @ self).T
