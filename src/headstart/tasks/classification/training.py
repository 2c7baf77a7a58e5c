"""Cross-entropy, and the loss that is left after calibration, in PyTorch."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from headstart.arrays import Doubles, Floats, Ints
from headstart.training.losses import compute_calibrated_losses, score_logits
from headstart.training.plan import weigh_classes


class ClassObjective:
    """Cross-entropy of logits (B, C) with label smoothing and a weight for each class."""

    def __init__(self, weights: Floats, smoothing: float, device: Any):
        """Take the weights.

        Args:
            weights: of the classes, (C,).
            smoothing: share of a label that is given to all classes.
            device: where logits are.
        """
        self._weights = torch.from_numpy(weights).to(device)
        self._smoothing = smoothing

    def encode(self, targets: Tensor) -> Tensor:
        """Return smoothed shares of the classes, float32 (B, C)."""
        classes = len(self._weights)
        return functional.one_hot(targets, classes).float() * (1 - self._smoothing) + self._smoothing / classes

    def compute_loss(self, logits: Tensor, encoded: Tensor) -> Tensor:
        """Return the mean weighted cross-entropy, nats."""
        return -(encoded * functional.log_softmax(logits, dim=1) * self._weights).sum(1).mean()

    def sum_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the sum of the weighted cross-entropies, nats."""
        return functional.cross_entropy(
            logits, targets, weight=self._weights, label_smoothing=self._smoothing, reduction="sum"
        )

    def score(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """Return mean log loss (nats) and accuracy."""
        return score_logits(logits, targets)

    def score_epoch(self, logits: Tensor, targets: Ints) -> Doubles:
        """Return each row's log loss (N,) that is left once one temperature is fitted."""
        return compute_calibrated_losses(logits, targets)


class ClassTraining:
    """Training of networks that tell classes apart."""

    def make_objective(self, targets: Ints, outputs: int, settings: Any, device: Any) -> ClassObjective:
        """Return cross-entropy, with weights of the classes where the settings balance them."""
        weights = weigh_classes(targets, outputs, balanced=settings.class_weights == "balanced")
        return ClassObjective(weights, settings.label_smoothing, device)
