"""The last step of networks that are built here as ONNX: nodes and constants -> a model with its inputs and layers."""

from collections.abc import Mapping, Sequence
from typing import Any

from onnx import ModelProto, TensorProto, helper

from headstart.backbones.backbone import OPSET, Layer
from headstart.modalities.graph_builder import GraphBuilder

IR_VERSION = 8  #: that of PyTorch's exporter


def build_network_model(
    builder: GraphBuilder, name: str, inputs: Mapping[str, tuple[int, Sequence[Any]]], layers: Sequence[Layer]
) -> ModelProto:
    """Return a graph as a model.

    Args:
        builder: its nodes, those that give the layers among them, and constants.
        name: of the graph.
        inputs: name of a tensor -> its type, of ``TensorProto``, and shape, axes of any length by names.
        layers: what it gives, float32 (N, width) each.
    """
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        builder.nodes,
        name,
        [info(tensor, kind, list(shape)) for tensor, (kind, shape) in inputs.items()],
        [info(layer.name, TensorProto.FLOAT, ["N", layer.width]) for layer in layers],
        builder.constants,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="headstart")
