"""Jackknife+ intervals of ridge regression, from one decomposition instead of a fit without each group.

Barber, Candès, Ramdas & Tibshirani, 2021, Annals of Statistics 49, "Predictive inference with the jackknife+": the
interval goes from the lower quantile of what the fits without row i say of a new item less the error of row i, to the
upper one of these sums. Of exchangeable items it holds at least 1 - 2 alpha of the true numbers, whatever the model,
and as a rule 1 - alpha. Rows of a group are left out together.

The fit without group g says of a new item what the fit says less k_g times r_g: k_g is the item's row of the hat matrix
at the rows of g, and r_g is by what these are missed without them.
"""

from collections.abc import Mapping
from math import ceil, floor

import numpy as np

from headstart.heads.head import TrainingSet
from headstart.heads.least_squares import LeastSquares
from headstart.heads.number_ridge import read_penalties
from headstart.heads.number_targets import TargetScale, share_known_rows
from headstart.heads.scaling import Scaling
from headstart_runtime.arrays import Doubles, Floats, Ints

_VALUES = 1 << 22  #: float64 values held at a time


def predict_jackknife_plus(
    training_set: TrainingSet, features: Floats, fixed: Mapping[str, float], coverage: float
) -> Doubles:
    """Return the lowest and the highest number of each new item, (M, K, 2); infinite where there are too few rows.

    Args:
        training_set: of numbers (N, K).
        features: of new items, (M, D).
        fixed: the penalties, as ``fit_number_ridge`` chose them.
        coverage: 1 - alpha.
    """
    scaling, scale = Scaling.centre(training_set.features), TargetScale.fit(training_set.targets)
    targets, new = scale.standardise(training_set.targets), scaling.transform(features)
    penalties = read_penalties(fixed, training_set.outputs)
    found = np.full((len(new), training_set.outputs, 2), [-np.inf, np.inf])
    for shared, known in share_known_rows(targets):
        rows = scaling.transform(training_set.features[known], overwrite=True)  # a copy as it is
        aims = targets[known][:, shared]
        squares = LeastSquares.pose(rows, aims, np.ones(len(aims)), training_set.groups[known])
        for at, column in enumerate(shared):
            found[:, column] = _bound_column(squares, at, float(penalties[column]), new, coverage)
    return np.asarray(found * scale.scale[:, None] + scale.shift[:, None])


def _bound_column(squares: LeastSquares, at: int, penalty: float, new: Floats, coverage: float) -> Doubles:
    """Return the intervals (M, 2) of one number on its scale, for centred rows (M, D)."""
    errors = squares.miss_left_out(penalty)
    rows = len(squares.targets)
    low = floor((1 - coverage) * (rows + 1) + 1e-9)
    high = ceil(coverage * (rows + 1) - 1e-9)
    if errors is None or low < 1 or high > rows:
        return np.tile([-np.inf, np.inf], (len(new), 1))
    missed, weight = errors[:, at], squares.solve(penalty)
    said = new @ weight[0][:, at] + weight[1][at]
    _, group = np.unique(squares.groups, return_inverse=True)
    values = squares.spectrum.values
    turned = squares.spectrum.basis / (values + penalty)
    bounds = np.empty((len(new), 2))
    step = max(1, _VALUES // rows)
    for start in range(0, len(new), step):
        part = slice(start, start + step)
        along = (new[part] - squares.shift).astype(np.float64) @ turned
        moved = _sum_groups((along @ squares.spectrum.coordinates.T + 1 / rows) * missed, group)
        without = said[part, None] - moved[:, group]
        bounds[part, 0] = np.partition(without - np.abs(missed), low - 1, axis=1)[:, low - 1]
        bounds[part, 1] = np.partition(without + np.abs(missed), high - 1, axis=1)[:, high - 1]
    return bounds


def _sum_groups(values: Doubles, group: Ints) -> Doubles:
    """Return sums (M, G) of values (M, N) over the rows of each numbered group."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    return np.asarray(np.add.reduceat(values[:, order], starts, axis=1))
