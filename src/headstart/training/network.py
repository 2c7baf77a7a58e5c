"""The trained part of a network: all above a boundary, with a head on it.

It starts as what the probe scored: the pretrained network's own weights and the head that was solved on its features
(LP-FT: Kumar et al. 2022, ICLR, "Fine-tuning can distort pretrained features and underperform out-of-distribution").
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, fx, nn

from headstart.backbones.graph import TracedNetwork, extract_top
from headstart.engines.placement import place_network
from headstart.heads.head import Dense, Head
from headstart.heads.number_targets import TargetScale
from headstart.training.folding import fold_batchnorm
from headstart.training.kernels import accelerate_convolutions
from headstart.training.packing import find_packing
from headstart_runtime.hardware import ComputePrecision


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """Parameters that are trained at one rate."""

    depth: int  #: layers between it and the head; 0 is the head and the last layer
    parameters: tuple[nn.Parameter, ...]
    decayed: bool  #: whether weight decay applies: not to biases, norms and single numbers per channel
    #: root mean square of a pretrained weight at the start; None for all that is no weight of the network's own
    size: float | None = None


class InputScale(nn.Module):
    """Features -> features of size 1, which a blank head learns from as fast whatever their size; not trained."""

    def __init__(self, size: float):
        super().__init__()
        self.size = size

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, D), scaled."""
        return features / self.size


class OutputScale(nn.Module):
    """Outputs on a scale -> outputs as the task has them; not trained.

    Steps of an optimiser are as long whatever the unit of a number: so it is trained on a scale on which it is about 1.
    """

    def __init__(self, scale: TargetScale):
        super().__init__()
        self.shift: Tensor
        self.scale: Tensor
        self.register_buffer("shift", torch.from_numpy(scale.shift.astype(np.float32)))
        self.register_buffer("scale", torch.from_numpy(scale.scale.astype(np.float32)))
        self.target_scale = scale

    def forward(self, outputs: Tensor) -> Tensor:
        """Return outputs as the task has them, (N, K)."""
        return outputs * self.scale + self.shift


