"""Networks of transformers for clips as PyTorch modules: Wav2Vec2, HuBERT and WavLM on waveforms, AST on mels.

The blocks are those of transformers. What is around them is written here, so that what lies behind a clip's end does
not tell: a clip in a longer window has the features that transformers gives for the clip alone. Each block is one piece
to the tracer that cuts networks.
"""

from collections.abc import Sequence
from typing import Any

import torch
from timm.models._features_fx import register_notrace_module
from torch import Tensor, nn
from torch.nn.utils import parametrize

from headstart.backbones.encoders.config import spread_layers

OUTSIDE = 1e4  #: taken from the scores of places behind a clip's end
LEAST_SPREAD = 1e-12  #: added to variances, for the root has no slope at 0


class FrameCounter:
    """Counts the frames of convolutions that lie in so many samples."""

    def __init__(self, kernels: Sequence[int], strides: Sequence[int]):
        self.steps = tuple(zip(kernels, strides, strict=True))

    def count(self, lengths: Tensor, convolutions: int | None = None) -> Tensor:
        """Return the frames behind the first convolutions, or all, of lengths (N, 1); at least 1."""
        for kernel, stride in self.steps[:convolutions]:
            lengths = torch.div(lengths - kernel, stride, rounding_mode="floor") + 1
        return lengths.clamp(min=1)

    @property
    def least(self) -> int:
        """The fewest samples that make a frame."""
        samples = 1
        for kernel, stride in reversed(self.steps):
            samples = (samples - 1) * stride + kernel
        return samples


def _find_inside(states: Tensor, counts: Tensor, axis: int = 1) -> Tensor:
    """Return which places along an axis are the clip's, bool (N, T), of their counts (N, 1)."""
    return torch.arange(states.shape[axis], device=states.device)[None] < counts


@register_notrace_module
class WaveFront(nn.Module):
    """Waveforms (N, S) and lengths (N, 1) to the states before the first block, (N, T, D)."""

    def __init__(self, body: Any, counter: FrameCounter):
        super().__init__()
        self.convolutions, self.projection = body.feature_extractor.conv_layers, body.feature_projection
        self.position, self.counter = body.encoder.pos_conv_embed, counter
        convolution = self.position.conv
        if parametrize.is_parametrized(convolution, "weight"):  # the same weight, without its parts
            parametrize.remove_parametrizations(convolution, "weight")
        is_late = bool(body.config.do_stable_layer_norm)
        self.norm = nn.Identity() if is_late else body.encoder.layer_norm

    def forward(self, windows: Tensor, lengths: Tensor) -> Tensor:
        """Return the states."""
        values = windows[:, None]
        for number, layer in enumerate(self.convolutions, 1):
            if isinstance(getattr(layer, "layer_norm", None), nn.GroupNorm):
                values = layer.conv(values)
                inside = _find_inside(values, self.counter.count(lengths, number), 2)
                values = layer.activation(_normalize(values, inside[:, None].float(), layer.layer_norm))
            else:
                values = layer(values)
        projected = self.projection(values.transpose(1, 2))
        states = projected[0] if isinstance(projected, tuple) else projected
        states = states * _find_inside(states, self.counter.count(lengths))[:, :, None].float()
        return self.norm(states + self.position(states))


def _normalize(values: Tensor, inside: Tensor, norm: nn.GroupNorm) -> Tensor:
    """Return each channel of values (N, C, T) normalised over the places (N, 1, T) that are the clip's."""
    total = inside.sum(dim=2, keepdim=True)
    mean = (values * inside).sum(dim=2, keepdim=True) / total
    centred = values - mean
    spread = ((centred * inside) ** 2).sum(dim=2, keepdim=True) / total
    return centred * torch.rsqrt(spread + norm.eps) * norm.weight[:, None] + norm.bias[:, None]


