"""Encoders as PyTorch modules, of the same weights as their graphs: to be trained, and to run on a GPU.

Each block reads the states and the mask alone, so the graph of the module can be cut behind any of them.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from headstart.backbones.encoders.buckets import find_buckets
from headstart.backbones.encoders.config import EncoderConfig
from headstart.backbones.encoders.pooling import LEAST_LENGTH, Pooling
from headstart.backbones.encoders.weights import EncoderWeights

MASKED = -1e4  #: added to the score of what is padding: behind the exponential it is exactly 0


class Encoder(nn.Module):
    """Token ids and mask, int64 (N, T), to float32 (N, D) for each layer."""

    def __init__(self, config: EncoderConfig, pooling: Pooling):
        super().__init__()
        self.word = nn.Embedding(config.vocabulary, config.width)
        self.position = nn.Embedding(config.first_position + config.most_tokens, config.width)
        self.norm = nn.LayerNorm(config.width, config.epsilon)
        self.blocks = nn.ModuleList(EncoderBlock(config) for _ in range(config.blocks))
        self.ends = frozenset(config.layers)  #: blocks, counted from 1, after which a layer ends
        self.first, self.pooling = config.first_position, pooling

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Return the features of each layer, from the input upwards."""
        numbers = mask.float()
        scores = ((1 - numbers) * MASKED)[:, None, None, :]
        places = self.position.weight[self.first : self.first + ids.shape[1]]
        states = self.norm(self.word(ids) + places)
        features = []
        for number, block in enumerate(self.blocks, 1):
            states = block(states, scores)
            if number in self.ends and number < len(self.blocks):
                features.append(average_tokens(states, numbers))
        return (*features, pool_tokens(states, numbers, self.pooling))


class EncoderBlock(nn.Module):
    """Attention and two dense layers, each added to what it reads and normalised behind that."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        width = config.width
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.attention_norm, self.norm = (nn.LayerNorm(width, config.epsilon) for _ in range(2))
        self.inner, self.outer = nn.Linear(width, config.inner), nn.Linear(config.inner, width)
        self.heads, self.size = config.heads, width // config.heads
        self.activate: nn.Module = {"gelu": nn.GELU(), "tanh": nn.GELU("tanh"), "relu": nn.ReLU()}[config.activation]
        self.distances = Distances(config) if config.buckets else None

    def forward(self, states: Tensor, scores: Tensor) -> Tensor:
        """Return the states (N, T, D) behind the block, of those before it and of what the mask adds to scores."""
        if self.distances is not None:
            scores = scores + self.distances(states)
        query, key, value = (
            part(states).unflatten(2, (self.heads, self.size)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        shares = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(self.size) + scores, dim=3)
        mixed = (shares @ value).transpose(1, 2).flatten(2)
        states = self.attention_norm(states + self.output(mixed))
        return self.norm(states + self.outer(self.activate(self.inner(states))))


class Distances(nn.Module):
    """A bias of attention by the distance of two tokens; pretrained ones are the same in all blocks."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.relative = nn.Embedding(config.buckets, config.heads)
        self.most = config.most_tokens
        buckets = find_buckets(np.arange(1 - self.most, self.most), config.buckets)
        self.register_buffer("buckets", torch.from_numpy(buckets)[:, None], persistent=False)

    def forward(self, states: Tensor) -> Tensor:
        """Return the bias, (heads, T, T), for as many tokens as states (N, T, D) have."""
        places = torch.ones_like(states[0, :, 0], dtype=torch.int64).cumsum(0)
        index = places[None, :] - places[:, None] + (self.most - 1)  # of key minus query
        # A function, for a tracer cannot index what is no parameter.
        buckets = functional.embedding(index, self.buckets).squeeze(2)
        return self.relative(buckets).permute(2, 0, 1)


def average_tokens(states: Tensor, numbers: Tensor) -> Tensor:
    """Return the mean of states (N, T, D) over a mask of 0 and 1, float (N, T)."""
    shares = numbers / numbers.sum(1, keepdim=True).clamp(min=1)
    return (shares[:, None, :] @ states).squeeze(1)


def pool_tokens(states: Tensor, numbers: Tensor, pooling: Pooling) -> Tensor:
    """Return features (N, D) of states (N, T, D), with a mask of 0 and 1 as float (N, T)."""
    if pooling.mode == "cls":
        pooled = states[:, 0]
    elif pooling.mode == "max":
        pooled = (states + ((1 - numbers) * MASKED)[:, :, None]).amax(1)
    else:
        pooled = average_tokens(states, numbers)
    return functional.normalize(pooled, dim=1, eps=LEAST_LENGTH) if pooling.normalize else pooled


def make_encoder(config: EncoderConfig, pooling: Pooling, weights: EncoderWeights | None) -> Encoder:
    """Return an encoder in inference mode, with weights by the names of ``weights``, or random ones for None."""
    network = Encoder(config, pooling)
    if weights is None:
        _draw(network)
    else:
        state = {_name_in_module(name): torch.from_numpy(np.array(values)) for name, values in weights.items()}
        if (shared := state.pop("relative.weight", None)) is not None:
            state |= {f"blocks.{block}.distances.relative.weight": shared for block in range(config.blocks)}
        network.load_state_dict(state)
    return network.eval().requires_grad_(requires_grad=False)


def list_weights(state: Mapping[str, NDArray[Any]]) -> EncoderWeights:
    """Return a module's parameters, by their names there, as weights by the names of ``weights``.

    Args:
        state: of an encoder without a bias by distance, of which each block of a module has one of its own.
    """
    return {name.removeprefix("blocks."): values for name, values in state.items()}


def _name_in_module(name: str) -> str:
    return f"blocks.{name}" if name[0].isdigit() else name


def _draw(network: nn.Module) -> None:
    """Draw weights as their authors begin (Devlin et al., 2019): normal with a deviation of 0.02, biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