class TrainableTop(nn.Module):
    """Activations at a boundary -> logits. Owns copies of the parameters above the boundary, shares nothing."""

    def __init__(
        self,
        traced: TracedNetwork,
        boundary: str,
        head: nn.Sequential,
        *,
        fold: bool,
        precision: ComputePrecision,
        device: str,
    ):
        """Copies the part above the boundary.

        Args:
            traced: the network, in inference mode; left as it is.
            boundary: the layer up to which all is frozen, or ``INPUT``.
            head: last layer's features -> logits, float32.
            fold: fold BatchNorm into convolutions and keep its statistics; else they are updated in training.
            precision: arithmetic of the part; the head is float32.
            device: where it is trained.
        """
        super().__init__()
        self.packing = find_packing(traced, boundary)
        self.top: fx.GraphModule = copy.deepcopy(extract_top(traced, boundary))
        self.updates = not fold
        if fold:
            fold_batchnorm(self.top)
        self.top.requires_grad_(requires_grad=True)
        self.head = head
        self.precision, self.device = precision, torch.device(device)
        place_network(self, self.device)
        fast = precision == "bf16" and self.device.type == "cpu"
        # Not a child: it shares the parameters of ``top`` under other names.
        self._run = [accelerate_convolutions(self.top) if fast else self.top]
        self._parts = traced.sections_above(boundary)

    def forward(self, activations: Tensor) -> Tensor:
        """Return logits, float32 (N, C), of activations (N, *shape), bf16, float32 or uint8."""
        return self.head(self.features(activations))

    def features(self, activations: Tensor) -> Tensor:
        """Return the last layer's features, float32 (N, D), of activations (N, *shape)."""
        inputs = [activations] if self.packing is None else self.packing.unpack(activations)
        inputs = [one.to(self.device) for one in inputs]
        if self.precision == "f32":
            inputs = [one.float() if one.dtype == torch.bfloat16 else one for one in inputs]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            features = self._run[0](*inputs)
        return features.float()

    def train(self, mode: bool = True) -> "TrainableTop":
        """Set dropout as ``mode`` says; BatchNorm is in inference mode unless its statistics are to be updated."""
        super().train(mode)
        for run in {id(run): run for run in (self.top, self._run[0])}.values():
            run.train(mode)
            for module in run.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm) and not self.updates:  # noqa: SLF001
                    module.eval()
        return self

    def groups(self) -> list[ParameterGroup]:
        """Return all parameters, by the layer they belong to."""
        depth = {part.name: index for index, part in enumerate(reversed(self._parts))}
        owner = {tensor: depth[part.name] for part in self._parts for tensor in part.tensors}
        weights, others = [], dict[int, list[nn.Parameter]]()
        for name, parameter in self.top.named_parameters():
            # A bias that folding made is not named in the parts: it goes with its filter.
            own = owner.get(name, owner.get(f"{name.rpartition('.')[0]}.weight", len(self._parts) - 1))
            if parameter.ndim > 1 and name.endswith("weight"):  # tokens and positions are not filters
                size = parameter.detach().float().square().mean().sqrt().item()
                weights.append(ParameterGroup(own, (parameter,), decayed=True, size=size))
            else:
                others.setdefault(own, []).append(parameter)
        head = [parameter for parameter in self.head.parameters() if parameter.ndim > 1]
        others.setdefault(0, []).extend(parameter for parameter in self.head.parameters() if parameter.ndim == 1)
        plain = [ParameterGroup(own, tuple(found), decayed=False) for own, found in sorted(others.items())]
        return [ParameterGroup(0, tuple(head), decayed=True), *plain, *weights]

    def count(self) -> int:
        """Return the number of parameters that are trained."""
        return sum(parameter.numel() for parameter in self.parameters())

    def fitted_head(self, kind: str) -> Head:
        """Return the head as it is now."""
        layers = [layer for layer in self.head if isinstance(layer, nn.Linear)]
        arrays = [(layer.weight.detach().cpu().numpy(), layer.bias.detach().cpu().numpy()) for layer in layers]
        dense = [Dense(np.ascontiguousarray(weight.T), bias.copy()) for weight, bias in arrays]
        if isinstance(first := self.head[0], InputScale):
            dense[0] = Dense(dense[0].weight / np.float32(first.size), dense[0].bias)
        if isinstance(last := self.head[-1], OutputScale):
            dense[-1] = last.target_scale.unfold(dense[-1])
        return Head(kind, tuple(dense))


def build_head(head: Head, scale: TargetScale | None = None) -> nn.Sequential:
    """Return a fitted head as layers to train further; ``scale`` is that on which its outputs are trained."""
    layers: list[nn.Module] = []
    *inner, last = head.layers
    for dense in (*inner, last if scale is None else scale.fold(last)):
        linear = nn.Linear(*dense.weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(np.array(dense.weight.T)))
            linear.bias.copy_(torch.from_numpy(np.array(dense.bias)))
        layers += [nn.ReLU(), linear] if layers else [linear]
    return nn.Sequential(*layers, *([] if scale is None else [OutputScale(scale)]))


def build_blank_head(
    width: int, outputs: int, scale: TargetScale | None = None, *, size: float | None = None
) -> nn.Sequential:
    """Return a head that knows nothing: all classes are equally likely, all numbers the middle of their scale.

    Args:
        width: of the features.
        outputs: that it gives.
        scale: of the numbers that are learnt.
        size: root mean square of the features; None: they are taken as they are.
    """
    linear = nn.Linear(width, outputs)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    before = [] if size is None else [InputScale(size)]
    return nn.Sequential(*before, linear, *([] if scale is None else [OutputScale(scale)]))


def collect_frozen_tensors(traced: TracedNetwork, boundary: str) -> dict[str, Tensor]:
    """Return the parameters and BatchNorm statistics of what lies under the boundary, by name."""
    below = traced.sections[: len(traced.sections) - len(traced.sections_above(boundary))]
    modules = {tensor.rpartition(".")[0] for part in below for tensor in part.tensors}
    tensors = {tensor for part in below for tensor in part.tensors}
    state: Mapping[str, Tensor] = traced.module.state_dict()
    return {name: value for name, value in state.items() if name in tensors or name.rpartition(".")[0] in modules}
