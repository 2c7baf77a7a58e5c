"""Targets that are numbers, (N, K) float64 with NaN where one is unknown: their scale, errors, ranges and folds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from headstart.heads.folds import assign_folds
from headstart.heads.head import Dense
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints

_NORMAL_QUARTILES = 1.349  #: distance of the quartiles of a normal distribution, in its standard deviations
_BINS = 5  #: ranges of the numbers that folds have alike


@dataclass(frozen=True, slots=True, eq=False)
class TargetScale:
    """``(target - shift) / scale``: the median is at 0, and the middle half spreads as that of a standard normal.

    Quartiles, not the standard deviation: a decimal point that moved would shrink all other numbers with it.
    """

    shift: Doubles  #: (K,)
    scale: Doubles  #: (K,) above 0

    @classmethod
    def fit(cls, targets: Doubles) -> Self:
        """Return the scale of targets (N, K); of a column that never changes, or of which nothing is known, 1."""
        shift, scale = np.zeros(targets.shape[1]), np.ones(targets.shape[1])
        for column, values in enumerate(targets.T):
            known = values[np.isfinite(values)]
            if not len(known):
                continue
            low, shift[column], high = np.quantile(known, [0.25, 0.5, 0.75])
            spread = (high - low) / _NORMAL_QUARTILES or float(known.std())
            scale[column] = spread or 1.0
        return cls(shift, scale)

    def standardise(self, targets: Doubles) -> Doubles:
        """Return targets (N, K) on the scale; what is unknown stays NaN."""
        return (targets - self.shift) / self.scale

    def unfold(self, layer: Dense) -> Dense:
        """Return the layer whose outputs are numbers as they were given, of one whose outputs are on the scale."""
        weight = layer.weight.astype(np.float64) * self.scale
        bias = layer.bias.astype(np.float64) * self.scale + self.shift
        return Dense(weight.astype(np.float32), bias.astype(np.float32))

    def fold(self, layer: Dense) -> Dense:
        """Return the layer whose outputs are on the scale, of one whose outputs are numbers: undoes ``unfold``."""
        weight = layer.weight.astype(np.float64) / self.scale
        bias = (layer.bias.astype(np.float64) - self.shift) / self.scale
        return Dense(weight.astype(np.float32), bias.astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class NumberErrors:
    """Errors of predictions of N items."""

    absolute: Doubles  #: (N, K) in the units of the numbers; NaN where one is unknown
    relative: Doubles  #: (N,) over what always saying the median errs by, mean over an item's known numbers

    @property
    def scores(self) -> Doubles:
        """By what an item is missed, (N,): of one number in its unit, of several, which have many, relative."""
        return self.absolute[:, 0] if self.absolute.shape[1] == 1 else self.relative


def measure_spreads(targets: Doubles) -> Doubles:
    """Return the mean distance of each column from its median, (K,); 1 where that is 0, or nothing is known."""
    spreads = np.ones(targets.shape[1])
    for column, values in enumerate(targets.T):
        known = values[np.isfinite(values)]
        if len(known):
            spreads[column] = float(np.abs(known - np.median(known)).mean()) or 1.0
    return spreads


def measure_errors(predicted: Doubles | Floats, targets: Doubles, spreads: Doubles | None = None) -> NumberErrors:
    """Return the errors of predictions (N, K).

    Args:
        predicted: (N, K).
        targets: (N, K).
        spreads: what errors are relative to, (K,); None: ``measure_spreads`` of these targets.
    """
    absolute = np.abs(predicted.astype(np.float64) - targets)
    known = np.isfinite(targets)
    shares = absolute / (measure_spreads(targets) if spreads is None else spreads)
    total = np.where(known, shares, 0.0).sum(axis=1)
    return NumberErrors(absolute, total / np.maximum(known.sum(axis=1), 1))


def share_known_rows(targets: Doubles) -> Iterator[tuple[list[int], Bools]]:
    """Yield columns that are known of the same rows, and these rows (N,); columns known of none are left out."""
    found: dict[bytes, tuple[list[int], Bools]] = {}
    for column, known in enumerate(np.isfinite(targets).T):
        found.setdefault(known.tobytes(), ([], known))[0].append(column)
    yield from (pair for pair in found.values() if pair[1].any())


def rank_numbers(targets: Doubles) -> Doubles:
    """Return the mean rank of each row, 0 to 1, over its known columns, (N,); equal numbers have equal ranks."""
    total, counts = np.zeros(len(targets)), np.zeros(len(targets))
    for values in targets.T:
        known = np.isfinite(values)
        _, place, size = np.unique(values[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(size) - size / 2
        total[known] += middle[place] / max(int(known.sum()), 1)
        counts[known] += 1
    return np.divide(total, counts, out=np.full(len(targets), 0.5), where=counts > 0)


def bin_numbers(targets: Doubles, bins: int) -> Ints:
    """Return the range, 0..bins-1, in which each row's mean rank lies, (N,); ranges hold about as many rows each."""
    return np.minimum((rank_numbers(targets) * bins).astype(np.int64), bins - 1)


def fold_numbers(targets: Doubles, groups: Ints, wanted: int, seed: int) -> Ints:
    """Return the fold of each row, (N,): groups together, each fold with numbers of all ranges; as many as are wanted.

    There are no more than there are groups.
    """
    folds = min(wanted, len(np.unique(groups)))
    return assign_folds(bin_numbers(targets, max(1, min(_BINS, len(targets) // (2 * folds)))), groups, folds, seed)
