"""Losses and scores of logits, and mixup."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from headstart.arrays import Doubles, Ints
from headstart.heads.closed_form import fit_temperature


@dataclass(frozen=True, slots=True)
class Step:
    """The score of a batch before the step on it was taken."""

    loss: float  #: nats per sample, without smoothing
    right: int  #: samples


def score_logits(logits: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return mean log loss (nats) and accuracy of logits (N, C) against labels (N,)."""
    return functional.cross_entropy(logits, labels).item(), float((logits.argmax(1) == labels).double().mean())


def compute_calibrated_losses(logits: Tensor, labels: Ints) -> Doubles:
    """Return each sample's log loss (N,) that is left once one temperature is fitted (Guo et al. 2017, ICML).

    Training on makes a network surer of itself before it makes it better: the plain log loss punishes the first and
    ends the training there, although a temperature takes it away.
    """
    if not torch.isfinite(logits).all():
        return np.full(len(labels), math.inf)
    values = logits.double()
    best = fit_temperature(values.numpy(), labels, np.ones(len(labels)))
    return functional.cross_entropy(best * values, torch.from_numpy(labels), reduction="none").numpy()


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
