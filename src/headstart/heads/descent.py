"""Several penalised logistic regressions on the same rows, solved side by side.

Minimised for each problem p: ``C * sum_n weight[p, n] * log loss[p, n] + |W|^2 / 2``, the bias free, by preconditioned
nonlinear conjugate gradients (Polak-Ribiere+: Nocedal & Wright, Numerical Optimization, 2006, section 5.2). Logits are
linear in the step, so a line search costs no product with the features: it is Newton's method in one variable.
Rows come last in every array: sums over classes then run along whole vectors.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.heads.space import ParameterSpace, inner_products
from headstart_runtime.arrays import Doubles, Floats

_SEARCHES = 8  #: most evaluations of one line search
_FLATTER = 0.25  #: a line search ends where the slope is that share of what it was
_FLOOR = 1e-10  #: nats per row below which nothing can be gained in float32


@dataclass(frozen=True, slots=True)
class Problems:
    """P problems on N rows. L is the number of logits: 1 for two classes, C for more."""

    targets: Floats  #: (L, 1, N) 0 or 1
    weights: Floats  #: (P, N) of the rows; 0 keeps a row out


@dataclass(slots=True)
class Solution:
    """A point in the space of the problems; moved in place."""

    unknown: Floats  #: (L, P, M), see ``ParameterSpace``
    bias: Floats  #: (L, P)
    logits: Floats  #: (L, P, N), of all rows, also those that a problem keeps out
    chance: Floats  #: (L, P, N), the probabilities of these

    def copy(self) -> "Solution":
        """Return a point of its own at the same place."""
        return Solution(self.unknown.copy(), self.bias.copy(), self.logits, self.chance)  # these two are replaced only

    def average(self) -> tuple[Floats, Floats]:
        """Return the mean over the problems of the unknowns, (L, M), and of the biases, (L,)."""
        return self.unknown.mean(axis=1), self.bias.mean(axis=1)


@dataclass(frozen=True, slots=True)
class _Move:
    """A direction and the change of the logits along it."""

    unknown: Floats  #: (L, P, M)
    bias: Floats  #: (L, P)
    logits: Floats  #: (L, P, N), without the bias

    def combined(self, share: Floats, other: "_Move") -> "_Move":
        """Return ``share * self - other``, a share for each problem (P,)."""
        stretch = share[:, None]
        return _Move(
            stretch * self.unknown - other.unknown,
            share * self.bias - other.bias,
            stretch * self.logits - other.logits,
        )


@dataclass(frozen=True, slots=True)
class _Slope:
    """A gradient."""

    unknown: Floats  #: (L, P, M)
    bias: Floats  #: (L, P)

    def along(self, move: _Move, space: ParameterSpace) -> Floats:
        """Return the slope (P,) along a move."""
        return space.inner(self.unknown, move.unknown, move.logits) + (self.bias * move.bias).sum(axis=0)


def initialise(space: ParameterSpace, bias: Floats) -> Solution:
    """Return the point with weights of 0 and a bias (L, P)."""
    rows = space.rows
    logits = np.repeat(bias[:, :, None], rows, axis=2)
    return Solution(
        np.zeros((*bias.shape, space.size), np.float32), bias.copy(), logits, probabilities_of_logits(logits)
    )


def start_at(space: ParameterSpace, unknown: Floats, bias: Floats) -> Solution:
    """Return the point with an unknown (L, M) and a bias (L,), of one problem."""
    logits = space.forward(unknown[:, None]) + bias[:, None, None]
    return Solution(unknown[:, None].copy(), bias[:, None].copy(), logits, probabilities_of_logits(logits))


def probabilities_of_logits(logits: Floats) -> Floats:
    """Return the probabilities of logits (L, P, N), of the same shape; a single logit is that of class 1."""
    if len(logits) == 1:
        return np.float32(1) / (np.exp(np.minimum(-logits, np.float32(80))) + np.float32(1))
    shifted = logits - logits.max(axis=0)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=0)
    return shifted


def minimise(space: ParameterSpace, problems: Problems, at: Solution, C: float, tolerance: float, steps: int) -> int:
    """Move ``at`` to the minimum for ``C`` and return the steps it took.

    A problem is done when the expected gain is below ``tolerance`` times the square of its weights: for a tolerance of
    1e-4 the weights are within some 1 % of the best.
    """
    total = problems.weights.sum(axis=1)
    stiffness = C * _mean_curvature(at.chance, problems.weights)
    # float32 would lose a bias whose rows are all settled; the step is bounded by the line search.
    softness = np.asarray(1 / np.maximum(stiffness * total, 1e-6), np.float32)
    move: _Move | None = None
    slope: _Slope | None = None
    before = np.ones_like(total)
    for step in range(steps):
        previous, slope = slope, _slope(space, problems, at, C)
        ahead = _downhill(space, slope, stiffness, softness)
        gain = slope.along(ahead, space)
        size = space.inner(at.unknown, at.unknown, at.logits - at.bias[:, :, None])
        active = gain > np.maximum(tolerance * size, _FLOOR * C * total)
        if not active.any():
            return step
        if move is None or previous is None:
            move = _Move(-ahead.unknown, -ahead.bias, -ahead.logits)
        else:
            turn = np.maximum(0, (gain - previous.along(ahead, space)) / before)
            # Where the sum would climb, start anew from the gradient.
            turn *= turn * slope.along(move, space) < gain
            move = move.combined(turn, ahead)
        before = np.maximum(gain, np.float32(1e-30))
        length = _search(space, problems, at, move, slope.along(move, space), active, C)
        if not length.any():  # rounding is all that is left
            return step
        at.unknown += length[:, None] * move.unknown
        at.bias += length * move.bias
    return steps


def extrapolate(space: ParameterSpace, problems: Problems, at: Solution, before: Solution, C: float) -> None:
    """Move ``at``, the minimum for a smaller C, on along the way from ``before``, that for a smaller one still.

    Along a path of C the minima lie on a smooth curve, and how far to go on costs no product with the features, for the
    logits of both are known. A path of ten C takes two thirds of the steps so.
    """
    bias = at.bias - before.bias
    move = _Move(at.unknown - before.unknown, bias, at.logits - before.logits - bias[:, :, None])
    pull = (at.chance - problems.targets) * problems.weights
    slope = C * inner_products(pull, move.logits + bias[:, :, None]) + space.inner(
        at.unknown, move.unknown, move.logits
    )
    downhill = slope < 0
    if downhill.any():
        length = _search(space, problems, at, move, slope, downhill, C)
        at.unknown += length[:, None] * move.unknown
        at.bias += length * move.bias


def _slope(space: ParameterSpace, problems: Problems, at: Solution, C: float) -> _Slope:
    residual = at.chance - problems.targets
    residual *= problems.weights
    residual *= np.float32(C)
    return _Slope(space.adjoint(residual) + at.unknown, residual.sum(axis=2))


def _downhill(space: ParameterSpace, slope: _Slope, stiffness: float, softness: Floats) -> _Move:
    """Return the preconditioned gradient; the steps go against it."""
    unknown = space.preconditioner.precondition(slope.unknown, stiffness)
    return _Move(unknown, slope.bias * softness, space.forward(unknown))


def _mean_curvature(chance: Floats, weights: Floats) -> float:
    """Return the curvature of the log loss, p (1 - p), averaged over rows and logits: its stiffness at this point."""
    spread = np.einsum("lpn,pn->", chance - chance * chance, weights)
    return float(spread) / (float(weights.sum(dtype=np.float64)) * len(chance))


def _search(
    space: ParameterSpace,
    problems: Problems,
    at: Solution,
    move: _Move,
    slope: Floats,
    active: NDArray[np.bool_],
    C: float,
) -> Floats:
    """Return lengths (P,) along ``move`` at which each problem is about lowest, and move the logits of ``at`` there.

    The slope grows with the length (the loss is convex), so Newton's steps are kept between the largest length seen
    with a negative slope and the smallest with a positive one.
    """
    change = move.logits + move.bias[:, :, None]
    weighted = change * problems.weights
    base = space.inner(at.unknown, move.unknown, move.logits).astype(np.float64)
    bend = space.inner(move.unknown, move.unknown, move.logits).astype(np.float64)
    low, high = np.zeros(len(slope)), np.full(len(slope), np.inf)
    length, current, origin = low, slope.astype(np.float64), at.logits
    for _ in range(_SEARCHES):
        newton = length - current / np.maximum(C * _curvature(at.chance, change, weighted) + bend, 1e-30)
        newton = np.minimum(newton, 100 * (1 + length))  # all rows settled: no curvature left, but no end either
        bisected = np.where(np.isfinite(high), (low + high) / 2, 2 * low)
        inside = (newton > low) & (newton < high)
        length = np.where(active, np.where(inside, newton, bisected), 0)
        at.logits = origin + length.astype(np.float32)[:, None] * change
        at.chance = probabilities_of_logits(at.logits)
        current = C * inner_products(at.chance - problems.targets, weighted) + base + length * bend
        if (~active | (np.abs(current) <= _FLATTER * np.abs(slope))).all():
            break
        low = np.where(current < 0, length, low)
        high = np.where(current > 0, length, high)
    return length.astype(np.float32)


def _curvature(chance: Floats, change: Floats, weighted: Floats) -> Doubles:
    """Return the second derivative of the log losses along the change, (P,)."""
    moved = chance * weighted
    if len(chance) == 1:
        return inner_products(moved - moved * chance, change).astype(np.float64)
    mean = (chance * change).sum(axis=0)
    return np.asarray(inner_products(moved, change) - np.einsum("pn,pn->p", moved.sum(axis=0), mean), np.float64)
