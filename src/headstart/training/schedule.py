"""The learning rate over a training: a linear rise, then down along a cosine (Loshchilov & Hutter 2017, ICLR, eq. 5).

Rises from a hundredth: Goyal et al. 2017 ("Accurate, Large Minibatch SGD"), section 2.2. Each layer is trained at a
share of the rate of the one above it: Howard & Ruder 2018 (ACL, "ULMFiT"), section 3.2.
"""

from math import cos, pi

import torch

from headstart.settings import TrainSettings
from headstart.training.trainable import Group

RATES = {"adamw": 5e-4, "sgd": 1e-2}  #: at the top, of a pretrained network
FROM_SCRATCH = 4.0  #: times that, for random weights


def share_of_rate(step: int, steps: int, warmup: float) -> float:
    """The share of the highest rate that step 0, 1, ... ``steps`` - 1 is taken at."""
    rise = max(1, round(warmup * steps))
    if step < rise:
        return 0.01 + 0.99 * step / rise
    return 0.5 * (1 + cos(pi * (step - rise) / max(1, steps - rise)))


def highest_rate(settings: TrainSettings, *, scratch: bool) -> float:
    """The rate at the top: as set, else by optimiser."""
    if settings.rate is not None:
        return settings.rate
    return RATES[settings.optimiser] * (FROM_SCRATCH if scratch else 1.0)


def optimiser(groups: list[Group], settings: TrainSettings, *, scratch: bool) -> torch.optim.Optimizer:
    """AdamW or SGD over groups; each group's own share of the rate is its ``"share"``."""
    decay = 1.0 if scratch else settings.layer_decay  # random layers are all equally far from good
    options = [
        {
            "params": list(group.parameters),
            "share": decay**group.depth,
            "weight_decay": settings.weight_decay if group.decayed else 0.0,
        }
        for group in groups
    ]
    rate = highest_rate(settings, scratch=scratch)
    if settings.optimiser == "sgd":
        return torch.optim.SGD(options, lr=rate, momentum=settings.momentum, nesterov=settings.momentum > 0)
    return torch.optim.AdamW(options, lr=rate, fused=True)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Sets each group's rate from the rate at the top."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]
