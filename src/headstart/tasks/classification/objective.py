"""Cross-entropy, and the loss that is left after calibration, in PyTorch."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.heads.closed_form import fit_temperature
from headstart_runtime.arrays import Doubles, Floats, Ints


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

    def score_step(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """Return mean log loss (nats) and the number of rows that are right."""
        return functional.cross_entropy(logits, targets).item(), int((logits.argmax(1) == targets).sum())

    def score_epoch(self, logits: Tensor, targets: Ints) -> Doubles:
        """Return each row's log loss (N,) that is left once one temperature is fitted."""
        return compute_calibrated_losses(logits, targets)


def score_logits(logits: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return mean log loss (nats) and accuracy of logits (N, C) against labels (N,)."""
    return functional.cross_entropy(logits, labels).item(), float((logits.argmax(1) == labels).float().mean())


def compute_calibrated_losses(logits: Tensor, labels: Ints) -> Doubles:
    """Return each sample's log loss (N,) that is left once one temperature is fitted (Guo et al. 2017, ICML).

    Training on makes a network surer of itself before it makes it better: the plain log loss punishes the first and
    ends the training there, although a temperature takes it away.
    """
    if not torch.isfinite(logits).all():
        return np.full(len(labels), math.inf)
    values = logits.double()
    best = fit_temperature(values.numpy(), labels, np.ones(len(labels)))
    losses = functional.cross_entropy(best * values, torch.from_numpy(labels), reduction="none")
    return np.asarray(losses.numpy(), np.float64)
