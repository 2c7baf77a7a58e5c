"""A network for tokens, with weights of a fixed seed; the only file that needs PyTorch."""

import torch
from torch import nn


class TokenNetwork(nn.Module):
    """Means, over what is no padding, of embedded tokens and of a convolution over them; places count a little."""

    def __init__(self, tokens: int, most: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(tokens, 16)
        self.place = nn.Embedding(most, 16)
        self.mix = nn.Conv1d(16, 24, 3, padding=1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        weights = mask.unsqueeze(2).float()
        places = torch.cumsum(torch.ones_like(ids), dim=1) - 1
        words = (self.embed(ids) + 0.1 * self.place(places)) * weights
        mixed = self.mix(words.transpose(1, 2)).transpose(1, 2).relu() * weights
        count = weights.sum(1)
        return words.sum(1) / count, mixed.sum(1) / count


def build(tokens: int, most: int, seed: int) -> nn.Module:
    """Return a network in inference mode, for at most so many tokens."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = TokenNetwork(tokens, most)
    return network.eval().requires_grad_(False)
