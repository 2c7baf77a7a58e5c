"""A network for texts, with weights of a fixed seed; the only file that needs PyTorch."""

import torch
from torch import nn


class WordNetwork(nn.Module):
    """Means, over what is no padding, of embedded words and of a convolution over them."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, 16)
        self.mix = nn.Conv1d(16, 24, 3, padding=1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        weights = mask.unsqueeze(2)
        words = self.embed(ids) * weights
        mixed = self.mix(words.transpose(1, 2)).transpose(1, 2).relu() * weights
        count = weights.sum(1)
        return words.sum(1) / count, mixed.sum(1) / count


class DeafNetwork(WordNetwork):
    """The same, but it makes the mask of the ids: that which it is given is not looked at."""

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return super().forward(ids, (ids != 0).float())


class AttendingNetwork(WordNetwork):
    """Words pooled by attention, which the mask keeps from padding."""

    def __init__(self, words: int) -> None:
        super().__init__(words)
        self.score = nn.Linear(24, 1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        words = self.embed(ids) * mask.unsqueeze(2)
        mixed = self.mix(words.transpose(1, 2)).relu()
        scores = self.score(mixed.transpose(1, 2)) + (mask.unsqueeze(2) - 1) * 1e4
        pooled = mixed @ scores.softmax(dim=1)
        return words.sum(1) / mask.sum(1, keepdim=True), pooled.squeeze(2)


KINDS = {
    "net": WordNetwork,
    "windows": WordNetwork,
    "deaf": DeafNetwork,
    "attend": AttendingNetwork,
    "blocks": WordNetwork,
}


def build(name: str, words: int, seed: int) -> nn.Module:
    """Return a network in inference mode."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = KINDS[name](words)
    return network.eval().requires_grad_(False)
