"""``ridge``: least squares on targets of +1 and -1, one for each class, the penalty chosen by leaving groups out.

Leaving rows out costs nothing once the spectrum is known: what row set g would be missed by, had it not been fitted
on, is (I - H_gg)^-1 times what it is missed by (Hastie, Tibshirani & Friedman, The Elements of Statistical Learning,
2009, section 7.10; for one row Allen's PRESS, 1974). The scores then get the temperature that is best for the left-out
ones, so that softmax of them means something.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Doubles, Floats, Ints
from headstart.heads.closed_form import Spectrum, compute_sample_weight, decompose, fit_temperature, score_trial
from headstart.heads.folds import batch_groups, make_fold_groups
from headstart.heads.head import FitResult, Head, TrainingSet, Trial
from headstart.heads.scaling import Scaling
from headstart.settings import HeadSettings

_GRID = np.geomspace(1e-3, 1e3, 19)  #: penalties, as multiples of the mean eigenvalue
_UNSURE = 1.0  #: the multiple where nothing can be left out


@dataclass(frozen=True, slots=True)
class _Squares:
    """The least squares problem in its eigenbasis; rows and targets carry the square root of their weight."""

    spectrum: Spectrum
    targets: Doubles  #: (N, C) centred
    aims: Doubles  #: (r, C) targets seen along the basis
    roots: Doubles  #: (N,) square roots of the weights
    mean: Doubles  #: (C,) of the targets


def fit_ridge(training_set: TrainingSet, options: HeadSettings, fixed: Mapping[str, float] | None = None) -> FitResult:
    """Fit a ridge regression, see the module. ``chosen`` is ``{"penalty": ..., "temperature": ...}``.

    Both are of the smallest left-out log loss.
    A class without rows is aimed at -1 everywhere. A fixed penalty without temperature gets the best one.
    """
    began = perf_counter()
    scaling = Scaling.fit(training_set.features)
    rows = scaling.transform(training_set.features)
    together = make_fold_groups(training_set.targets, training_set.groups)
    training_set = replace(training_set, groups=together.groups)
    weights = compute_sample_weight(training_set.targets, training_set.outputs, training_set.balanced)
    shift = (weights / weights.sum()).astype(np.float32) @ rows
    rows -= shift
    squares = _squares(rows, training_set, weights)
    path: tuple[Trial, ...] = ()
    able = bool(together.counted.any())
    known = weights * together.counted if able else weights
    if fixed is not None:
        penalty, temperature = float(fixed["penalty"]), fixed.get("temperature")
        if temperature is None:
            temperature = fit_temperature(_left_out(squares, training_set, penalty), training_set.targets, known)
    else:
        scale = float(squares.spectrum.values.mean()) if len(squares.spectrum.values) else 1.0
        grid = _GRID if able else np.array([_UNSURE])
        found = [_tried(squares, training_set, known, float(penalty)) for penalty in grid * max(scale, 1e-9)]
        path = tuple(tried for tried, _ in found) if len(grid) > 1 else ()
        best, temperature = min(found, key=lambda pair: pair[0].loss)
        penalty = best.value
    shrunk = squares.aims * (np.sqrt(squares.spectrum.values) / (squares.spectrum.values + penalty))[:, None]
    weight = temperature * (squares.spectrum.basis @ shrunk)
    bias = temperature * squares.mean - shift.astype(np.float64) @ weight
    head = Head("ridge", (scaling.unfold(weight.astype(np.float32), bias.astype(np.float32)),))
    chosen = {"penalty": penalty, "temperature": float(temperature)}
    return FitResult(head, chosen, path, perf_counter() - began, together.torn)


def _squares(rows: Floats, training_set: TrainingSet, weights: Doubles) -> _Squares:
    """Return the problem of centred rows, which are overwritten."""
    roots = np.sqrt(weights)
    signs = np.where(np.arange(training_set.outputs) == training_set.targets[:, None], 1.0, -1.0)
    mean = weights @ signs / weights.sum()
    targets = (signs - mean) * roots[:, None]
    rows *= roots[:, None].astype(np.float32)
    decomposed = decompose(rows)
    along = decomposed.coordinates.T @ targets.astype(decomposed.coordinates.dtype)
    aims = along / np.sqrt(np.maximum(decomposed.values, 1e-30))[:, None]
    aims[decomposed.values <= 1e-9 * decomposed.values.max(initial=0)] = 0
    return _Squares(decomposed, targets, aims, roots, mean)


def _tried(squares: _Squares, training_set: TrainingSet, weights: Doubles, penalty: float) -> tuple[Trial, float]:
    scores = _left_out(squares, training_set, penalty)
    temperature = fit_temperature(scores, training_set.targets, weights)
    return score_trial(penalty, temperature * scores, training_set.targets, weights), temperature


def _left_out(squares: _Squares, training_set: TrainingSet, penalty: float) -> Doubles:
    """Return the scores (N, C) of every row by the fit without its group."""
    coordinates, values = squares.spectrum.coordinates, squares.spectrum.values
    share = 1 / (values + penalty)
    fitted = coordinates @ (squares.aims * (np.sqrt(values) * share)[:, None]).astype(coordinates.dtype)
    missed = squares.targets - fitted
    total = float(np.square(squares.roots).sum())
    left = np.empty_like(missed)
    for group in batch_groups(training_set.groups):
        if group.shape[1] == len(coordinates):  # all rows are one group: nothing would be left
            return np.asarray(fitted / squares.roots[:, None] + squares.mean)
        left[group] = np.linalg.solve(_unfitted(coordinates, share, squares.roots, total, group), missed[group])
    scores: Doubles = (squares.targets - left) / squares.roots[:, None] + squares.mean
    return scores


def _unfitted(coordinates: NDArray[np.floating], share: Doubles, roots: Doubles, total: float, group: Ints) -> Doubles:
    """Return I - H for the rows of each group (groups, size, size); the bias is the last term of H."""
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
