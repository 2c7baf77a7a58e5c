"""``ridge``: least squares on +1 where a label is there and -1 where it is absent, by one decomposition for all labels.

The penalty is chosen by leaving groups out, which costs nothing (``heads.least_squares``). The scores get the scale and
the bias of each label that are best for the left-out ones, so that sigmoids of them mean something. A row of which a
label is unknown counts for that label as its mean: it pulls at nothing, and the decomposition stays one for all.
"""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

from headstart.evaluation.average_precision import mean_average_precision
from headstart.heads.head import FitResult, Head, TrainingSet, Trial
from headstart.heads.least_squares import LeastSquares
from headstart.heads.scaling import standardise
from headstart.tasks.multilabel.label_losses import average_label_losses, weigh_sides
from headstart.tasks.multilabel.logit_lines import fit_logit_lines, smooth_targets
from headstart_runtime.arrays import Doubles
from headstart_runtime.linalg import sigmoid

_GRID = np.geomspace(1e-3, 1e3, 19)  #: penalties, as multiples of the mean eigenvalue
_UNSURE = 1.0  #: the multiple where nothing can be left out
_PRIOR, _BIAS_PRIOR = 2.0, 3.0  #: of the log scale and the bias: hardly any


def fit_label_ridge(training_set: TrainingSet, options: Any, fixed: Mapping[str, float] | None = None) -> FitResult:
    """Fit a ridge regression of each label, see the module. ``chosen`` is ``{"penalty": ...}``."""
    began = perf_counter()
    targets = training_set.targets
    scaling, rows = standardise(training_set)
    squares = LeastSquares.pose(rows, _make_signs(targets), np.ones(len(targets)), training_set.groups)
    path: tuple[Trial, ...] = ()
    able = len(np.unique(training_set.groups)) > 1
    if fixed is not None:
        penalty = float(fixed["penalty"])
    else:
        grid = squares.mean_eigenvalue * (_GRID if able else np.array([_UNSURE]))
        tried = [_try_penalty(squares, training_set, float(value)) for value in grid]
        path = tuple(tried) if able else ()
        penalty = min(tried, key=lambda trial: trial.loss).value
    scales, biases = _fit_scales(training_set, squares.predict_left_out(penalty))
    weight, bias = squares.solve(penalty)
    head = Head(
        "ridge", (scaling.unfold((weight * scales).astype(np.float32), (bias * scales + biases).astype(np.float32)),)
    )
    return FitResult(head, {"penalty": penalty}, path, perf_counter() - began)


def _make_signs(targets: Any) -> Doubles:
    """Return +1 where a label is there, -1 where it is absent, and the mean of these where it is unknown, (N, K)."""
    known = targets >= 0
    signs = np.where(targets == 1, 1.0, -1.0)
    means = (signs * known).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, signs, means)


def _fit_scales(training_set: TrainingSet, scores: Doubles) -> tuple[Doubles, Doubles]:
    """Return the scale and bias (K,) by which scores (N, K) become logits."""
    wanted, known = smooth_targets(training_set.targets)
    sides = weigh_sides(training_set.targets, balanced=training_set.balanced)
    weights = known * np.where(training_set.targets == 1, sides[1], sides[0])
    return fit_logit_lines(weights.T, wanted.T, scores.T, prior=_PRIOR, bias_prior=_BIAS_PRIOR)


def _try_penalty(squares: LeastSquares, training_set: TrainingSet, penalty: float) -> Trial:
    scores = squares.predict_left_out(penalty)
    scales, biases = _fit_scales(training_set, scores)
    probabilities = sigmoid((scores * scales + biases).astype(np.float32))
    loss = average_label_losses(training_set.targets, probabilities)
    return Trial(penalty, loss, mean_average_precision(training_set.targets, scores))
