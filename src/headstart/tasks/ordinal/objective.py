"""The loss of thresholds' questions, and the log loss that is left after calibration, in PyTorch."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.tasks.ordinal.calibration_fits import fit_logit_scale
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.tasks.ordinal.distribution import (
    SMALLEST,
    accumulate_logits,
    distribute,
    find_medians,
    spread_numbers,
)

_NARROWEST = 1e-12  #: gap between thresholds below which a rank has no share of its own


class RankObjective:
    """The sum over thresholds of the cross-entropy of "is the rank k or more?" (Cao, Mirjalili & Raschka, 2020).

    Rank consistent ordinal regression for neural networks with application to age estimation, Pattern Recognition
    Letters 140, equation 4. Their questions share weights, so that the answers rise with no rank; here they are asked
    of one distribution, whose tails cannot do otherwise, and which may have more than one direction.
    """

    def __init__(self, weights: Floats, device: Any):
        """Take the weights of the ranks, (K,), and where logits are."""
        self._weights = torch.from_numpy(weights).to(device)

    def encode(self, targets: Tensor) -> Tensor:
        """Return the weight of each rank and, behind it, the answers to its questions, float32 (B, K)."""
        ranks = len(self._weights)
        answers = (targets[:, None] >= torch.arange(1, ranks, device=targets.device)).float()
        return torch.cat([self._weights[targets][:, None], answers], dim=1)

    def compute_loss(self, logits: Tensor, encoded: Tensor) -> Tensor:
        """Return the mean weighted sum of the questions' losses, nats."""
        return (encoded[:, 0] * self._ask(logits, encoded[:, 1:])).mean()

    def sum_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the sum of these losses, nats."""
        encoded = self.encode(targets)
        return (encoded[:, 0] * self._ask(logits, encoded[:, 1:])).sum()

    def score(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """Return mean log loss of the ranks (nats) and their mean distance."""
        losses, distances = _measure(logits, targets)
        return float(losses.mean()), float(distances.mean())

    def score_step(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """Return mean log loss (nats) and the sum of the distances."""
        losses, distances = _measure(logits, targets)
        return float(losses.mean()), float(distances.sum())

    def score_epoch(self, logits: Tensor, targets: Ints) -> Doubles:
        """Return each row's log loss (N,) that is left once one scale of the cumulative logits is fitted."""
        if not torch.isfinite(logits).all():
            return np.full(len(targets), math.inf)
        cumulative = accumulate_logits(spread_numbers(logits.cpu().double().numpy()))
        scaled = distribute(fit_logit_scale(targets, cumulative) * cumulative)
        return np.asarray(-np.log(np.maximum(scaled[np.arange(len(targets)), targets], SMALLEST)))

    def _ask(self, logits: Tensor, answers: Tensor) -> Tensor:
        """Return the summed losses of each row's questions, (B,)."""
        logs = compute_rank_logs(logits)
        reached = torch.logcumsumexp(logs.flip(1), dim=1).flip(1)[:, 1:]
        missed = torch.logcumsumexp(logs, dim=1)[:, :-1]
        return -(answers * reached + (1 - answers) * missed).sum(dim=1)


def compute_rank_logs(numbers: Tensor) -> Tensor:
    """Return the logarithms (B, K) of the probabilities of ``distribution.spread_numbers``, of numbers (B, 2 K)."""
    ordered, own = numbers.chunk(2, dim=1)
    cumulative = ordered[:, :1] - ordered[:, 1:].cummax(dim=1).values
    none = torch.zeros_like(ordered[:, :1])
    gaps = (cumulative[:, :-1] - cumulative[:, 1:]).clamp(min=_NARROWEST)
    reached = torch.cat([none, functional.logsigmoid(cumulative)], dim=1)
    not_passed = torch.cat([functional.logsigmoid(-cumulative), none], dim=1)
    inside = torch.cat([none, torch.log(-torch.expm1(-gaps)), none], dim=1)
    return functional.log_softmax(reached + not_passed + inside[:, : reached.shape[1]] + own, dim=1)


def _measure(logits: Tensor, targets: Tensor) -> tuple[Doubles, Doubles]:
    """Return log loss (nats) and distance in ranks of each row, (B,)."""
    probabilities = spread_numbers(logits.detach().cpu().double().numpy())
    ranks = targets.cpu().numpy()
    own = np.maximum(probabilities[np.arange(len(ranks)), ranks], SMALLEST)
    return -np.log(own), np.abs(find_medians(probabilities) - ranks).astype(np.float64)