@register_notrace_module
class WaveBlock(nn.Module):
    """One block on states (N, T, D), which looks at those of the clip only."""

    def __init__(self, layer: nn.Module, counter: FrameCounter):
        super().__init__()
        self.layer, self.counter = layer, counter

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Return the states behind it."""
        inside = _find_inside(states, self.counter.count(lengths))
        bias = (inside.float() - 1) * OUTSIDE
        return self.run(states, bias[:, None, None])

    def run(self, states: Tensor, bias: Tensor) -> Tensor:
        """Return the states behind the block, of a bias (N, 1, 1, T) of its attention."""
        found = self.layer(states, attention_mask=bias)
        return found[0] if isinstance(found, tuple) else found


@register_notrace_module
class GatedBlock(WaveBlock):
    """A block of WavLM, whose attention is biased by how far frames are apart, as far as each of them asks for it.

    The table of biases is one for all blocks, and is not trained.
    """

    def __init__(self, layer: Any, counter: FrameCounter, buckets: Any, table: Tensor, *, is_late: bool):
        super().__init__(layer, counter)
        self.is_late = is_late  #: its norms stand before what they belong to, not behind it
        self._buckets = buckets
        self.register_buffer("table", table)

    def run(self, states: Tensor, bias: Tensor) -> Tensor:
        """Return the states behind the block, of a bias (N, 1, 1, T) of its attention."""
        layer: Any = self.layer
        if self.is_late:
            states = states + self._attend(layer.attention, layer.layer_norm(states), bias)
            return states + layer.feed_forward(layer.final_layer_norm(states))
        states = layer.layer_norm(states + self._attend(layer.attention, states, bias))
        return layer.final_layer_norm(states + layer.feed_forward(states))

    def _attend(self, attention: Any, states: Tensor, bias: Tensor) -> Tensor:
        heads = attention.num_heads
        split = states.unflatten(2, (heads, -1)).transpose(1, 2)
        parts = attention.gru_rel_pos_linear(split).unflatten(3, (2, 4)).sum(dim=4).sigmoid()
        one, other = parts[..., :1], parts[..., 1:]
        gate = one * (other * attention.gru_rel_pos_const - 1) + 2
        places = torch.arange(states.shape[1], device=states.device)
        apart = self._buckets(places[None] - places[:, None])
        near = nn.functional.embedding(apart, self.table).permute(2, 0, 1)[None]
        query, key, value = (
            project(states).unflatten(2, (heads, -1)).transpose(1, 2)
            for project in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=gate * near + bias)
        return attention.out_proj(mixed.transpose(1, 2).flatten(2))


@register_notrace_module
class FramePooling(nn.Module):
    """States (N, T, D) to their mean, maximum and standard deviation over the clip's frames, (N, 3 D)."""

    def __init__(self, counter: FrameCounter):
        super().__init__()
        self.counter = counter

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Return the features."""
        return pool_frames(states, _find_inside(states, self.counter.count(lengths)))


def pool_frames(states: Tensor, inside: Tensor) -> Tensor:
    """Return mean, maximum and standard deviation, (N, 3 D), of states (N, T, D) where bool (N, T) says so."""
    weights = inside[:, :, None].float()
    total = weights.sum(dim=1).clamp(min=1)
    mean = (states * weights).sum(dim=1) / total
    most = states.masked_fill(~inside[:, :, None], -1e9).amax(dim=1)
    scatter = (((states - mean[:, None]) * weights) ** 2).sum(dim=1) / total
    return torch.cat([mean, most, (scatter + LEAST_SPREAD).sqrt()], dim=1)


class WaveNetwork(nn.Module):
    """Waveforms, float32 (N, S), and how many samples are the clip's, int64 (N, 1), to the features of each layer."""

    def __init__(self, body: Any):
        super().__init__()
        config, layers = body.config, body.encoder.layers
        self.counter = FrameCounter(config.conv_kernel, config.conv_stride)
        self.ends = spread_layers(len(layers))  #: blocks, counted from 1, after which a layer ends
        self.front = WaveFront(body, self.counter)
        self.blocks = nn.ModuleList(_make_blocks(body, self.counter))
        self.norm = body.encoder.layer_norm if config.do_stable_layer_norm else nn.Identity()
        self.pooling = FramePooling(self.counter)

    def forward(self, windows: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        """Return the features of each layer."""
        states, found = self.front(windows, lengths), []
        for number, block in enumerate(self.blocks, 1):
            states = block(states, lengths)
            if number in self.ends[:-1]:
                found.append(self.pooling(states, lengths))
        return (*found, self.pooling(self.norm(states), lengths))


def _make_blocks(body: Any, counter: FrameCounter) -> list[WaveBlock]:
    layers, first = body.encoder.layers, body.encoder.layers[0].attention
    if not hasattr(first, "rel_attn_embed"):
        return [WaveBlock(layer, counter) for layer in layers]
    table = first.rel_attn_embed.weight.detach().clone()
    buckets = first._relative_positions_bucket  # noqa: SLF001
    del first.rel_attn_embed
    is_late = bool(body.config.do_stable_layer_norm)
    return [GatedBlock(layer, counter, buckets, table, is_late=is_late) for layer in layers]


@register_notrace_module
class MelFront(nn.Module):
    """Mels (N, F, B) to the states before the first block, (N, T, D)."""

    def __init__(self, embeddings: nn.Module):
        super().__init__()
        self.embeddings = embeddings

    def forward(self, mels: Tensor) -> Tensor:
        """Return the states."""
        return self.embeddings(mels)


@register_notrace_module
class MelBlock(nn.Module):
    """One block on states (N, T, D)."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, states: Tensor) -> Tensor:
        """Return the states behind it."""
        found = self.layer(states)
        return found[0] if isinstance(found, tuple) else found


@register_notrace_module
class PatchPooling(nn.Module):
    """States (N, T, D) to mean, maximum and standard deviation over patches, (N, 3 D), without both class tokens."""

    def forward(self, states: Tensor) -> Tensor:
        """Return the features."""
        patches = states[:, 2:]
        return pool_frames(patches, torch.ones_like(patches[:, :, 0], dtype=torch.bool))


class MelNetwork(nn.Module):
    """Mels, float32 (N, F, B), and their mask, which AST was not trained to look at, to the features of each layer.

    The last is the mean of both class tokens, as its authors' classifier reads it.
    """

    def __init__(self, body: Any):
        super().__init__()
        layers = body.layers
        self.ends = spread_layers(len(layers))
        self.front = MelFront(body.embeddings)
        self.blocks = nn.ModuleList(MelBlock(layer) for layer in layers)
        self.norm, self.pooling = body.layernorm, PatchPooling()

    def forward(self, mels: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Return the features of each layer."""
        states, found = self.front(mels), []
        for number, block in enumerate(self.blocks, 1):
            states = block(states)
            if number in self.ends[:-1]:
                found.append(self.pooling(states))
        last = self.norm(states)
        return (*found, (last[:, 0] + last[:, 1]) / 2)
