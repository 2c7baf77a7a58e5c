"""Operators of TensorFlow Lite as nodes of ONNX.

A map of a TensorFlow Lite model has its channels last, ONNX's convolutions want them first: each value of four axes is
held in the one or the other order, and turned only where an operator needs the other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.providers.tflite.model import ACTIVATIONS, TfliteModel, TfliteOperator
from headstart.modalities.graph_builder import GraphBuilder
from headstart_runtime.errors import BackboneError

TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_UNARY = {
    "logistic": "Sigmoid",
    "relu": "Relu",
    "tanh": "Tanh",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "abs": "Abs",
}
_BINARY = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "maximum": "Max", "minimum": "Min"}
_REDUCTIONS = {"mean": "ReduceMean", "sum": "ReduceSum", "reduce_max": "ReduceMax"}


class TfliteNodes:
    """The operators of a model, added to a graph one by one."""

    def __init__(self, model: TfliteModel, builder: GraphBuilder, prefix: str = ""):
        self._model, self._builder, self._prefix = model, builder, prefix
        self._last: dict[int, str] = {}  #: tensor -> its node, axes in the model's order
        self._first: dict[int, str] = {}  #: the same with channels first
        self._count = 0

    def give(self, tensor: int, node: str, *, channels_first: bool = False) -> None:
        """Say which node stands for a tensor that is computed elsewhere, such as an input."""
        (self._first if channels_first else self._last)[tensor] = node

    def find(self, tensor: int, *, channels_first: bool = False) -> str:
        """Return the node of a tensor, in one order of its axes."""
        return self._read_first(tensor) if channels_first else self._read_last(tensor)

    def add(self, operator: TfliteOperator) -> None:
        """Add the nodes of an operator, whose inputs are there.

        Raises:
            BackboneError: one of its forms that is not known here.
        """
        kind = operator.kind
        if kind in _UNARY:
            self._map_each(operator, lambda node: self._node(_UNARY[kind], [node]))
        elif kind in _BINARY:
            self._add_binary(operator)
        elif kind in _REDUCTIONS:
            self._reduce(operator)
        else:
            adders: Mapping[str, Callable[[TfliteOperator], None]] = {
                "conv": self._convolve,
                "depthwise_conv": self._convolve,
                "max_pool": self._pool,
                "average_pool": self._pool,
                "pad": self._pad,
                "leaky_relu": self._leak,
                "relu6": lambda one: self._map_each(one, self._clip),
                "fully_connected": self._connect,
                "reshape": self._reshape,
                "squeeze": self._reshape,
                "expand_dims": self._reshape,
                "dequantize": lambda one: self._map_each(one, lambda node: self._node("Cast", [node], to=1)),
                "concatenation": self._concatenate,
            }
            if kind not in adders:
                raise BackboneError(f"the operator {kind!r} of a TensorFlow Lite model is not known here")
            adders[kind](operator)

    # Values.

    def _node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        self._count += 1
        return self._builder.node(kind, inputs, f"{self._prefix}{kind.lower()}{self._count}", **attributes)

    def _constant(self, values: Any, dtype: Any = np.int64) -> str:
        self._count += 1
        return self._builder.constant(f"{self._prefix}constant{self._count}", values, dtype)

    def _values(self, tensor: int) -> NDArray[Any]:
        """Return a constant.

        Raises:
            BackboneError: it is computed.
        """
        values = self._model.tensors[tensor].values
        if values is None:
            raise BackboneError(f"the tensor {self._model.tensors[tensor].name!r} is computed, wanted a constant")
        return values

    def _read_last(self, tensor: int) -> str:
        if tensor not in self._last:
            if tensor in self._first:
                self._last[tensor] = self._node("Transpose", [self._first[tensor]], perm=TO_LAST)
            else:
                values = self._values(tensor)
                self._last[tensor] = self._constant(values, values.dtype.newbyteorder("="))
        return self._last[tensor]

    def _read_first(self, tensor: int) -> str:
        if tensor not in self._first:
            self._first[tensor] = self._node("Transpose", [self._read_last(tensor)], perm=TO_FIRST)
        return self._first[tensor]

    def _is_map(self, tensor: int) -> bool:
        return len(self._model.tensors[tensor].shape) == 4

    def _map_each(self, operator: TfliteOperator, make: Callable[[str], str]) -> None:
        """Add a function of each number, in the order of axes that is there."""
        (source, *_), (out,) = operator.inputs, operator.outputs
        if source in self._first:
            self._first[out] = make(self._first[source])
        else:
            self._last[out] = make(self._read_last(source))

    def _activate(self, node: str, operator: TfliteOperator) -> str:
        """Add the activation that is fused into an operator."""
        name = ACTIVATIONS.get(int(operator.options.get("activation", 0)))
        if name is None:
            raise BackboneError(f"the operator {operator.kind!r} has an activation that is not known here")
        if name == "relu6":
            return self._clip(node)
        return self._node({"relu": "Relu", "tanh": "Tanh"}[name], [node]) if name else node

    def _clip(self, node: str) -> str:
        return self._node("Clip", [node, self._constant(0, np.float32), self._constant(6, np.float32)])

    # Operators.

    def _add_binary(self, operator: TfliteOperator) -> None:
        (one, other), (out,) = operator.inputs, operator.outputs
        if one in self._first or other in self._first:
            pair = [self._spread(one), self._spread(other)]
            self._first[out] = self._activate(self._node(_BINARY[operator.kind], pair), operator)
        else:
            pair = [self._read_last(one), self._read_last(other)]
            self._last[out] = self._activate(self._node(_BINARY[operator.kind], pair), operator)

    def _spread(self, tensor: int) -> str:
        """Return a value as it stands beside a map with channels first."""
        if self._is_map(tensor):
            return self._read_first(tensor)
        values = self._values(tensor)
        if values.ndim > 1:
            raise BackboneError("a sum or product of maps of different numbers of axes is not known here")
        return self._constant(values.reshape(-1, 1, 1) if values.ndim else values, np.float32)

    def _convolve(self, operator: TfliteOperator) -> None:
        source, kernel, *more = operator.inputs
        weights = self._values(kernel).astype(np.float32)  # (out, h, w, in), by channel (1, h, w, channels)
        by_channel = operator.kind == "depthwise_conv"
        weights = weights.transpose((3, 0, 1, 2) if by_channel else (0, 3, 1, 2))
        inputs = [self._read_first(source), self._constant(weights, np.float32)]
        if more and more[0] >= 0:
            inputs.append(self._constant(self._values(more[0]), np.float32))
        options = operator.options
        node = self._node(
            "Conv",
            inputs,
            auto_pad=_name_padding(operator),
            kernel_shape=weights.shape[2:],
            strides=[int(options["stride_h"]), int(options["stride_w"])],
            dilations=[int(options["dilation_h"]), int(options["dilation_w"])],
            group=self._model.tensors[source].shape[3] if by_channel else 1,
        )
        self._first[operator.outputs[0]] = self._activate(node, operator)

    def _pool(self, operator: TfliteOperator) -> None:
        options = operator.options
        extra = {"count_include_pad": 0} if operator.kind == "average_pool" else {}
        node = self._node(
            "MaxPool" if operator.kind == "max_pool" else "AveragePool",
            [self._read_first(operator.inputs[0])],
            auto_pad=_name_padding(operator),
            kernel_shape=[int(options["filter_h"]), int(options["filter_w"])],
            strides=[int(options["stride_h"]), int(options["stride_w"])],
            **extra,
        )
        self._first[operator.outputs[0]] = self._activate(node, operator)

    def _pad(self, operator: TfliteOperator) -> None:
        source, widths = operator.inputs[0], self._values(operator.inputs[1])
        is_map = self._is_map(source)
        if is_map:
            widths = widths[list(TO_FIRST)]
        pads = self._constant(widths.T.reshape(-1))
        node = self._node("Pad", [self._read_first(source) if is_map else self._read_last(source), pads])
        (self._first if is_map else self._last)[operator.outputs[0]] = node

    def _leak(self, operator: TfliteOperator) -> None:
        alpha = float(operator.options["alpha"])
        self._map_each(operator, lambda node: self._node("LeakyRelu", [node], alpha=alpha))

    def _reduce(self, operator: TfliteOperator) -> None:
        source, (out,) = operator.inputs[0], operator.outputs
        axes = self._values(operator.inputs[1]).reshape(-1)
        keep = bool(operator.options["keep_dims"])
        if source in self._first and (keep or sorted(int(axis) % 4 for axis in axes) == [1, 2]):
            order = self._constant([TO_FIRST.index(int(axis) % 4) for axis in axes])
            node = self._node(_REDUCTIONS[operator.kind], [self._first[source], order], keepdims=int(keep))
            (self._first if keep else self._last)[out] = node
        else:
            inputs = [self._read_last(source), self._constant(axes)]
            self._last[out] = self._node(_REDUCTIONS[operator.kind], inputs, keepdims=int(keep))

    def _connect(self, operator: TfliteOperator) -> None:
        source, kernel, *more = operator.inputs
        values = self._values(kernel)
        node = self._read_last(source)
        if len(self._model.tensors[source].shape) != 2:
            node = self._node("Reshape", [node, self._constant([-1, values.shape[1]])])
        inputs = [node, self._constant(values.T.copy(), np.float32)]
        if more and more[0] >= 0:
            inputs.append(self._constant(self._values(more[0]), np.float32))
        self._last[operator.outputs[0]] = self._activate(self._node("Gemm", inputs), operator)

    def _reshape(self, operator: TfliteOperator) -> None:
        """Add a change of shape; the first axis stays as long as it comes where it stays first."""
        source, (out,) = operator.inputs[0], operator.outputs
        shape, before = list(self._model.tensors[out].shape), self._model.tensors[source].shape
        if shape and before and shape[0] == before[0]:
            shape[0] = -1
        self._last[out] = self._node("Reshape", [self._read_last(source), self._constant(shape)])

    def _concatenate(self, operator: TfliteOperator) -> None:
        nodes = [self._read_last(source) for source in operator.inputs]
        joined = self._node("Concat", nodes, axis=int(operator.options["axis"]))
        self._last[operator.outputs[0]] = self._activate(joined, operator)


def add_operators(
    model: TfliteModel, builder: GraphBuilder, given: Mapping[int, str], wanted: Sequence[int], prefix: str = ""
) -> TfliteNodes:
    """Add the operators that lie between some tensors and others; return the nodes.

    Args:
        model: that has them.
        builder: of the graph.
        given: tensors that the graph has, their axes in the model's order -> their nodes.
        wanted: tensors to compute.
        prefix: of the names of nodes.

    Raises:
        BackboneError: an operator, or a form of one, that is not known here, or a wanted tensor that is not computed
            from those that are given.
    """
    nodes = TfliteNodes(model, builder, prefix)
    for tensor, node in given.items():
        nodes.give(tensor, node)
    for operator in find_between(model, set(given), set(wanted)):
        nodes.add(operator)
    return nodes


def find_between(model: TfliteModel, given: set[int], wanted: set[int]) -> list[TfliteOperator]:
    """Return the operators that compute some tensors from others, in the order that they run.

    Raises:
        BackboneError: they are not computed from these.
    """
    needed, found = set(wanted) - given, []
    for operator in reversed(model.operators):
        if needed.intersection(operator.outputs):
            needed.difference_update(operator.outputs)
            computed = {index for index in operator.inputs if index >= 0 and model.tensors[index].values is None}
            needed |= computed - given
            found.append(operator)
    if needed:
        names = ", ".join(repr(model.tensors[index].name) for index in sorted(needed))
        raise BackboneError(f"the tensors {names} are not computed from those that are given")
    return found[::-1]


def _name_padding(operator: TfliteOperator) -> str:
    return "VALID" if operator.options["padding"] else "SAME_UPPER"
