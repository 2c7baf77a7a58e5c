"""The shape of an encoder, read from the ``config.json`` beside its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from headstart_runtime.errors import BackboneError

#: Values of ``model_type`` whose networks are built here; the value is the family whose names of weights they have.
FAMILIES = {
    "bert": "bert",
    "roberta": "bert",
    "xlm-roberta": "bert",
    "camembert": "bert",
    "distilbert": "distilbert",
    "mpnet": "mpnet",
}
#: Families whose table of positions begins with rows that no token has: up to that of the padding token.
_OFFSET = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet"})
#: Names of activations in configurations -> the one that is meant.
ACTIVATIONS = {"gelu": "gelu", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh", "gelu_fast": "tanh", "relu": "relu"}
MOST_LAYERS = 6  #: places that are layers; of deeper networks so many, evenly


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """An encoder's shape: blocks of attention and two dense layers, each followed by its normalisation (post-LN)."""

    family: str  #: of names of weights: "bert", "distilbert" or "mpnet"
    blocks: int
    width: int  #: of a token's state
    inner: int  #: width between the two dense layers of a block
    heads: int
    vocabulary: int
    first_position: int  #: row of the table of positions for the first token
    most_tokens: int  #: that a text may have, special ones counted
    activation: str  #: "gelu", "tanh" (its approximation) or "relu"
    epsilon: float  #: of normalisation
    buckets: int = 0  #: of relative distances that attention is biased by; 0 for none

    @property
    def layers(self) -> tuple[int, ...]:
        """The blocks, counted from 1, after which layers end; the last one is ``final``."""
        return spread_layers(self.blocks)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """The names of the layers: "layer2" ends after the second block."""
        return (*(f"layer{block}" for block in self.layers[:-1]), "final")

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self | None:
        """Return the shape that a configuration describes; None where such an encoder is not built here.

        Raises:
            BackboneError: it is said to be one and lacks a size, or its sizes do not fit together.
        """
        kind = record.get("model_type")
        family = FAMILIES.get(str(kind))
        activation = ACTIVATIONS.get(str(record.get("activation" if family == "distilbert" else "hidden_act", "gelu")))
        if family is None or activation is None or not _is_plain(record):
            return None
        try:
            return cls._read(record, family, activation, offset=kind in _OFFSET)
        except (KeyError, TypeError, ValueError) as error:
            raise BackboneError(f"config.json of a network of type {kind!r} cannot be used: {error!r}") from None

    @classmethod
    def _read(cls, record: Mapping[str, Any], family: str, activation: str, *, offset: bool) -> Self:
        names = ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads")
        if family == "distilbert":
            names = ("n_layers", "dim", "hidden_dim", "n_heads")
        blocks, width, inner, heads = (int(record[name]) for name in names)
        first = int(record.get("pad_token_id", 1)) + 1 if offset else 0
        found = cls(
            family,
            blocks,
            width,
            inner,
            heads,
            int(record["vocab_size"]),
            first,
            int(record["max_position_embeddings"]) - first,
            activation,
            1e-12 if family == "distilbert" else float(record.get("layer_norm_eps", 1e-12)),
            int(record.get("relative_attention_num_buckets", 32)) if family == "mpnet" else 0,
        )
        if min(blocks, width, inner, heads, found.most_tokens) < 1 or width % heads:
            raise ValueError(f"{blocks} blocks of width {width} with {heads} heads")
        return found


def spread_layers(blocks: int) -> tuple[int, ...]:
    """Return the blocks, counted from 1, after which layers of a network end: all, or ``MOST_LAYERS`` evenly."""
    places = min(MOST_LAYERS, blocks)
    return tuple(round(blocks * (place + 1) / places) for place in range(places))


def _is_plain(record: Mapping[str, Any]) -> bool:
    """Return whether an encoder has nothing that is not built here: other positions, a decoder, cross-attention."""
    positions = record.get("position_embedding_type", "absolute")
    return positions == "absolute" and not record.get("is_decoder") and not record.get("add_cross_attention")
