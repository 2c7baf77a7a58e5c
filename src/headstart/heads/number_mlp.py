"""``mlp`` of numbers: the perceptron of ``mlp`` with Huber's loss on standardised numbers.

Errors beyond one standard deviation of the numbers count linearly, so that one wrong number pulls no more than that
(Huber, 1964, Annals of Mathematical Statistics 35).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.heads.head import FitResult, Head, TrainingSet, Trial
from headstart.heads.mlp import OutputLoss, fit_mlp_with
from headstart.heads.number_targets import TargetScale, bin_numbers, measure_errors, measure_spreads
from headstart_runtime.arrays import Doubles, Floats

_BEYOND = 1.0  #: standard deviations beyond which an error counts linearly
_BINS = 5  #: ranges of the numbers that folds have alike


def fit_number_mlp(training_set: TrainingSet, options: Any, fixed: Mapping[str, float] | None = None) -> FitResult:
    """Train a network on numbers (N, K), NaN where one is unknown. ``chosen`` is ``{"epochs": ...}``.

    The path has the held-out score after each epoch, its losses are relative errors, see ``NumberErrors``.
    """
    scale, spreads = TargetScale.fit(training_set.targets), measure_spreads(training_set.targets)

    def score(value: float, outputs: Doubles, targets: NDArray[Any], weights: Doubles) -> Trial:
        errors = measure_errors(outputs * scale.scale + scale.shift, targets * scale.scale + scale.shift, spreads)
        known = np.isfinite(targets).any(axis=1)
        return Trial(value, float(errors.relative[known].mean()), float(errors.scores[known].mean()))

    standardised = replace(training_set, targets=scale.standardise(training_set.targets).astype(np.float32))
    strata = bin_numbers(training_set.targets, max(1, min(_BINS, len(training_set) // 4)))
    fitted = fit_mlp_with(standardised, options, fixed, OutputLoss(differentiate_huber, score), strata)
    *inner, outer = fitted.head.layers
    return replace(fitted, head=Head("mlp", (*inner, scale.unfold(outer))))


def differentiate_huber(outputs: Floats, targets: NDArray[Any]) -> Floats:
    """Return the derivative of each row's mean Huber loss by outputs (B, K); targets (B, K), NaN where unknown."""
    known = np.isfinite(targets)
    missed = np.where(known, np.clip(outputs - targets, -_BEYOND, _BEYOND), 0)
    return np.asarray(missed / np.maximum(known.sum(axis=1, keepdims=True), 1), np.float32)
