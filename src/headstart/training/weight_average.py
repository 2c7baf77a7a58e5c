"""A moving average of weights, which is what is scored and kept (Polyak & Juditsky 1992; Izmailov et al. 2018, UAI).

Its window grows with the training: the decay of step t is 1 - (n + 1) / (t + n), up to the greatest that is set. That
is polynomial-decay averaging (Shamir & Zhang 2013, ICML, section 4): n = 1 weighs each step by its number, which suits
a network that begins near its goal; the larger n, the sooner the beginning is forgotten.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

NEAR, FAR = 1, 8  #: n for pretrained and for random weights


class WeightAverage:
    """Follows a network's parameters; statistics of BatchNorm are taken as they are."""

    def __init__(self, network: nn.Module, decay: float, n: int = NEAR):
        """From the weights as they are; ``decay`` is the greatest, 0 is no average."""
        self._n = n
        self._parameters = dict(network.named_parameters())
        self._decay, self._steps = decay, torch.zeros((), dtype=torch.int64)
        self._mean = {name: value.detach().clone() for name, value in self._parameters.items()} if decay else {}

    @property
    def tensors(self) -> dict[str, Tensor]:
        """For a checkpoint."""
        return {**self._mean, "steps": self._steps} if self._decay else {}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the average from a checkpoint."""
        for name, value in self._mean.items():
            value.copy_(tensors[name])
        if self._decay:
            self._steps.copy_(tensors["steps"])

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the weights of now."""
        if not self._decay:
            return
        self._steps += 1
        steps = int(self._steps)
        decay = min(self._decay, 1 - (self._n + 1) / (steps + self._n))
        mean, now = list(self._mean.values()), [value.detach() for value in self._parameters.values()]
        torch._foreach_lerp_(mean, now, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the network the mean weights inside the ``with`` block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        """Weights of now against mean ones, a tensor at a time: a second copy of a large network may not fit."""
        for name, mean in self._mean.items():
            now = self._parameters[name].detach().clone()
            self._parameters[name].copy_(mean)
            mean.copy_(now)
