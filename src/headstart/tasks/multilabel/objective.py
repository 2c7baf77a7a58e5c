"""Binary cross-entropy of labels and the asymmetric loss, in PyTorch; what is unknown has no part in either.

The asymmetric loss: Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter & Zelnik-Manor, 2021, Asymmetric Loss for
Multi-Label Classification, ICCV. What is absent counts with the power ``FOCUS`` of its probability, and not at all
below ``MARGIN``, so that the many labels that are easily told to be absent do not outweigh the few that are there.
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from headstart.evaluation.average_precision import mean_average_precision
from headstart.tasks.multilabel.calibration_choice import fit_label_temperature
from headstart.tasks.multilabel.label_losses import average_label_losses, compute_row_losses
from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.linalg import sigmoid

FOCUS, MARGIN = 4.0, 0.05  #: gamma- and m of the paper; what is there counts as in cross-entropy (gamma+ of 0)
_SMALLEST = 1e-8


class LabelSetObjective:
    """A loss of logits (B, K) against labels that are there, absent or unknown; its sum over labels is minimised.

    Encoded targets are float32 (B, 2, K): how much each label is absent and how much it is there, both 0 where it is
    unknown; so two of them can be mixed.
    """

    def __init__(self, weights: Floats, *, asymmetric: bool, device: Any):
        """Take the weights.

        Args:
            weights: of each label where it is absent and where it is there, (2, K).
            asymmetric: whether to take the asymmetric loss.
            device: where logits are.
        """
        self._weights = torch.from_numpy(weights).to(device)
        self._asymmetric = asymmetric

    def encode(self, targets: Tensor) -> Tensor:
        """Return how much each label is absent and there, float32 (B, 2, K), of int8 (B, K)."""
        return torch.stack([targets == 0, targets == 1], dim=1).float()

    def compute_loss(self, logits: Tensor, encoded: Tensor) -> Tensor:
        """Return the mean over rows of the sum over labels."""
        return (self._compute_parts(logits) * encoded * self._weights).sum(dim=(1, 2)).mean()

    def sum_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the sum of these losses over rows."""
        return (self._compute_parts(logits) * self.encode(targets) * self._weights).sum()

    def score(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """Return mean log loss (nats, of a label) and mean average precision."""
        truth, probabilities = targets.cpu().numpy(), sigmoid(logits.detach().float().cpu().numpy())
        return average_label_losses(truth, probabilities), mean_average_precision(truth, probabilities)

    def score_step(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """Return mean log loss and the mean average precision within the batch, times its rows."""
        loss, score = self.score(logits, targets)
        return loss, score * len(targets)

    def score_epoch(self, logits: Tensor, targets: NDArray[np.integer]) -> Doubles:
        """Return each row's log loss (N,) that is left once one temperature is fitted, for all labels alike."""
        if not torch.isfinite(logits).all():
            return np.full(len(targets), math.inf)
        probabilities = sigmoid(logits.float().numpy())
        return compute_row_losses(targets, fit_label_temperature(targets, probabilities).apply(probabilities))

    def _compute_parts(self, logits: Tensor) -> Tensor:
        """Return the loss of each label were it absent, and were it there, (B, 2, K)."""
        there = -functional.logsigmoid(logits)
        if not self._asymmetric:
            return torch.stack([-functional.logsigmoid(-logits), there], dim=1)
        shifted = (torch.sigmoid(logits) - MARGIN).clamp(min=0)
        absent = -(shifted**FOCUS) * torch.log((1 - shifted).clamp(min=_SMALLEST))
        return torch.stack([absent, there], dim=1)
