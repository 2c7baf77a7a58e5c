"""The ONNX graph of EfficientNet-Lite (Liu, 2020), built of its weights without PyTorch.

Inverted bottlenecks without squeeze-and-excitation (Tan and Le, 2019), ReLU6, and TensorFlow's padding: as much as
makes the output ceil(input / stride) long, the odd one at the end. Batch normalisation is folded into the convolutions
in float64 and rounded once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto

from headstart.backbones.backbone import Layer
from headstart.backbones.network_graph import build_network_model
from headstart.modalities.graph_builder import GraphBuilder
from headstart_runtime.modalities.image.spec import ImageSpec

STRIDES = (1, 2, 2, 2, 1, 2, 1)  #: of the first block of each group; of the stem it is 2
#: The groups of blocks that layers end with, for the next one halves the map, or there is none.
LAST_GROUPS = {0: "stage1", 1: "stage2", 2: "stage3", 4: "stage4", 6: "stage5"}
EPSILON = 1e-3  #: of batch normalisation

Weights = Mapping[str, NDArray[Any]]


def build_lite_graph(weights: Weights, repeats: Sequence[int], spec: ImageSpec) -> tuple[ModelProto, tuple[Layer, ...]]:
    """Return the graph from uint8 pixels (N, S, S, 3) to the pooled features of each layer, and the layers.

    Args:
        weights: by the names of the first port to PyTorch, ``_blocks.0._depthwise_conv.weight`` and so on.
        repeats: blocks in each group.
        spec: edge, mean and standard deviation of the input.
    """
    return _LiteBuilder(weights).build(repeats, spec)


class _LiteBuilder:
    def __init__(self, weights: Weights):
        self._weights, self._builder = weights, GraphBuilder()
        self._layers: list[Layer] = []
        self._axes = self._builder.constant("map/axes", [2, 3])
        self._limits = [self._builder.constant(f"relu6/{end}", end, np.float32) for end in (0, 6)]

    def build(self, repeats: Sequence[int], spec: ImageSpec) -> tuple[ModelProto, tuple[Layer, ...]]:
        (pixels,) = spec.tensors
        values = self._convolve(self._normalize(pixels.name, spec), "_conv_stem", "_bn0", stride=2)
        index = 0
        for group, (stride, count) in enumerate(zip(STRIDES, repeats, strict=True)):
            for place in range(count):
                values = self._add_block(values, f"_blocks.{index}", 1 if place else stride, residual=place > 0)
                index += 1
            if group in LAST_GROUPS:
                width = len(self._weights[f"_blocks.{index - 1}._project_conv.weight"])
                self._pool(values, LAST_GROUPS[group], width)
        head = self._convolve(values, "_conv_head", "_bn1")
        pooled = self._builder.node("GlobalAveragePool", [head], "final/pooled")
        self._builder.node("Flatten", [pooled], "final", axis=1)
        self._layers.append(Layer("final", len(self._weights["_conv_head.weight"])))
        inputs = {pixels.name: (TensorProto.UINT8, ["N", *pixels.shape])}
        return build_network_model(self._builder, "efficientnet_lite", inputs, self._layers), tuple(self._layers)

    def _normalize(self, pixels: str, spec: ImageSpec) -> str:
        """Add the way from bytes to numbers; centred before it is scaled, for bf16 loses half a grey level else."""
        mean, std = (np.asarray(values, np.float32).reshape(1, 3, 1, 1) for values in (spec.mean, spec.std))
        centre = self._builder.constant("input/centre", 255 * mean, np.float32)
        scale = self._builder.constant("input/scale", 1 / (255 * std), np.float32)
        planes = self._builder.node("Transpose", [pixels], "input/planes", perm=[0, 3, 1, 2])
        numbers = self._builder.node("Cast", [planes], "input/numbers", to=TensorProto.FLOAT)
        centred = self._builder.node("Sub", [numbers, centre], "input/centred")
        return self._builder.node("Mul", [centred, scale], "input/normalized")

    def _add_block(self, values: str, block: str, stride: int, *, residual: bool) -> str:
        """Add an inverted bottleneck: 1 x 1 wider, but in the first block, then by channel, then 1 x 1 narrower."""
        inside = values
        if f"{block}._expand_conv.weight" in self._weights:
            inside = self._convolve(inside, f"{block}._expand_conv", f"{block}._bn0")
        inside = self._convolve(inside, f"{block}._depthwise_conv", f"{block}._bn1", stride=stride)
        out = self._convolve(inside, f"{block}._project_conv", f"{block}._bn2", activate=False)
        return self._builder.node("Add", [out, values], f"{block}/sum") if residual else out

    def _convolve(self, values: str, convolution: str, norm: str, *, stride: int = 1, activate: bool = True) -> str:
        """Add a convolution with its normalisation, and ReLU6; by channel where its name says so."""
        weight = self._weights[f"{convolution}.weight"]
        names = ("weight", "bias", "running_mean", "running_var")
        gain, shift, mean, variance = (self._weights[f"{norm}.{name}"].astype(np.float64) for name in names)
        gain = gain / np.sqrt(variance + EPSILON)
        inputs = [
            values,
            self._builder.constant(f"{convolution}.weight", weight * gain.reshape(-1, 1, 1, 1), np.float32),
            self._builder.constant(f"{convolution}.bias", shift - mean * gain, np.float32),
        ]
        out = self._builder.node(
            "Conv",
            inputs,
            convolution,
            auto_pad="SAME_UPPER",
            group=len(weight) if convolution.endswith("_depthwise_conv") else 1,
            kernel_shape=weight.shape[2:],
            strides=[stride, stride],
        )
        return self._builder.node("Clip", [out, *self._limits], f"{convolution}/relu6") if activate else out

    def _pool(self, values: str, layer: str, width: int) -> None:
        """Add a layer's features: the mean over the map."""
        self._builder.node("ReduceMean", [values, self._axes], layer, keepdims=0)
        self._layers.append(Layer(layer, width))
