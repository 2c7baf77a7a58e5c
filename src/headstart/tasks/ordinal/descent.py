"""Several penalised cumulative logistic regressions on the same rows, solved side by side.

Minimised for each problem p: ``C * sum_n weight[p, n] * -log P(rank of n) + |w|^2 / 2`` over the weights w of the
location and K - 1 thresholds, which are free (McCullagh, 1980, J. Royal Statistical Society B 42). With a the log odds
of the rank's lower threshold and b those of its upper one,

    -log P = log(1 + exp(-a)) + log(1 + exp(b)) - log(1 - exp(b - a)),

where a - b is the gap between the thresholds, whatever the row: so the loss is convex, and its last term keeps the
thresholds in order. It is minimised by preconditioned nonlinear conjugate gradients (Polak-Ribiere+: Nocedal & Wright,
Numerical Optimization, 2006, section 5.2); the thresholds are preconditioned by their own Hessian, which is
tridiagonal. Along a step all is linear but the loss, so a line search is Newton's method in one variable, inside the
step at which two thresholds would meet. Rows come last in every array.
"""

from dataclasses import dataclass

import numpy as np

from headstart.heads.space import ParameterSpace
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.linalg import sigmoid

_SEARCHES = 10  #: most evaluations of one line search
_FLATTER = 0.25  #: a line search ends where the slope is that share of what it was
_FLOOR = 1e-10  #: nats per row below which nothing can be gained in float32
_OPEN = np.float32(1e4)  #: the threshold below the lowest rank and above the highest, in size
_NARROW = 1e-9  #: a gap between thresholds that counts as none


@dataclass(frozen=True, slots=True)
class RankProblems:
    """P problems on N rows. Behind these stand K more, one for each rank, at the centre of the features.

    They count where a problem has no row of the rank: then its probability is about 1 / (rows + 1) before the features
    speak, and no threshold runs away.
    """

    ranks: Ints  #: (N + K,)
    weights: Floats  #: (P, N + K); 0 keeps a row out
    outputs: int  #: K

    @property
    def members(self) -> Floats:
        """Whether each row is of each rank, (N + K, K), 0 or 1."""
        return np.equal(self.ranks[:, None], np.arange(self.outputs)).astype(np.float32)


def pose_problems(ranks: Ints, weights: Floats, outputs: int) -> RankProblems:
    """Return problems on rows of ranks (N,) in 0..K-1, with weights (P, N)."""
    present = np.stack([np.bincount(ranks, row, minlength=outputs) > 0 for row in weights])
    return RankProblems(
        np.concatenate([ranks, np.arange(outputs)]),
        np.concatenate([weights, (~present).astype(np.float32)], axis=1),
        outputs,
    )


@dataclass(slots=True)
class RankSolution:
    """A point in the space of the problems; moved in place."""

    unknown: Floats  #: (1, P, M), see ``ParameterSpace``
    thresholds: Doubles  #: (P, K - 1), rising
    location: Floats  #: (P, N + K), of all rows, also those that a problem keeps out


@dataclass(frozen=True, slots=True)
class _Move:
    """A direction, and the change of the locations along it."""

    unknown: Floats  #: (1, P, M)
    thresholds: Doubles  #: (P, K - 1)
    location: Floats  #: (P, N + K)

    def combined(self, share: Doubles, other: "_Move") -> "_Move":
        """Return ``share * self - other``, a share for each problem (P,)."""
        stretch = share[:, None]
        return _Move(
            stretch.astype(np.float32) * self.unknown - other.unknown,
            stretch * self.thresholds - other.thresholds,
            stretch.astype(np.float32) * self.location - other.location,
        )


@dataclass(frozen=True, slots=True)
class _Slope:
    """A gradient."""

    unknown: Floats  #: (1, P, M)
    thresholds: Doubles  #: (P, K - 1)

    def along(self, move: _Move, space: ParameterSpace) -> Doubles:
        """Return the slope (P,) along a move."""
        inner = space.inner(self.unknown, move.unknown, move.location[None, :, : space.rows])
        return np.asarray(inner + (self.thresholds * move.thresholds).sum(axis=1), np.float64)


@dataclass(frozen=True, slots=True)
class _State:
    """The loss at a point: for each row the chances to lie beyond its thresholds, for each rank its gap."""

    lower: Floats  #: (P, N + K) chance that the rank is below the row's
    upper: Floats  #: (P, N + K) chance that it is above
    gaps: Doubles  #: (P, K): of the thresholds around a rank; infinite for the lowest and the highest


