"""A network's ONNX graph as a module of PyTorch, for inputs of known shapes: what converters of PyTorch are given."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from headstart.deployment.torch_operators import OPERATORS, as_tensor
from headstart.saving.backbones import select_subgraph
from headstart_runtime.errors import SettingError


class OnnxModule(torch.nn.Module):
    """The part of a graph from some tensors to others; what depends on shapes only is computed ahead."""

    def __init__(self, graph: onnx.GraphProto, inputs: Sequence[str], outputs: Sequence[str]):
        """Take the nodes between inputs and outputs.

        Raises:
            SettingError: there is an operator that is not known here.
        """
        super().__init__()
        self._inputs, self._outputs = tuple(inputs), tuple(outputs)
        self._nodes, wanted = _cut(graph, inputs, outputs)
        self._constants: dict[str, np.ndarray[Any, Any]] = {}
        self._weights: dict[str, str] = {}  #: name in the graph -> name of the buffer
        for number, weight in enumerate(one for one in graph.initializer if one.name in wanted):
            values = numpy_helper.to_array(weight)
            if values.dtype.kind == "f" and values.size > 1:
                self._weights[weight.name] = f"weight{number}"
                self.register_buffer(f"weight{number}", torch.from_numpy(values.copy()))
            else:
                self._constants[weight.name] = values
        if unknown := sorted(_list_operators(self._nodes, {*inputs, *self._weights}) - OPERATORS.keys()):
            raise SettingError(
                f"this network cannot be converted: its operators {', '.join(unknown)} have no counterpart; choose "
                "another format, such as onnx or openvino"
            )

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the outputs for inputs in their order."""
        values: dict[str, Any] = {**self._constants, **dict(zip(self._inputs, inputs, strict=True))}
        values |= {name: getattr(self, buffer) for name, buffer in self._weights.items()}
        for node in self._nodes:
            given = [values[name] if name else None for name in node.input]
            made = _run_node(node, given)
            values.update(zip(node.output, made, strict=False))
        return tuple(as_tensor(values[name]) for name in self._outputs)


def _cut(
    graph: onnx.GraphProto, inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[list[onnx.NodeProto], set[str]]:
    """Return the nodes between two sets of tensors, and the names of all tensors that they read."""
    kept = onnx.GraphProto()
    kept.node.extend(node for node in graph.node if not set(node.output) & set(inputs))
    nodes, _ = select_subgraph(kept, outputs)
    return nodes, {name for node in nodes for name in node.input}


def _list_operators(nodes: Sequence[onnx.NodeProto], tensors: set[str]) -> set[str]:
    """Return the operators that read tensors, those given or made of them; others compute with shapes, ahead."""
    found, made = set(), set(tensors)
    for node in nodes:
        if node.op_type != "Shape" and made & set(node.input):
            found.add(node.op_type)
            made |= set(node.output)
    return found


def _run_node(node: onnx.NodeProto, given: Sequence[Any]) -> Sequence[Any]:
    """Return a node's outputs: NumPy where all that it reads is, tensors where it reads one."""
    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    attributes = {name: one.decode() if isinstance(one, bytes) else one for name, one in attributes.items()}
    if node.op_type == "Shape":
        shape = list(given[0].shape)
        return [np.array(shape[attributes.get("start", 0) : attributes.get("end", len(shape))], np.int64)]
    if not any(isinstance(one, torch.Tensor) for one in given):
        named = {name: one for name, one in zip(node.input, given, strict=True) if name}
        found: Sequence[Any] = ReferenceEvaluator(node).run(None, named)
        return found
    if node.op_type == "Split":
        attributes["outputs"] = len(node.output)
    made = OPERATORS[node.op_type](attributes, *given)
    return made if isinstance(made, tuple | list) else [made]
