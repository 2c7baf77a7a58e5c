"""Where the weights of a linear head live while it is solved: rows of an (N, N) kernel, or columns.

The best weights are a combination of the rows, W = Z^T a (the representer theorem: Kimeldorf & Wahba, 1971, J. Math.
Anal. Appl. 33). With few rows and long features ``a`` is the shorter unknown and needs Z Z^T only, once. Both spaces
hold the same problem, and the solver sees them through three products.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from headstart.arrays import Floats
from headstart.linalg import iterate_subspace

_DIRECTIONS = 96  #: steepest directions that the preconditioner knows
_FLAT = 1e-3  #: share of the steepest under which a direction is left as it is: float32 would lift rounding with it
_SAMPLE = 4096  #: rows from which these are estimated where there are more


@dataclass(frozen=True, slots=True)
class Preconditioner:
    """The directions in which the logits move most: eigenvectors of Z Z^T or Z^T Z. They decide how slow CG is."""

    values: Floats  #: (k,) descending
    vectors: Floats  #: (M, k) orthonormal, M the length of the unknown

    def precondition(self, gradient: Floats, stiffness: float) -> Floats:
        """An approximate (I + stiffness * Z^T Z)^-1 gradient, over the last axis."""
        tail = 1 + stiffness * float(self.values[-1])
        shrink = (tail / (1 + stiffness * self.values) - 1).astype(np.float32)
        flat = gradient.reshape(-1, gradient.shape[-1])
        known = (flat @ self.vectors) * shrink
        moved = np.asarray(flat + known @ self.vectors.T, np.float32) * np.float32(1 / tail)
        return moved.reshape(gradient.shape)


class ParameterSpace(Protocol):
    """Three products of a problem. Unknowns are (..., M), logits (..., N)."""

    rows: int  #: N
    size: int  #: M
    steep: Preconditioner

    def forward(self, unknown: Floats) -> Floats:
        """What an unknown adds to the logits of the rows."""

    def adjoint(self, residual: Floats) -> Floats:
        """The gradient that residuals of the rows make, in the form of an unknown."""

    def inner(self, left: Floats, right: Floats, pushed: Floats) -> Floats:
        """Inner product of the weights of two unknowns (L, P, M) -> (P,); ``pushed`` is ``push(right)``."""

    def weights(self, unknown: Floats) -> Floats:
        """Unknown (L, M) -> weights (D, L)."""


class DualSpace:
    """Unknowns are coefficients of rows, M = N. One product with the kernel does for both directions."""

    def __init__(self, rows: Floats, seed: int):
        self._features = rows
        self._kernel = rows @ rows.T
        self.rows = self.size = len(rows)
        self.steep = _steepest(lambda block: np.asarray(self._kernel @ block, np.float32), self.size, 1.0, seed)

    def forward(self, unknown: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return _times(unknown, self._kernel)

    def adjoint(self, residual: Floats) -> Floats:
        """See ``ParameterSpace``."""
        # The rows are centred, so equal coefficients add up to nothing, and rounding would make them something.
        return residual - residual.mean(axis=-1, keepdims=True)

    def inner(self, left: Floats, right: Floats, pushed: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return inner_products(left, pushed)

    def weights(self, unknown: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return (unknown @ self._features).T


class PrimalSpace:
    """Unknowns are the weights themselves, M = D."""

    def __init__(self, rows: Floats, seed: int):
        self._features = rows
        self.rows, self.size = rows.shape
        step = max(1, len(rows) // _SAMPLE)
        sample = rows[::step]
        self.steep = _steepest(
            lambda block: np.asarray(sample.T @ (sample @ block), np.float32), self.size, len(rows) / len(sample), seed
        )

    def forward(self, unknown: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return _times(unknown, self._features.T)

    def adjoint(self, residual: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return _times(residual, self._features)

    def inner(self, left: Floats, right: Floats, pushed: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return inner_products(left, right)

    def weights(self, unknown: Floats) -> Floats:
        """See ``ParameterSpace``."""
        return unknown.T


def choose_space(rows: Floats, seed: int) -> ParameterSpace:
    """The cheaper space for standardised rows (N, D): a step costs N x N in one, 2 x N x D in the other."""
    return DualSpace(rows, seed) if len(rows) <= 2 * rows.shape[1] else PrimalSpace(rows, seed)


def inner_products(left: Floats, right: Floats) -> Floats:
    """(L, P, M) and (L, P, M) -> (P,)."""
    return np.einsum("lpm,lpm->p", left, right)


def _times(stack: Floats, matrix: Floats) -> Floats:
    """(..., A) by (A, B) as one large product, which is what BLAS is fast at."""
    return (stack.reshape(-1, stack.shape[-1]) @ matrix).reshape(*stack.shape[:-1], matrix.shape[1])


def _steepest(product: Callable[[Floats], Floats], size: int, scale: float, seed: int) -> Preconditioner:
    """Largest eigenvalues of a positive matrix by randomised subspace iteration (Halko, Martinsson & Tropp, 2011)."""
    wanted = min(_DIRECTIONS, max(1, size // 2))
    block = np.random.default_rng(seed).standard_normal((size, wanted), dtype=np.float32)
    block = iterate_subspace(product, block)
    small = block.T @ product(block)
    values, turn = np.linalg.eigh((small + small.T) / 2)
    kept = np.flatnonzero(values > _FLAT * values[-1])[::-1]
    if not len(kept):  # rows that are all alike
        return Preconditioner(np.zeros(1, np.float32), np.zeros((size, 1), np.float32))
    return Preconditioner(values[kept].astype(np.float32) * np.float32(scale), block @ turn[:, kept])
