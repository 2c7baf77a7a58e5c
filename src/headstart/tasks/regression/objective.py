"""Huber's loss on standardised numbers, in PyTorch (Huber, 1964, Annals of Mathematical Statistics 35)."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.heads.number_targets import TargetScale, measure_errors
from headstart_runtime.arrays import Doubles

_KNOWN = 0.999  #: share of known numbers in a mix from which it is known


class NumberObjective:
    """Huber's loss of numbers (B, K) as a head gives them; NaN where a target is unknown, which then counts nothing."""

    def __init__(self, scale: TargetScale, spreads: Doubles, beyond: float, device: Any):
        """Take the scale.

        Args:
            scale: of the numbers.
            spreads: what relative errors are relative to, (K,).
            beyond: standard deviations from which on an error counts linearly.
            device: where logits are.
        """
        self._shift, self._scale, self._spreads = (
            torch.from_numpy(np.asarray(values, np.float32)).to(device)
            for values in (scale.shift, scale.scale, spreads)
        )
        self._spreads_in_numpy = spreads
        self._beyond = beyond

    def encode(self, targets: Tensor) -> Tensor:
        """Return standardised numbers, 0 where one is unknown, and beside them whether each is known: (B, 2 K)."""
        standardised = (targets.float() - self._shift) / self._scale
        known = torch.isfinite(standardised)
        return torch.cat([torch.where(known, standardised, torch.zeros_like(standardised)), known.float()], dim=1)

    def compute_loss(self, logits: Tensor, encoded: Tensor) -> Tensor:
        """Return the mean over rows of the mean loss of their known numbers."""
        return self._lose(logits, encoded).mean()

    def sum_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the sum of these losses."""
        return self._lose(logits, self.encode(targets)).sum()

    def score(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """Return mean relative error, and mean absolute error; of several numbers the relative one twice."""
        relative, absolute = self._measure(logits, targets)
        return relative.mean().item(), absolute.mean().item()

    def score_step(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """Return mean relative error, and the sum of the absolute ones."""
        relative, absolute = self._measure(logits, targets)
        return relative.mean().item(), absolute.sum().item()

    def score_epoch(self, logits: Tensor, targets: Doubles) -> Doubles:
        """Return the relative error of each row, (N,)."""
        if not torch.isfinite(logits).all():
            return np.full(len(targets), math.inf)
        return measure_errors(logits.cpu().double().numpy(), targets, self._spreads_in_numpy).relative

    def _lose(self, logits: Tensor, encoded: Tensor) -> Tensor:
        """Return the mean loss of the known numbers of each row, (B,)."""
        wanted, known = encoded.chunk(2, dim=1)
        inside = (known > _KNOWN).float()
        standardised = (logits - self._shift) / self._scale
        losses = functional.huber_loss(standardised, wanted, reduction="none", delta=self._beyond)
        return (losses * inside).sum(dim=1) / inside.sum(dim=1).clamp(min=1)

    def _measure(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return relative and absolute errors, (B,) each, on the device of the logits."""
        true = targets.float().to(logits.device)
        known = torch.isfinite(true)
        errors = torch.where(known, (logits.detach() - true).abs(), torch.zeros_like(true))
        shares = errors / self._spreads.to(logits.device)
        relative = shares.sum(dim=1) / known.sum(dim=1).clamp(min=1)
        return relative, errors[:, 0] if errors.shape[1] == 1 else relative