def start_solution(space: ParameterSpace, problems: RankProblems) -> RankSolution:
    """Return the point with weights of 0 and thresholds by the shares of the ranks."""
    shares = (problems.weights @ problems.members).astype(np.float64)
    below = np.cumsum(shares, axis=1)[:, :-1] / shares.sum(axis=1, keepdims=True)
    count = len(shares)
    return RankSolution(
        np.zeros((1, count, space.size), np.float32),
        np.log(below) - np.log1p(-below),
        np.zeros(problems.weights.shape, np.float32),
    )


def minimise_ranks(
    space: ParameterSpace, problems: RankProblems, at: RankSolution, C: float, tolerance: float, steps: int
) -> int:
    """Move ``at`` to the minimum for ``C`` and return the steps it took.

    A problem is done when the expected gain is below ``tolerance`` times the square of its weights.
    """
    total = problems.weights.sum(axis=1, dtype=np.float64)
    counts = (problems.weights @ problems.members).astype(np.float64)
    state = _evaluate(problems, at)
    stiffness = C * _mean_curvature(state, problems)
    move: _Move | None = None
    slope: _Slope | None = None
    before = np.ones_like(total)
    for step in range(steps):
        previous, slope = slope, _find_slope(space, problems, at, state, counts, C)
        ahead = _find_downhill(space, problems, slope, state, counts, C, stiffness)
        gain = slope.along(ahead, space)
        size = space.inner(at.unknown, at.unknown, at.location[None, :, : space.rows])
        active = gain > np.maximum(tolerance * size, _FLOOR * C * total)
        if not active.any():
            return step
        if move is None or previous is None:
            move = _Move(-ahead.unknown, -ahead.thresholds, -ahead.location)
        else:
            turn = np.maximum(0, (gain - previous.along(ahead, space)) / before)
            turn *= turn * slope.along(move, space) < gain  # where the sum would climb, start anew from the gradient
            move = move.combined(turn, ahead)
        before = np.maximum(gain, 1e-30)
        length, state = _search(space, problems, at, move, slope.along(move, space), active, counts, C)
        if not length.any():  # rounding is all that is left
            return step
        at.unknown += length.astype(np.float32)[:, None] * move.unknown
    return steps


def _find_edges(thresholds: Doubles, ranks: Ints, ends: np.float32) -> tuple[Floats, Floats]:
    """Return the thresholds below and above the rank of each row, (P, N + K) each; ``ends`` in size beyond the last."""
    edge = np.full((len(thresholds), 1), ends, np.float32)
    edges = np.concatenate([-edge, thresholds.astype(np.float32), edge], axis=1)
    return edges[:, ranks], edges[:, ranks + 1]


def _evaluate(problems: RankProblems, at: RankSolution) -> _State:
    below, above = _find_edges(at.thresholds, problems.ranks, _OPEN)
    infinite = np.full((len(at.thresholds), 1), np.inf)
    gaps = np.concatenate([infinite, np.diff(at.thresholds, axis=1), infinite], axis=1)
    return _State(sigmoid(below - at.location), sigmoid(at.location - above), gaps)


def _mean_curvature(state: _State, problems: RankProblems) -> float:
    """Return the curvature of the loss in the location, averaged over rows: its stiffness at this point."""
    bend = state.lower * (1 - state.lower) + state.upper * (1 - state.upper)
    return float(np.einsum("pn,pn->", bend, problems.weights)) / float(problems.weights.sum(dtype=np.float64))


def _find_slope(
    space: ParameterSpace, problems: RankProblems, at: RankSolution, state: _State, counts: Doubles, C: float
) -> _Slope:
    pulls = (state.upper - state.lower) * problems.weights
    residual = np.float32(C) * pulls[None, :, : space.rows]
    below, above = _sum_by_rank(problems, state.lower), _sum_by_rank(problems, state.upper)
    pressure = counts / np.expm1(np.clip(state.gaps, _NARROW, 700))  # of the gaps that want to be wide
    return _Slope(
        space.adjoint(residual) + at.unknown,
        C * (below[:, 1:] - above[:, :-1] + pressure[:, 1:] - pressure[:, :-1]),
    )


def _sum_by_rank(problems: RankProblems, values: Floats) -> Doubles:
    """Return the weighted sums (P, K) of values (P, N + K) over the rows of each rank."""
    return ((values * problems.weights) @ problems.members).astype(np.float64)


