"""Targets of a step: on the device that computes, and mixed."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def place_targets(targets: Tensor, device: Any) -> Tensor:
    """Return targets (B, ...) on a device; numbers as float32, for Apple's MPS does not compute in float64."""
    return (targets.float() if targets.is_floating_point() else targets).to(device)


def mix_up(activations: Tensor, targets: Tensor, alpha: float, chance: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return each sample mixed with another of its batch: mixup (Zhang et al. 2018, ICLR).

    At a boundary inside the network it is Manifold Mixup (Verma et al. 2019, ICML).

    Args:
        activations: (B, *shape).
        targets: (B, C), likewise mixed.
        alpha: of the beta distribution that the share is drawn from.
        chance: what is drawn from.
    """
    share = float(chance.beta(alpha, alpha))
    other = torch.from_numpy(chance.permutation(len(targets)))
    whole = activations if activations.is_floating_point() else activations.float()
    both = whole * share + whole[other] * (1 - share)
    return both, targets * share + targets[other] * (1 - share)
