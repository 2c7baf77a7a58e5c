"""An exponential moving average of weights, which is what is scored and kept (Polyak & Juditsky 1992; Izmailov 2018).

Early on it follows faster, as TensorFlow's does: the decay of step t is at most (1 + t) / (10 + t).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Follows a network's parameters; statistics of BatchNorm are taken as they are."""

    def __init__(self, network: nn.Module, decay: float):
        self._parameters = dict(network.named_parameters())
        self._decay, self._steps = decay, torch.zeros((), dtype=torch.int64)
        self._mean = {name: value.detach().clone() for name, value in self._parameters.items()} if decay else {}

    @property
    def tensors(self) -> dict[str, Tensor]:
        """For a checkpoint."""
        return {**self._mean, "steps": self._steps} if self._decay else {}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """From a checkpoint."""
        for name, value in self._mean.items():
            value.copy_(tensors[name])
        if self._decay:
            self._steps.copy_(tensors["steps"])

    @torch.no_grad()
    def update(self) -> None:
        """Moves towards the weights of now."""
        if not self._decay:
            return
        self._steps += 1
        steps = int(self._steps)
        decay = min(self._decay, (1 + steps) / (10 + steps))
        mean, now = list(self._mean.values()), [value.detach() for value in self._parameters.values()]
        torch._foreach_lerp_(mean, now, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network has the mean weights inside the ``with`` block."""
        with torch.no_grad():
            now = {name: self._parameters[name].detach().clone() for name in self._mean}
            for name, value in self._mean.items():
                self._parameters[name].copy_(value)
            try:
                yield
            finally:
                for name, value in now.items():
                    self._parameters[name].copy_(value)
