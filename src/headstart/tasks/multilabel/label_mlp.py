"""``mlp``: one hidden layer as ``heads.mlp`` trains it, by the binary cross-entropy of the labels that are known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.average_precision import mean_average_precision
from headstart.heads.head import FitResult, TrainingSet, Trial
from headstart.heads.mlp import OutputLoss, fit_mlp_with
from headstart.tasks.multilabel.label_losses import average_label_losses, weigh_sides
from headstart.tasks.multilabel.targets import mark_memberships, number_rarest
from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.linalg import sigmoid


def fit_label_mlp(training_set: TrainingSet, options: Any, fixed: Mapping[str, float] | None = None) -> FitResult:
    """Train a network with an output for each label. ``chosen`` is ``{"epochs": ...}``."""
    sides = weigh_sides(training_set.targets, balanced=training_set.balanced)

    def differentiate(logits: Floats, targets: NDArray[np.integer]) -> Floats:
        there = targets == 1
        weights = np.where(there, sides[1], sides[0]) * (targets >= 0)
        return np.asarray((sigmoid(logits) - there) * weights, np.float32)

    strata = number_rarest(mark_memberships(training_set.targets))
    loss = OutputLoss(differentiate, _score_epoch)
    return fit_mlp_with(training_set, options, fixed, loss, strata, np.ones(len(training_set)))


def _score_epoch(value: float, logits: Doubles, targets: NDArray[np.integer], weights: Doubles) -> Trial:
    probabilities = sigmoid(logits.astype(np.float32))
    return Trial(value, average_label_losses(targets, probabilities), mean_average_precision(targets, logits))
