"""Parameter spaces of linear heads while they are solved: dual (a coefficient for each row), or primal (weights).

The best weights are a combination of the rows, W = Z^T a (the representer theorem: Kimeldorf & Wahba, 1971, J. Math.
Anal. Appl. 33). With few rows and long features ``a`` is the shorter unknown and needs Z Z^T only, once. Both spaces
hold the same problem, and the solver sees them through three products.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from headstart.heads.kernel_rows import KernelRows
from headstart_runtime.arrays import Floats
from headstart_runtime.linalg import iterate_subspace

_DIRECTIONS = 96  #: steepest directions that the preconditioner knows, at most
_FLAT = 1e-3  #: share of the steepest under which a direction is left as it is: float32 would lift rounding with it
_SAMPLE = 4096  #: rows from which these are estimated where there are more
_TURNED = 1 << 24  #: numbers of features up to which a copy is kept that stands the other way: BLAS reads it faster


@dataclass(frozen=True, slots=True)
class Preconditioner:
    """Directions in which the logits move most: eigenvectors of Z Z^T or Z^T Z. They decide how slow CG is."""

    values: Floats  #: (k,) descending
    vectors: Floats  #: (M, k) orthonormal, M the length of the unknown

    def precondition(self, gradient: Floats, stiffness: float) -> Floats:
        """Return an approximate (I + stiffness * Z^T Z)^-1 gradient, over the last axis.

        Raises:
            FloatingPointError: it is no number, which solvers would take for the end of their way. The numbers are
                looked at, not the processor's flag: that was up after the last product in three of many runs of all
                tests, in a thread beside others, and in none of 450,000 products made to find out why.
        """
        tail = 1 + stiffness * float(self.values[-1])
        shrink = (tail / (1 + stiffness * self.values) - 1).astype(np.float32)
        flat = gradient.reshape(-1, gradient.shape[-1])
        with np.errstate(invalid="ignore"):
            known = (flat @ self.vectors) * shrink
            moved = np.asarray(flat + known @ self.vectors.T, np.float32) * np.float32(1 / tail)
        if not np.isfinite(moved).all():
            raise FloatingPointError("the gradient of a linear head is no number")
        return moved.reshape(gradient.shape)


class ParameterSpace(Protocol):
    """A linear problem, seen through three products. Unknowns are (..., M), logits (..., N)."""

    rows: int  #: N
    size: int  #: M
    preconditioner: Preconditioner

    def forward(self, unknown: Floats) -> Floats:
        """Return what an unknown adds to the logits of the rows: features times weights."""

    def adjoint(self, residual: Floats) -> Floats:
        """Return the gradient that residuals of the rows make, as an unknown: features transposed times residuals."""

    def inner(self, left: Floats, right: Floats, logits: Floats) -> Floats:
        """Return the inner products (P,) of the weights of two unknowns (L, P, M); ``logits`` is ``forward(right)``."""

    def weights(self, unknown: Floats) -> Floats:
        """Return the weights (D, L) of an unknown (L, M)."""


class DualSpace:
    """Unknowns are coefficients of rows, M = N. One product with the kernel does for both directions."""

    def __init__(self, rows: Floats | KernelRows, seed: int):
        self._features = rows
        self._kernel = rows.centre() if isinstance(rows, KernelRows) else rows @ rows.T
        self.rows = self.size = len(rows)
        directions = rows.directions if isinstance(rows, KernelRows) else _DIRECTIONS
        self.preconditioner = _precondition(
            lambda block: np.asarray(self._kernel @ block, np.float32), self.size, 1.0, seed, directions
        )

    def forward(self, unknown: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return _times(unknown, self._kernel)

    def adjoint(self, residual: Floats) -> Floats:
        """See ``ParameterSpace``."""
        # The rows are centred, so equal coefficients add up to nothing, and rounding would make them something.
        return residual - residual.mean(axis=-1, keepdims=True)

    def inner(self, left: Floats, right: Floats, logits: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return inner_products(left, logits)

    def weights(self, unknown: Floats) -> Floats:
        """See ``ParameterSpace``."""
        if isinstance(self._features, KernelRows):
            weight = np.zeros((self._features.shape[1], len(unknown)), np.float32)
            np.add.at(weight, self._features.rows, unknown.T)
            return weight
        return (unknown @ self._features).T


class PrimalSpace:
    """Unknowns are the weights themselves, M = D."""

    def __init__(self, rows: Floats, seed: int):
        self._features = rows
        # Of 4,636 rows of 384, one product for 30 logits takes 1.3 ms so and 2.0 ms without, for 6 logits 0.5 and 1.1.
        self._turned = np.ascontiguousarray(rows.T) if rows.size <= _TURNED else rows.T
        self.rows, self.size = rows.shape
        step = max(1, len(rows) // _SAMPLE)
        sample = rows[::step]
        self.preconditioner = _precondition(
            lambda block: np.asarray(sample.T @ (sample @ block), np.float32), self.size, len(rows) / len(sample), seed
        )

    def forward(self, unknown: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return _times(unknown, self._turned)

    def adjoint(self, residual: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return _times(residual, self._features)

    def inner(self, left: Floats, right: Floats, logits: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return inner_products(left, right)

    def weights(self, unknown: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return unknown.T


def choose_space(rows: Floats | KernelRows, seed: int) -> ParameterSpace:
    """Return the cheaper space for standardised rows (N, D): a step costs N x N in one, 2 x N x D in the other."""
    if isinstance(rows, KernelRows):
        return DualSpace(rows, seed)
    return DualSpace(rows, seed) if len(rows) <= 2 * rows.shape[1] else PrimalSpace(rows, seed)


def inner_products(left: Floats, right: Floats) -> Floats:
    """Return the inner products (P,) of two stacks (L, P, M)."""
    return np.einsum("lpm,lpm->p", left, right)


def _times(stack: Floats, matrix: Floats) -> Floats:
    """Return (..., A) times (A, B) as one large product, which is what BLAS is fast at."""
    return (stack.reshape(-1, stack.shape[-1]) @ matrix).reshape(*stack.shape[:-1], matrix.shape[1])


def _precondition(
    product: Callable[[Floats], Floats], size: int, scale: float, seed: int, directions: int = _DIRECTIONS
) -> Preconditioner:
    """Return the preconditioner of a positive matrix (size, size), from its largest eigenvalues."""
    wanted = min(directions, max(1, size // 2))
    block = np.random.default_rng(seed).standard_normal((size, wanted), dtype=np.float32)
    block = iterate_subspace(product, block)
    small = block.T @ product(block)
    values, turn = np.linalg.eigh((small + small.T) / 2)
    kept = np.flatnonzero(values > _FLAT * values[-1])[::-1]
    if not len(kept):  # rows that are all alike
        return Preconditioner(np.zeros(1, np.float32), np.zeros((size, 1), np.float32))
    return Preconditioner(values[kept].astype(np.float32) * np.float32(scale), block @ turn[:, kept])
