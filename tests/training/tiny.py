"""A network of a few thousand weights with all that a training meets, on photos of 16 x 16 pixels."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from headstart.backbones.backbone import Layer
from headstart.backbones.graph import TracedNetwork, trace
from headstart_runtime.modalities.image.spec import ImageSpec

SIZE, WIDTH = 16, 24
SPEC = ImageSpec(SIZE, 1000, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class Tiny(nn.Module):
    """Three stages and the last layer: plain, depthwise and pointwise convolutions, BatchNorm, dropout.

    ``norm`` follows a convolution whose output is also used otherwise, so it cannot be folded.
    """

    def __init__(self, dropout: float):
        super().__init__()
        self.stem, self.stem_norm = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8)
        self.deep, self.deep_norm = nn.Conv2d(8, 8, 5, padding=2, groups=8, bias=False), nn.BatchNorm2d(8)
        self.point, self.point_norm = nn.Conv2d(8, 16, 1, bias=False), nn.BatchNorm2d(16)
        self.full, self.norm = nn.Conv2d(16, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16)
        self.last, self.last_norm = nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.wide, self.act, self.drop = nn.Conv2d(16, WIDTH, 1), nn.ReLU(inplace=True), nn.Dropout(dropout)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        values = pixels.permute(0, 3, 1, 2).to(torch.float32) / 128 - 1
        low = self.stem_norm(self.stem(values)).relu()
        middle = self.point_norm(self.point(self.deep_norm(self.deep(low)).relu())).relu()
        inner = self.full(middle)
        high = inner + self.last_norm(self.last(self.norm(inner).relu()))
        final = self.drop(self.act(self.wide(high))).mean((2, 3))
        return low.mean((2, 3)), middle.mean((2, 3)), high.mean((2, 3)), final


def loaded(*, dropout: float = 0.0, seed: int = 0) -> Any:
    """What ``zoo.load`` gives, as far as tracing asks for it; statistics as after training, not the identity."""
    torch.manual_seed(seed)
    network = Tiny(dropout).eval().requires_grad_(requires_grad=False)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.uniform_(0.5, 1.5)
            module.bias.normal_(0, 0.2)
    layers = tuple(map(Layer, ("stage1", "stage2", "stage3", "final"), (8, 16, 16, WIDTH)))
    return SimpleNamespace(network=network, spec=SPEC, layers=layers)


def traced(*, dropout: float = 0.0, seed: int = 0) -> TracedNetwork:
    """Its graph: boundaries of 8 x 8 x 8, 8 x 8 x 16 and 4 x 4 x 16."""
    return trace(loaded(dropout=dropout, seed=seed))
