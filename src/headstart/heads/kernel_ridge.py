"""Ridge regression of numbers on inner products alone, its penalty chosen by cross-validation.

With centred rows X and targets y the weights are ``X^T a``, and ``(K + penalty I) a = y`` has the products of rows only
(Saunders, Gammerman & Vovk, 1998, Ridge Regression Learning Algorithm in Dual Variables, ICML). All folds and all
numbers are solved side by side by preconditioned conjugate gradients (Nocedal & Wright, Numerical Optimization, 2006,
algorithm 5.3), along one path of falling penalties of which each starts from the last.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from headstart.heads.head import TrainingSet
from headstart.heads.kernel_rows import KernelRows
from headstart.heads.number_targets import fold_numbers
from headstart.heads.space import ParameterSpace, choose_space
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints

_GRID = np.geomspace(1e2, 1e-3, 16)  #: penalties, as multiples of the mean squared length of a row
_ROUGH, _EXACT = 1e-3, 1e-5  #: what is left of the targets on the path, and of what is kept
_STEPS = 400
_RISES = 2  #: a number's path ends after that many rises in a row
_UNSURE = 1.0  #: the multiple where nothing can be left out


@dataclass(frozen=True, slots=True, eq=False)
class KernelSolution:
    """Ridge regressions of K numbers, on rows as they were given less their mean."""

    weight: Doubles  #: (M, K) coefficients of rows
    bias: Doubles  #: (K,)
    penalties: Doubles  #: (K,)
    grid: Doubles  #: (G,) penalties that were tried; none where nothing was
    losses: Doubles  #: (G, K) mean absolute error of the held-out rows


def solve_kernel_ridge(
    training_set: TrainingSet, targets: Doubles, penalties: Doubles | None, folds: int
) -> KernelSolution:
    """Return ridge regressions of numbers.

    Args:
        training_set: its features are kernel rows.
        targets: (N, K) on any scale, NaN where one is unknown.
        penalties: (K,); None chooses them.
        folds: of the cross-validation that chooses them.
    """
    rows = training_set.features
    assert isinstance(rows, KernelRows)
    space = choose_space(rows, training_set.seed)
    grid, losses = np.zeros(0), np.zeros((0, targets.shape[1]))
    if penalties is None:
        length = _measure_length(space, training_set.seed)
        fold = _assign(training_set, targets, folds)
        if fold is None:
            penalties = np.full(targets.shape[1], _UNSURE * length)
        else:
            grid, losses = _walk(space, targets, fold, length)
            penalties = grid[np.nanargmin(np.where(np.isfinite(losses), losses, np.inf), axis=0)]
    problems = _Problems.pose(targets, np.full(len(targets), -1))
    found = problems.solve(space, penalties, _EXACT)
    weight = np.zeros((rows.shape[1], targets.shape[1]))
    np.add.at(weight, rows.rows, found.T.astype(np.float64))
    return KernelSolution(weight, problems.find_bias(space.forward(found)), penalties, grid, losses)


def predict_kernel_held_out(training_set: TrainingSet, targets: Doubles, penalties: Doubles, folds: int) -> Doubles:
    """Return what each row gets, (N, K), from ridge regressions on the other folds; where there are none, from all.

    Args:
        training_set: its features are kernel rows.
        targets: (N, K), NaN where one is unknown.
        penalties: (K,).
        folds: how many.
    """
    rows = training_set.features
    assert isinstance(rows, KernelRows)
    space = choose_space(rows, training_set.seed)
    fold = _assign(training_set, targets, folds)
    problems = _Problems.pose(targets, np.full(len(targets), -1) if fold is None else fold)
    found = problems.solve(space, np.tile(penalties, problems.folds), _EXACT)
    return problems.predict(space, found)


def _assign(training_set: TrainingSet, targets: Doubles, folds: int) -> Ints | None:
    if len(np.unique(training_set.groups)) < 2:
        return None
    return fold_numbers(targets, training_set.groups, folds, training_set.seed)


def _measure_length(space: ParameterSpace, seed: int) -> float:
    """Return the mean squared length of centred rows: the trace over N, by 32 random signs (Hutchinson, 1989)."""
    signs = np.sign(np.random.default_rng(seed).standard_normal((32, space.rows))).astype(np.float32)
    along = np.einsum("pn,pn->", signs, space.forward(signs), dtype=np.float64)
    return max(float(along) / signs.size, 1e-9)


def _walk(space: ParameterSpace, targets: Doubles, fold: Ints, length: float) -> tuple[Doubles, Doubles]:
    """Return penalties and the mean absolute errors of held-out rows, (G,) and (G, K)."""
    problems = _Problems.pose(targets, fold)
    grid, losses = _GRID * length, list[Doubles]()
    found: Floats | None = None
    for penalty in grid:
        found = problems.solve(space, np.full(problems.count, penalty), _ROUGH, found)
        losses.append(np.nanmean(np.abs(problems.predict(space, found) - targets), axis=0))
        last = np.array(losses[-_RISES - 1 :])
        if len(last) > _RISES and (np.diff(last, axis=0) > 0).all():
            break
    return grid[: len(losses)], np.array(losses)


@dataclass(frozen=True, slots=True, eq=False)
class _Problems:
    """P = folds x K regressions on the same rows: problem f * K + k is number k without fold f."""

    targets: Doubles  #: (N, K)
    fold: Ints  #: (N,) -1: all rows are in one problem of each number
    kept: Bools  #: (P, N)
    aims: Floats  #: (P, N) less the mean of the problem's rows; 0 where a row is not kept
    means: Doubles  #: (P,)

    @classmethod
    def pose(cls, targets: Doubles, fold: Ints) -> Self:
        """Return the problems of targets (N, K), with folds (N,) that are left out one by one."""
        known = np.isfinite(targets).T  # (K, N)
        left_out = np.unique(fold)[:, None, None] if (fold >= 0).all() else np.array([[[-2]]])
        kept = (known & (fold != left_out)).reshape(-1, len(fold))
        values = np.tile(np.where(known, targets.T, 0.0), (len(left_out), 1))
        means = (values * kept).sum(axis=1) / np.maximum(kept.sum(axis=1), 1)
        return cls(targets, fold, kept, ((values - means[:, None]) * kept).astype(np.float32), means)

    @property
    def count(self) -> int:
        """P."""
        return len(self.kept)

    @property
    def folds(self) -> int:
        """The number of folds."""
        return self.count // self.targets.shape[1]

    def centre(self, values: Floats) -> Floats:
        """Return values (P, N) less the mean over each problem's rows, 0 for others."""
        mean = np.einsum("pn,pn->p", values, self.kept) / np.maximum(self.kept.sum(axis=1), 1)
        return ((values - mean[:, None].astype(np.float32)) * self.kept).astype(np.float32)

    def solve(self, space: ParameterSpace, penalties: Doubles, tolerance: float, start: Floats | None = None) -> Floats:
        """Return coefficients (P, N) at penalties (P,), found from others."""
        strength = penalties[:, None].astype(np.float32)
        at = np.zeros_like(self.aims) if start is None else start.copy()
        left = self.aims - (0 if start is None else self.centre(space.forward(at)) + strength * at)
        limit = np.square(tolerance) * np.maximum(_square(self.aims), 1e-30)
        ahead = self._precondition(space, left, penalties)
        move, gain = ahead.copy(), _along(left, ahead)
        for _ in range(_STEPS):
            active = (_square(left) > limit) & (gain > 0)
            if not active.any():
                break
            moved = self.centre(space.forward(move)) + strength * move
            length = np.where(active, gain / np.maximum(_along(move, moved), 1e-30), 0)[:, None].astype(np.float32)
            at += length * move
            left -= length * moved
            ahead = self._precondition(space, left, penalties)
            before, gain = gain, _along(left, ahead)
            move = ahead + (gain / np.maximum(before, 1e-30))[:, None].astype(np.float32) * move
        return at

    def find_bias(self, said: Floats | Doubles) -> Doubles:
        """Return what is added to what weights say of all rows, (P, N), so that a problem's rows get their mean."""
        mean = np.einsum("pn,pn->p", said, self.kept, dtype=np.float64) / np.maximum(self.kept.sum(axis=1), 1)
        return np.asarray(self.means - mean)

    def predict(self, space: ParameterSpace, coefficients: Floats) -> Doubles:
        """Return what each row gets, (N, K), from the problem that leaves it out."""
        said = space.forward(coefficients).astype(np.float64)
        said += self.find_bias(said)[:, None]
        by_fold = said.reshape(self.folds, *self.targets.T.shape)  # (F, K, N)
        _, place = np.unique(self.fold, return_inverse=True)
        return np.asarray(by_fold[place, :, np.arange(len(place))])

    def _precondition(self, space: ParameterSpace, left: Floats, penalties: Doubles) -> Floats:
        """Return about the solution of what is left; all problems share the middle of their penalties for it."""
        middle = float(np.exp(np.log(np.maximum(penalties, 1e-30)).mean()))
        return self.centre(space.preconditioner.precondition(left, 1 / middle))


def _square(values: Floats) -> Doubles:
    return _along(values, values)


def _along(left: Floats, right: Floats) -> Doubles:
    return np.einsum("pn,pn->p", left, right, dtype=np.float64)