def _find_downhill(
    space: ParameterSpace,
    problems: RankProblems,
    slope: _Slope,
    state: _State,
    counts: Doubles,
    C: float,
    stiffness: float,
) -> _Move:
    """Return the preconditioned gradient; the steps go against it."""
    unknown = space.preconditioner.precondition(slope.unknown, stiffness)
    below = _sum_by_rank(problems, state.lower * (1 - state.lower))
    above = _sum_by_rank(problems, state.upper * (1 - state.upper))
    stiff = _bend_of_gaps(state.gaps, counts)
    diagonal = below[:, 1:] + above[:, :-1] + stiff[:, 1:] + stiff[:, :-1]
    inner = diagonal.shape[1]
    hessian = np.zeros((len(diagonal), inner, inner))
    place = np.arange(inner)
    # Where all rows are settled nothing bends; the line search bounds the step that this makes.
    hessian[:, place, place] = diagonal + 1e-6 * counts.sum(axis=1, keepdims=True)
    hessian[:, place[1:], place[:-1]] = hessian[:, place[:-1], place[1:]] = -stiff[:, 1:-1]
    thresholds: Doubles = np.linalg.solve(C * hessian, slope.thresholds[:, :, None])[:, :, 0].astype(np.float64)
    location = np.zeros((len(diagonal), len(problems.ranks)), np.float32)
    location[:, : space.rows] = space.forward(unknown)[0]
    return _Move(unknown, thresholds, location)


def _bend_of_gaps(gaps: Doubles, counts: Doubles) -> Doubles:
    """Return the curvature (P, K) of the loss in each gap."""
    away = np.exp(-np.maximum(gaps, _NARROW))
    return np.asarray(counts * away / np.square(1 - away), np.float64)


def _search(
    space: ParameterSpace,
    problems: RankProblems,
    at: RankSolution,
    move: _Move,
    slope: Doubles,
    active: Bools,
    counts: Doubles,
    C: float,
) -> tuple[Doubles, _State]:
    """Return lengths (P,) along ``move`` at which each problem is about lowest, and move ``at`` there but its unknown.

    The slope grows with the length (the loss is convex) and without bound where two thresholds meet, so Newton's steps
    are kept between the largest length seen with a negative slope and the smallest with a positive one.
    """
    below, above = _find_edges(move.thresholds, problems.ranks, np.float32(0))
    falls, rises = move.location - below, move.location - above
    widening = np.diff(move.thresholds, axis=1, prepend=0, append=0)
    widening[:, 0] = widening[:, -1] = 0
    rows = slice(0, space.rows)
    base = space.inner(at.unknown, move.unknown, move.location[None, :, rows]).astype(np.float64)
    bend = space.inner(move.unknown, move.unknown, move.location[None, :, rows]).astype(np.float64)
    low, high = np.zeros(len(slope)), _find_meeting(at.thresholds, move.thresholds)
    length, current = low, slope
    thresholds, location = at.thresholds, at.location
    state = _evaluate(problems, at)
    for _ in range(_SEARCHES):
        curvature = C * _curve_along(problems, state, falls, rises, widening, counts) + bend
        newton = length - current / np.maximum(curvature, 1e-30)
        newton = np.minimum(newton, 100 * (1 + length))  # all rows settled: no curvature left, but no end either
        bisected = np.where(np.isfinite(high), (low + high) / 2, 2 * low + 1)
        inside = (newton > low) & (newton < high)
        length = np.where(active, np.where(inside, newton, bisected), 0)
        at.thresholds = thresholds + length[:, None] * move.thresholds
        at.location = location + length.astype(np.float32)[:, None] * move.location
        state = _evaluate(problems, at)
        current = C * _slope_along(problems, state, falls, rises, widening, counts) + base + length * bend
        if (~active | (np.abs(current) <= _FLATTER * np.abs(slope))).all():
            break
        low = np.where(current < 0, length, low)
        high = np.where(current > 0, length, high)
    return length, state


def _find_meeting(thresholds: Doubles, change: Doubles) -> Doubles:
    """Return the length (P,) of a move at which the first two thresholds meet; infinite where none do."""
    gaps, shrinking = np.diff(thresholds, axis=1), -np.diff(change, axis=1)
    lengths = np.divide(gaps, shrinking, out=np.full(gaps.shape, np.inf), where=shrinking > 0)
    return np.asarray(lengths.min(axis=1, initial=np.inf), np.float64)


def _slope_along(
    problems: RankProblems, state: _State, falls: Floats, rises: Floats, widening: Doubles, counts: Doubles
) -> Doubles:
    """Return the slope of the losses along a move, (P,)."""
    each = state.upper * rises - state.lower * falls
    rows = np.einsum("pn,pn->p", each, problems.weights).astype(np.float64)
    return np.asarray(rows - (counts * widening / np.expm1(np.clip(state.gaps, _NARROW, 700))).sum(axis=1))


def _curve_along(
    problems: RankProblems, state: _State, falls: Floats, rises: Floats, widening: Doubles, counts: Doubles
) -> Doubles:
    """Return the second derivative of the losses along a move, (P,)."""
    each = state.upper * (1 - state.upper) * rises * rises + state.lower * (1 - state.lower) * falls * falls
    rows = np.einsum("pn,pn->p", each, problems.weights).astype(np.float64)
    return np.asarray(rows + (_bend_of_gaps(state.gaps, counts) * np.square(widening)).sum(axis=1))
