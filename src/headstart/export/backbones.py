"""Backbones in the graph of a classifier: cut at their layers, names made unlike, equal weights there once."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import onnx
from onnx import numpy_helper

from headstart.modalities.graph_builder import GraphBuilder


class Networks:
    """Puts networks into a graph. What two of them have in common, weight by weight, stands in it once."""

    def __init__(self, pieces: GraphBuilder):
        self._pieces = pieces
        self._models: dict[Path, onnx.ModelProto] = {}
        self._names: dict[bytes, str] = {}  #: digest of a weight -> its name in the graph

    def add(self, graph: Path, layers: Collection[str], pixels: str, prefix: str) -> onnx.ModelProto:
        """Adds the part of a network that gives these layers; their tensors get the prefix, like all others.

        Args:
            graph: the network.
            layers: names of its outputs.
            pixels: the tensor that it reads.
            prefix: what its names shall begin with.

        Returns:
            The network as it was loaded.
        """
        if graph not in self._models:
            self._models[graph] = onnx.load(graph)
        model = self._models[graph]
        nodes, wanted = select_subgraph(model.graph, layers)
        names = {"": "", model.graph.input[0].name: pixels}
        names |= {it.name: self._shared(it, prefix) for it in model.graph.initializer if it.name in wanted}
        self._pieces.nodes.extend(rename_tensors(node, lambda name: names.get(name, prefix + name)) for node in nodes)
        return model

    def _shared(self, weight: onnx.TensorProto, prefix: str) -> str:
        """The name of a weight in the graph, which now has it if it had not."""
        values = weight.raw_data or numpy_helper.to_array(weight).tobytes()
        facts = f"{weight.data_type} {list(weight.dims)} ".encode()
        digest = hashlib.blake2b(facts + values, digest_size=20).digest()
        if digest not in self._names:
            copy = onnx.TensorProto()
            copy.CopyFrom(weight)
            copy.name = prefix + weight.name
            self._pieces.constants.append(copy)
            self._names[digest] = copy.name
        return self._names[digest]


def select_subgraph(graph: onnx.GraphProto, layers: Collection[str]) -> tuple[list[onnx.NodeProto], set[str]]:
    """The nodes that some outputs need, in order, and the names of all tensors that these read or give."""
    wanted = set(layers)
    kept = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(_read_by(node))
            kept.append(node)
    return kept[::-1], wanted


def _read_by(node: onnx.NodeProto) -> Iterator[str]:
    """What a node reads, its branches and loops included."""
    yield from node.input
    for graph in _inside(node):
        for inner in graph.node:
            yield from _read_by(inner)
        yield from (output.name for output in graph.output)


def _inside(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def rename_tensors(node: onnx.NodeProto, rename: Callable[[str], str]) -> onnx.NodeProto:
    """A copy of a node with other names for itself and all tensors, its branches and loops included."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    _rename(copy, rename)
    return copy


def _rename(node: onnx.NodeProto, rename: Callable[[str], str]) -> None:
    node.name = rename(node.name)
    for names in (node.input, node.output):
        names[:] = [rename(name) for name in names]
    for graph in _inside(node):
        for inner in graph.node:
            _rename(inner, rename)
        for value in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
            value.name = rename(value.name)
