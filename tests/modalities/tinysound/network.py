"""A network for mels, with weights of a fixed seed; the only file that needs PyTorch."""

import torch
from torch import nn


class MelNetwork(nn.Module):
    """Means, over the frames of the clip, of two convolutions over mels."""

    def __init__(self, bands: int, width: int) -> None:
        super().__init__()
        self.low = nn.Conv1d(bands, 12, 3, padding=1)
        self.high = nn.Conv1d(12, width, 3, padding=1)

    def forward(self, mels: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        inside = mask.unsqueeze(1)
        low = self.low(mels.transpose(1, 2)).relu() * inside
        high = self.high(low).relu() * inside
        count = inside.sum(2).clamp(min=1)
        return low.sum(2) / count, high.sum(2) / count


def build(bands: int, width: int, seed: int) -> nn.Module:
    """Return a network in inference mode."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = MelNetwork(bands, width)
    return network.eval().requires_grad_(False)
