"""The ONNX graph of an encoder (Devlin et al., 2019; Liu et al., 2019; Song et al., 2020), built without PyTorch.

Blocks of attention and two dense layers, each added to its input and normalised behind that. Attention's scale is
folded into the queries' weights, in float64 and rounded once. Features of a layer are the mean of its tokens' states
over the mask.
"""

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, TensorProto

from headstart.backbones.backbone import Layer
from headstart.backbones.encoders.buckets import find_buckets
from headstart.backbones.encoders.config import EncoderConfig
from headstart.backbones.encoders.pooling import LEAST_LENGTH, Pooling
from headstart.backbones.encoders.weights import EncoderWeights
from headstart.backbones.network_graph import build_network_model
from headstart.modalities.graph_builder import GraphBuilder
from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.batch import TensorSpec

MASKED = -1e4  #: added to the score of what is padding: behind the exponential it is exactly 0


def list_encoder_layers(config: EncoderConfig) -> tuple[Layer, ...]:
    """Return the layers of an encoder."""
    return tuple(Layer(name, config.width) for name in config.layer_names)


def build_encoder_graph(
    weights: EncoderWeights, config: EncoderConfig, pooling: Pooling, tensors: Sequence[TensorSpec]
) -> ModelProto:
    """Return the graph from token ids and mask, int64 (N, T), to the features of each layer, float32 (N, D).

    Args:
        weights: by the names of ``weights``.
        config: the encoder's shape.
        pooling: of the last layer; the others are pooled by the mean.
        tensors: its inputs, ids and mask.
    """
    return _EncoderBuilder(weights, config).build(pooling, tensors)


