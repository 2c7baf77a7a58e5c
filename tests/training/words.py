"""A network that reads two tensors, tokens and their mask, as those of texts do; with lengths free or fixed."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from headstart.backbones.backbone import Backbone, Layer
from headstart.backbones.convert import export_network
from headstart.backbones.loaded import LoadedNetwork
from headstart_runtime.modalities.batch import Batch, TensorSpec

WIDTH, VOCABULARY = 8, 50


@dataclass(frozen=True, slots=True)
class WordSpec:
    kind: ClassVar[str] = "words"

    length: int | None = None

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        return tuple(TensorSpec(name, "int64", (self.length,)) for name in ("input_ids", "attention_mask"))

    @property
    def mask(self) -> str:
        return "attention_mask"

    @property
    def rank(self) -> float:
        return 0.0

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **asdict(self)}


class Block(nn.Module):
    """Mixes each token with the mean of those that the mask leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.mix, self.norm = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        return self.norm(values + torch.tanh(self.mix(values - pool(values, mask)[:, None])))


def pool(values: Tensor, mask: Tensor) -> Tensor:
    shares = mask.to(values.dtype)[:, :, None]
    return (values * shares).sum(1) / shares.sum(1).clamp(min=1)


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.low, self.high = nn.Embedding(VOCABULARY, WIDTH), Block(), Block()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        low = self.low(self.embed(input_ids), attention_mask)
        return pool(low, attention_mask), pool(self.high(low, attention_mask), attention_mask)


def load_words(length: int | None = None) -> LoadedNetwork:
    torch.manual_seed(0)
    network = Words().eval().requires_grad_(requires_grad=False)
    layers = (Layer("stage1", WIDTH), Layer("final", WIDTH))
    return LoadedNetwork(
        network=network,
        spec=WordSpec(length),
        layers=layers,
        weights="drawn",
        weights_sha256="0" * 64,
        licence="none",
        parameters=1,
    )


def convert_words(folder: Path, length: int | None = None) -> Backbone:
    loaded = load_words(length)
    backbone = Backbone("words", "words", "drawn", "0" * 64, "none", 1, loaded.layers, loaded.spec, folder)
    export_network(loaded, backbone.graph)
    return backbone


def draw_words(parts: int, length: int) -> Batch:
    chance = np.random.default_rng(length)
    ends = chance.integers(1, length + 1, parts)
    mask = (np.arange(length) < ends[:, None]).astype(np.int64)
    return {"input_ids": chance.integers(1, VOCABULARY, (parts, length)) * mask, "attention_mask": mask}
