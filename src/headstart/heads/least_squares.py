"""Least squares with a penalty on the weights: one decomposition, then any penalty and any left-out group at no cost.

By what rows g would be missed, had they not been fitted on, is (I - H_gg)^-1 times what they are missed by (Hastie,
Tibshirani & Friedman, The Elements of Statistical Learning, 2009, section 7.10; for one row Allen's PRESS, 1974). H has
the bias in it as its last term. ``ridge`` of classes and of numbers are fitted by it.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from headstart.heads.closed_form import Spectrum, decompose
from headstart.heads.folds import batch_groups
from headstart_runtime.arrays import Doubles, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquares:
    """A least squares problem in its eigenbasis; rows and targets carry the square root of their weight."""

    spectrum: Spectrum
    targets: Doubles  #: (N, K) centred
    aims: Doubles  #: (r, K) targets seen along the basis
    roots: Doubles  #: (N,) square roots of the weights
    mean: Doubles  #: (K,) of the targets
    shift: Floats  #: (D,) mean of the rows
    groups: Ints  #: (N,) rows that are left out together

    @classmethod
    def pose(cls, rows: Floats, targets: Doubles, weights: Doubles, groups: Ints) -> Self:
        """Return the problem of rows (N, D), which are overwritten, targets (N, K), weights (N,) and groups (N,)."""
        shift = (weights / weights.sum()).astype(np.float32) @ rows
        rows -= shift
        roots = np.sqrt(weights)
        mean = weights @ targets / weights.sum()
        centred = (targets - mean) * roots[:, None]
        rows *= roots[:, None].astype(np.float32)
        spectrum = decompose(rows)
        along = spectrum.coordinates.T @ centred.astype(spectrum.coordinates.dtype)
        aims = along / np.sqrt(np.maximum(spectrum.values, 1e-30))[:, None]
        aims[spectrum.values <= 1e-9 * spectrum.values.max(initial=0)] = 0
        return cls(spectrum, centred, aims, roots, mean, shift, groups)

    @property
    def mean_eigenvalue(self) -> float:
        """The mean eigenvalue, of which penalties are multiples; above 0."""
        values = self.spectrum.values
        return max(float(values.mean()) if len(values) else 1.0, 1e-9)

    def solve(self, penalty: float) -> tuple[Doubles, Doubles]:
        """Return the weights (D, K) and the bias (K,) on rows as they were given."""
        values = self.spectrum.values
        weight = self.spectrum.basis @ (self.aims * (np.sqrt(values) / (values + penalty))[:, None])
        return weight, self.mean - self.shift.astype(np.float64) @ weight

    def predict_left_out(self, penalty: float) -> Doubles:
        """Return what each row gets, (N, K), from the fit without its group; of one group alone from the fit itself."""
        left = self.miss_left_out(penalty)
        if left is None:
            return np.asarray(self._fitted(penalty) / self.roots[:, None] + self.mean)
        scores: Doubles = (self.targets - left) / self.roots[:, None] + self.mean
        return scores

    def miss_left_out(self, penalty: float) -> Doubles | None:
        """Return by what each row is missed, times the root of its weight, (N, K), without its group; None for one."""
        share = 1 / (self.spectrum.values + penalty)
        missed = self.targets - self._fitted(penalty)
        left = np.empty_like(missed)
        for group in batch_groups(self.groups):
            if group.shape[1] == len(missed):  # all rows are one group: nothing would be left
                return None
            left[group] = np.linalg.solve(self._unfitted(share, group), missed[group])
        return left

    def _fitted(self, penalty: float) -> Doubles:
        coordinates, values = self.spectrum.coordinates, self.spectrum.values
        scale = np.sqrt(values) / (values + penalty)
        return np.asarray(coordinates @ (self.aims * scale[:, None]).astype(coordinates.dtype), np.float64)

    def _unfitted(self, share: Doubles, group: Ints) -> Doubles:
        """Return I - H for the rows of each group, (groups, size, size)."""
        coordinates, roots = self.spectrum.coordinates, self.roots
        total = float(np.square(roots).sum())
        size = group.shape[1]
        if size == 1:
            leverage = np.square(coordinates) @ share.astype(coordinates.dtype)
            own = 1 - leverage[group[:, 0]] - np.square(roots[group[:, 0]]) / total
            return np.maximum(own, 1e-9).astype(np.float64)[:, None, None]
        inside = np.empty((len(group), size, size))
        for index, members in enumerate(group):
            block = coordinates[members].astype(np.float64)
            inside[index] = (block * share) @ block.T + np.outer(roots[members], roots[members]) / total
        return np.eye(size) * (1 + 1e-9) - inside
