"""Weights rounded to bf16 so that each output keeps its mean: most of what bf16 loses comes back, at no cost in speed.

Rounding every weight to its nearest bf16 number moves the sum of a filter's taps, and a flat patch of an input turns
that into a bias that no averaging removes. Here each filter's taps are rounded from the largest to the smallest and
every rounding error is carried to the next tap (error diffusion along the filter), so the sum is kept to the last bit
of the smallest one. Measured on lite0's ``final`` layer over inputs with flat backgrounds, cosine to float32: 0.9981
with nearest rounding, 0.9991 with this; float32 arithmetic on the rounded weights alone 0.9988 and 0.9998.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headstart.storage.atomic import replace_bytes

if TYPE_CHECKING:
    from onnx import ModelProto

VERSION = 1  #: of the rounding; another one makes its copies anew
#: Larger weights are left to nearest rounding: their sums have many taps over which errors cancel.
MOST_ELEMENTS = 4_000_000


def round_graph(graph: Path) -> Path:
    """Return a copy of an ONNX graph, beside it, whose convolution weights are bf16 numbers; made once."""
    copy = graph.with_name(f"{graph.stem}-bf16-v{VERSION}.onnx")
    if copy.is_file():
        return copy
    import onnx

    model = onnx.load(graph)
    round_weights(model)
    replace_bytes(copy, model.SerializeToString())
    return copy


def round_weights(model: "ModelProto") -> None:
    """Make the convolution weights of a model bf16 numbers, in place; those that are stay."""
    from onnx import numpy_helper

    weights = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    for tensor in model.graph.initializer:
        if tensor.name in weights and np.prod(tensor.dims) <= MOST_ELEMENTS:
            values = diffuse_rounding(numpy_helper.to_array(tensor))
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def diffuse_rounding(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return weights (outputs, ...) in bf16 numbers, as float32, the sum of each output's taps kept."""
    taps = weights.reshape(len(weights), -1)
    order = np.argsort(-np.abs(taps), axis=1, kind="stable")
    largest_first = np.take_along_axis(taps, order, axis=1)
    carried = np.zeros(len(taps), np.float32)
    for tap in range(taps.shape[1]):
        wanted = largest_first[:, tap] + carried
        largest_first[:, tap] = to_bf16(wanted)
        carried = wanted - largest_first[:, tap]
    rounded = np.empty_like(taps)
    np.put_along_axis(rounded, order, largest_first, axis=1)
    return rounded.reshape(weights.shape)


def to_bf16(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the nearest bf16 number of each value, ties to even, as float32: the upper half of its bits."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    nearest = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (nearest & np.uint32(0xFFFF0000)).view(np.float32)
