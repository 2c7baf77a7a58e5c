"""``ridge``: least squares on targets of +1 and -1, one for each class, the penalty chosen by leaving groups out.

Leaving rows out costs nothing once the spectrum is known: see ``least_squares``. The scores then get the temperature
that is best for the left-out ones, so that softmax of them means something.
"""

from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter

import numpy as np

from headstart.heads.closed_form import compute_sample_weight, fit_temperature, score_trial
from headstart.heads.folds import make_fold_groups
from headstart.heads.head import FitResult, Head, TrainingSet, Trial
from headstart.heads.least_squares import LeastSquares
from headstart.heads.scaling import standardise
from headstart.settings import HeadSettings
from headstart_runtime.arrays import Doubles

_GRID = np.geomspace(1e-3, 1e3, 19)  #: penalties, as multiples of the mean eigenvalue
_UNSURE = 1.0  #: the multiple where nothing can be left out


def fit_ridge(training_set: TrainingSet, options: HeadSettings, fixed: Mapping[str, float] | None = None) -> FitResult:
    """Fit a ridge regression, see the module. ``chosen`` is ``{"penalty": ..., "temperature": ...}``.

    Both are of the smallest left-out log loss.
    A class without rows is aimed at -1 everywhere. A fixed penalty without temperature gets the best one.
    """
    began = perf_counter()
    together = make_fold_groups(training_set.targets, training_set.groups)
    training_set = replace(training_set, groups=together.groups)
    weights = compute_sample_weight(training_set.targets, training_set.outputs, training_set.balanced)
    signs = np.where(np.arange(training_set.outputs) == training_set.targets[:, None], 1.0, -1.0)
    scaling, rows = standardise(training_set)
    squares = LeastSquares.pose(rows, signs, weights, training_set.groups)
    path: tuple[Trial, ...] = ()
    able = bool(together.counted.any())
    known = weights * together.counted if able else weights
    if fixed is not None:
        penalty, temperature = float(fixed["penalty"]), fixed.get("temperature")
        if temperature is None:
            temperature = fit_temperature(squares.predict_left_out(penalty), training_set.targets, known)
    else:
        grid = _GRID if able else np.array([_UNSURE])
        found = [_try(squares, training_set, known, float(penalty)) for penalty in grid * squares.mean_eigenvalue]
        path = tuple(tried for tried, _ in found) if len(grid) > 1 else ()
        best, temperature = min(found, key=lambda pair: pair[0].loss)
        penalty = best.value
    weight, bias = (temperature * part for part in squares.solve(penalty))
    head = Head("ridge", (scaling.unfold(weight.astype(np.float32), bias.astype(np.float32)),))
    chosen = {"penalty": penalty, "temperature": float(temperature)}
    return FitResult(head, chosen, path, perf_counter() - began, together.torn)


def _try(squares: LeastSquares, training_set: TrainingSet, weights: Doubles, penalty: float) -> tuple[Trial, float]:
    scores = squares.predict_left_out(penalty)
    temperature = fit_temperature(scores, training_set.targets, weights)
    return score_trial(penalty, temperature * scores, training_set.targets, weights), temperature
