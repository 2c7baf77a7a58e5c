"""The learning rate over a training: a linear rise, then down along a cosine (Loshchilov & Hutter 2017, ICLR, eq. 5).

Rises from a hundredth: Goyal et al. 2017 ("Accurate, Large Minibatch SGD"), section 2.2. Each layer is trained at a
share of the rate of the one above it: Howard & Ruder 2018 (ACL, "ULMFiT"), section 3.2.

Under Adam a pretrained weight is trained at a rate in proportion to its size, as in Adafactor (Shazeer & Stern 2018,
ICML, section 8) and LARS (You et al. 2017): a step of Adam is as large for every number, so one that is right for
filters of size 0.3 destroys those of size 0.015. BatchNorm that is folded into its convolution makes that difference.
"""

from math import cos, pi

import torch

from headstart.settings import TrainSettings
from headstart.training.network import ParameterGroup

RATES = {"adamw": 7e-4, "sgd": 5e-3}  #: at the top, of a pretrained network
USUAL_SIZE = 0.1  #: root mean square of a weight that is trained at the full rate
LEAST_SIZE = 1e-3  #: a pretrained weight of zeros would never move
FROM_SCRATCH = 4.0  #: times that, for random weights


def rate_share(step: int, steps: int, warmup: float) -> float:
    """Return the share of the peak rate that step 0, 1, ... ``steps`` - 1 is taken at."""
    rise = max(1, round(warmup * steps))
    if step < rise:
        return 0.01 + 0.99 * step / rise
    return 0.5 * (1 + cos(pi * (step - rise) / max(1, steps - rise)))


def peak_rate(settings: TrainSettings, *, scratch: bool) -> float:
    """Return the rate at the top: as set, else by optimiser."""
    return default_rate(settings, scratch=scratch) if settings.rate is None else settings.rate


def default_rate(settings: TrainSettings, *, scratch: bool) -> float:
    """Return the rate at the top where none is set."""
    return RATES[settings.optimiser] * (FROM_SCRATCH if scratch else 1.0)


def build_optimiser(groups: list[ParameterGroup], settings: TrainSettings, *, scratch: bool) -> torch.optim.Optimizer:
    """Return AdamW or SGD over groups; each group's own share of the rate is its ``"share"``."""
    options = [
        {
            "params": list(group.parameters),
            "share": 1.0 if scratch else _share(group, settings),  # random layers are all equally far from good
            "weight_decay": settings.weight_decay if group.decayed else 0.0,
        }
        for group in groups
    ]
    rate = peak_rate(settings, scratch=scratch)
    if settings.optimiser == "sgd":
        return torch.optim.SGD(options, lr=rate, momentum=settings.momentum, nesterov=settings.momentum > 0)
    return torch.optim.AdamW(options, lr=rate, fused=True)


def _share(group: ParameterGroup, settings: TrainSettings) -> float:
    """Of a pretrained layer's rate: less the deeper it lies, more the larger its weights are."""
    share = settings.layer_decay**group.depth
    if group.size is None or settings.optimiser == "sgd":  # a step of SGD is as large as the gradient says
        return share
    return share * max(group.size, LEAST_SIZE) / USUAL_SIZE


def set_rate(build_optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set each group's rate from the rate at the top."""
    for group in build_optimiser.param_groups:
        group["lr"] = rate * group["share"]
