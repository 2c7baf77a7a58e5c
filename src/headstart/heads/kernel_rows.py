"""Rows that are known by their inner products alone: what is too wide to be written out, such as counts of terms.

A head that is linear needs no more of its rows (``heads.space.DualSpace``). It is a head on kernel values, a weight for
each row it was fitted on and 0 for others; ``SparseRows.combine`` makes weights of the columns of these.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from headstart_runtime.arrays import Floats, Ints

Fit = TypeVar("Fit", bound=Callable[..., Any])
_READS = "reads_kernel_rows"  #: an attribute of functions that fit a head


@dataclass(frozen=True, eq=False)
class KernelRows:
    """Rows (N, M): the inner products of N rows with all M that there are."""

    #: Directions that a solver shall know of them; three products each find these.
    directions: ClassVar[int] = 96

    kernel: Floats  #: (M, M), of all
    rows: Ints  #: (N,) of these

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int]:
        """N and M."""
        return len(self.rows), len(self.kernel)

    @property
    def ndim(self) -> int:
        """Two, as of an array."""
        return 2

    @property
    def size(self) -> int:
        """The number of inner products."""
        return len(self.rows) * len(self.kernel)

    def __getitem__(self, chosen: Any) -> "KernelRows":
        return KernelRows(self.kernel, self.rows[chosen])

    def __matmul__(self, weight: Floats) -> Floats:
        used = np.flatnonzero(np.any(weight != 0, axis=1))
        return np.asarray(self.kernel[np.ix_(self.rows, used)] @ weight[used], np.float32)

    def average(self) -> Floats:
        """Return the mean of the rows, float32 (M,)."""
        return np.asarray(self.kernel[self.rows].mean(axis=0, dtype=np.float64), np.float32)

    def centre(self) -> Floats:
        """Return the inner products (N, N) of the rows less their mean."""
        own = self._own()
        mean = own.mean(axis=0, dtype=np.float64)
        centred = np.subtract(own, mean.astype(np.float32), out=own if own is not self.kernel else None)
        centred -= (mean - mean.mean()).astype(np.float32)[:, None]
        return centred

    def _own(self) -> Floats:
        """Return the inner products (N, N) of the rows; the kernel itself where these are all, in their order."""
        if len(self.rows) == len(self.kernel) and (self.rows == np.arange(len(self.rows))).all():
            return self.kernel
        return self.kernel[np.ix_(self.rows, self.rows)]


def as_features(rows: KernelRows) -> Floats:
    """Return kernel rows for a ``TrainingSet``: heads that are linear read them as they read features."""
    return cast("Floats", rows)


def reads_kernel_rows(fit: Fit) -> Fit:
    """Say of a function that fits a head that it reads kernel rows as well as features."""
    setattr(fit, _READS, True)
    return fit


def can_read_kernel_rows(fit: object) -> bool:
    """Return whether a function that fits a head reads kernel rows as well as features."""
    return bool(getattr(fit, _READS, False))


def is_kernel(features: object) -> bool:
    """Return whether features are kernel rows."""
    return isinstance(features, KernelRows)
