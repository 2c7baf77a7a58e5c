"""Google's speech embedding as a PyTorch module, to be trained."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from headstart.backbones.loaded import LoadedNetwork
from headstart.backbones.providers.speech_graph import LAYERS, ORDERED, STAGES, STEPS, TimeAxis
from headstart.backbones.providers.tflite.model import TfliteModel, read_tflite
from headstart_runtime.modalities.sound.speech_spec import SPEECH_SPEC

SLOPE = 0.2  #: of the leaky ReLU below zero


def load_speech_network(file: Path, sha256: str, licence: str, seed: int | None) -> LoadedNetwork:
    """Return the network, with random weights for a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed or 0)
        network = SpeechNetwork(read_tflite(file.read_bytes()), pretrained=seed is None)
    network.eval().requires_grad_(False)
    return LoadedNetwork(
        network=network,
        spec=SPEECH_SPEC,
        layers=LAYERS,
        weights=f"wheel, {file.name}" if seed is None else "random",
        weights_sha256=sha256,
        licence=licence,
        parameters=sum(values.numel() for values in network.parameters()),
    )


class SpeechNetwork(nn.Module):
    """Mels (N, F, 32) and their mask (N, F) -> the features of each layer, as ``speech_graph`` has them."""

    def __init__(self, model: TfliteModel, *, pretrained: bool = True):
        super().__init__()
        parts = list(_list_modules(model, pretrained=pretrained))
        self.stages = nn.ModuleList(nn.Sequential(*part) for part in parts[:-1])
        self.head = nn.Sequential(*parts[-1])

    def forward(self, mels: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Return the features of each layer."""
        found = []
        values = mels.unsqueeze(1)
        for stage, axis in zip(self.stages, STAGES, strict=True):
            values = stage(values)
            found.append(_mean(values.mean(dim=3), _find_inside(mask, axis)))
        steps = self.head(values).squeeze(3)
        inside = _find_inside(mask, STEPS)
        total = inside.sum(dim=2, keepdim=True).clamp(min=1)
        mean = (steps * inside).sum(dim=2, keepdim=True) / total
        most = (steps * inside + (inside - 1) * 1e4).amax(dim=2)
        scatter = (((steps - mean) * inside) ** 2).sum(dim=2, keepdim=True)
        spread = (scatter / total + 1e-12).sqrt()  # the root has no slope at 0
        pooled = torch.cat([mean.squeeze(2), most, spread.squeeze(2)], dim=1)
        return (*found, pooled, torch.cat([pooled, _order(steps, inside, total)], dim=1))


def _find_inside(mask: Tensor, axis: TimeAxis) -> Tensor:
    """Return which places of a map see the clip alone, (N, 1, T)."""
    return mask[:, axis.field - 1 :: axis.stride].unsqueeze(1)


def _mean(places: Tensor, inside: Tensor) -> Tensor:
    return (places * inside).sum(dim=2) / inside.sum(dim=2).clamp(min=1)


def _order(steps: Tensor, inside: Tensor, total: Tensor) -> Tensor:
    shares = torch.linspace(0, 1, ORDERED).reshape(1, ORDERED, 1).to(steps.device)
    numbers = inside.cumsum(dim=2) - 1
    weights = (1 - (numbers - shares * (total - 1)).abs()).relu() * inside
    return (weights @ steps.transpose(1, 2)).flatten(1)


def _list_modules(model: TfliteModel, *, pretrained: bool) -> Iterator[list[nn.Module]]:
    """Yield the modules up to each pooling that ends a stage, and those behind the last of them."""
    part: list[nn.Module] = []
    done = 0
    for operator in model.operators:
        options = operator.options
        if operator.kind == "conv":
            kernel, bias = (model.tensors[index].values for index in operator.inputs[1:3])
            assert kernel is not None
            assert bias is not None
            part.append(_make_convolution(kernel, bias, valid=bool(options["padding"]), pretrained=pretrained))
        elif operator.kind == "leaky_relu":
            part.append(nn.LeakyReLU(float(options["alpha"])))
        elif operator.kind == "maximum":
            part.append(_Floor(cast("Sequence[float]", model.tensors[operator.inputs[1]].values)))
        elif operator.kind == "pad":
            part.append(nn.ZeroPad2d((1, 1, 0, 0)))
        elif operator.kind == "max_pool":
            height, width = int(options["filter_h"]), int(options["filter_w"])
            part.append(nn.MaxPool2d((height, width), (int(options["stride_h"]), int(options["stride_w"]))))
            done += 1
            if done <= len(STAGES):
                yield part
                part = []
    yield part


def _make_convolution(
    kernel: NDArray[np.float32], bias: NDArray[np.float32], *, valid: bool, pretrained: bool
) -> nn.Conv2d:
    outputs, height, width, inputs = kernel.shape
    padding = (0, 0) if valid else ((height - 1) // 2, (width - 1) // 2)
    module = nn.Conv2d(inputs, outputs, (height, width), padding=padding)
    if pretrained:
        module.weight.data = torch.from_numpy(kernel.transpose(0, 3, 1, 2).copy())
        module.bias.data = torch.from_numpy(bias.copy())
    return module


class _Floor(nn.Module):
    """Numbers below a floor are raised to it."""

    def __init__(self, least: Sequence[float]):
        super().__init__()
        self.least = float(np.asarray(least).reshape(-1)[0])

    def forward(self, values: Tensor) -> Tensor:
        """Return the raised numbers."""
        return values.clamp(min=self.least)