class _EncoderBuilder:
    def __init__(self, weights: EncoderWeights, config: EncoderConfig):
        self._weights, self._config, self._builder = weights, config, GraphBuilder()

    def build(self, pooling: Pooling, tensors: Sequence[TensorSpec]) -> ModelProto:
        ids, mask = (one.name for one in tensors)
        node = self._builder.node
        self._add_mask(mask)
        states = self._embed(ids)
        layers = dict(zip(self._config.layers, self._config.layer_names, strict=True))
        for block in range(self._config.blocks):
            states = self._add_block(states, block)
            name = layers.get(block + 1)
            if name == "final":
                self._pool_last(states, pooling)
            elif name is not None:
                node("Identity", [self._average(states, name)], name)
        inputs = {one.name: (TensorProto.INT64, ["N", "T"]) for one in tensors}
        return build_network_model(self._builder, "encoder", inputs, list_encoder_layers(self._config))

    def _add_mask(self, mask: str) -> None:
        """Add what is read of the mask: as numbers, the share of each token in a mean, what is added to scores."""
        node, constant = self._builder.node, self._builder.constant
        constant("axis/tokens", [1])
        numbers = node("Cast", [mask], "mask/numbers", to=TensorProto.FLOAT)
        count = node("ReduceSum", [numbers, "axis/tokens"], "mask/count", keepdims=1)
        least = node(
            "Max", [count, constant("one", [1], np.float32)], "mask/least"
        )  # parts that fill a batch have none
        node("Unsqueeze", [node("Div", [numbers, least], "mask/shares"), "axis/tokens"], "mask/rows")  # (N, 1, T)
        padding = node("Sub", ["one", numbers], "mask/padding")
        scaled = node("Mul", [padding, constant("mask/score", MASKED, np.float32)], "mask/scaled")
        node("Unsqueeze", [scaled, constant("axis/heads", [1, 2])], "mask/scores")  # (N, 1, 1, T)

    def _embed(self, ids: str) -> str:
        """Add the sum of a token's and its place's embedding, normalised."""
        node, constant, first = self._builder.node, self._builder.constant, self._config.first_position
        words = node("Gather", [self._constant("word.weight"), ids], "words")
        shape = node("Shape", [ids], "ids/shape", start=1, end=2)
        table = constant("position", self._weights["position.weight"][first:], np.float32)
        constant("axis/first", [0])
        places = node("Slice", [table, "axis/first", shape, "axis/first"], "places")
        if self._config.buckets:
            self._add_distances(shape)
        return self._normalize(node("Add", [words, places], "embedded"), "norm")

    def _add_distances(self, shape: str) -> None:
        """Add the bias of attention by the distance of two tokens, and the mask's scores: (N, heads, T, T)."""
        node, constant = self._builder.node, self._builder.constant
        most = self._config.most_tokens
        table = self._weights["relative.weight"][find_buckets(np.arange(1 - most, most), self._config.buckets)]
        scalar = node("Squeeze", [shape], "distance/length")
        places = node("Range", [constant("zero", 0), scalar, constant("step", 1)], "distance/places")
        columns = node("Add", [places, constant("distance/most", most - 1)], "distance/columns")
        rows = node("Unsqueeze", [places, "axis/tokens"], "distance/rows")
        index = node("Sub", [columns, rows], "distance/index")  # of key minus query
        found = node("Gather", [constant("distance/table", table, np.float32), index], "distance/found")
        heads = node("Transpose", [found], "distance/heads", perm=[2, 0, 1])
        node("Add", [heads, "mask/scores"], "distance/scores")

    def _add_block(self, states: str, block: int) -> str:
        attended = self._attend(states, str(block))
        states = self._normalize(
            self._builder.node("Add", [attended, states], f"{block}/sum"), f"{block}.attention_norm"
        )
        inside = self._activate(self._dense(states, f"{block}.inner"), f"{block}/activated")
        outside = self._dense(inside, f"{block}.outer")
        return self._normalize(self._builder.node("Add", [outside, states], f"{block}/outer_sum"), f"{block}.norm")

    def _attend(self, states: str, block: str) -> str:
        """Add attention of each token to all tokens of its text."""
        node, constant, heads = self._builder.node, self._builder.constant, self._config.heads
        size = self._config.width // heads
        split = constant(f"{block}/split", [0, 0, heads, size])
        parts = {}
        for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])):
            scale = size**-0.5 if part == "query" else 1.0
            wide = node("Reshape", [self._dense(states, f"{block}.{part}", scale), split], f"{block}/{part}/split")
            parts[part] = node("Transpose", [wide], f"{block}/{part}/heads", perm=order)
        scores = node("MatMul", [parts["query"], parts["key"]], f"{block}/scores")
        bias = "distance/scores" if self._config.buckets else "mask/scores"
        shares = node("Softmax", [node("Add", [scores, bias], f"{block}/masked")], f"{block}/shares", axis=-1)
        mixed = node("MatMul", [shares, parts["value"]], f"{block}/mixed")
        tokens = node("Transpose", [mixed], f"{block}/tokens", perm=[0, 2, 1, 3])
        joined = node("Reshape", [tokens, constant(f"{block}/join", [0, 0, self._config.width])], f"{block}/joined")
        return self._dense(joined, f"{block}.output")

    def _dense(self, values: str, name: str, scale: float = 1.0) -> str:
        node, constant = self._builder.node, self._builder.constant
        weight, bias = (self._weights[f"{name}.{end}"] for end in ("weight", "bias"))
        if scale != 1:
            weight, bias = _scale(weight, scale), _scale(bias, scale)
        product = node("MatMul", [values, constant(f"{name}.weight", weight.T, np.float32)], f"{name}/product")
        return node("Add", [product, constant(f"{name}.bias", bias, np.float32)], name)

    def _activate(self, values: str, name: str) -> str:
        node, constant = self._builder.node, self._builder.constant
        if self._config.activation == "relu":
            return node("Relu", [values], name)
        half = constant(f"{name}/half", 0.5, np.float32)
        one = constant(f"{name}/one", 1, np.float32)
        if self._config.activation == "gelu":
            scaled = node("Div", [values, constant(f"{name}/root", np.sqrt(2), np.float32)], f"{name}/scaled")
            inside = node("Erf", [scaled], f"{name}/erf")
        else:  # Hendrycks and Gimpel (2016), the approximation with tanh
            cube = node("Pow", [values, constant(f"{name}/three", 3, np.float32)], f"{name}/cube")
            small = node("Mul", [cube, constant(f"{name}/coefficient", 0.044715, np.float32)], f"{name}/small")
            root = constant(f"{name}/root", np.sqrt(2 / np.pi), np.float32)
            scaled = node("Mul", [node("Add", [values, small], f"{name}/sum"), root], f"{name}/scaled")
            inside = node("Tanh", [scaled], f"{name}/tanh")
        product = node("Mul", [values, node("Add", [inside, one], f"{name}/shifted")], f"{name}/product")
        return node("Mul", [product, half], name)

    def _normalize(self, values: str, name: str) -> str:
        inputs = [values, self._constant(f"{name}.weight"), self._constant(f"{name}.bias")]
        return self._builder.node("LayerNormalization", inputs, name, axis=-1, epsilon=self._config.epsilon)

    def _average(self, states: str, name: str) -> str:
        """Add the mean of tokens' states over the mask, (N, D)."""
        mean = self._builder.node("MatMul", ["mask/rows", states], f"{name}/mean")
        return self._builder.node("Squeeze", [mean, "axis/tokens"], f"{name}/pooled")

    def _pool_last(self, states: str, pooling: Pooling) -> None:
        node, constant = self._builder.node, self._builder.constant
        if pooling.mode == "mean":
            pooled = self._average(states, "final")
        elif pooling.mode == "cls":
            pooled = node("Gather", [states, constant("final/first", 0)], "final/pooled", axis=1)
        else:
            column = node("Unsqueeze", ["mask/scaled", constant("axis/last", [-1])], "final/column")
            pooled = node("ReduceMax", [node("Add", [states, column], "final/masked"), "axis/tokens"], "final/pooled")
            pooled = node("Squeeze", [pooled, "axis/tokens"], "final/maximum")
        if not pooling.normalize:
            node("Identity", [pooled], "final")
            return
        length = node("ReduceL2", [pooled, "axis/tokens"], "final/length", keepdims=1)
        node(
            "Div",
            [pooled, node("Max", [length, constant("final/least", LEAST_LENGTH, np.float32)], "final/divisor")],
            "final",
        )

    def _constant(self, name: str) -> str:
        return self._builder.constant(name, self._weights[name], np.float32)


def _scale(values: Floats, factor: float) -> Floats:
    return (values.astype(np.float64) * factor).astype(np.float32)
