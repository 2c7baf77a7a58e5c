"""Backbones in the graph of a classifier: cut at their layers, names made unlike, equal weights there once."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import onnx
from onnx import numpy_helper

from headstart.modalities.graph_builder import GraphBuilder


class Networks:
    """The networks of a graph. Weights that two of them have in common stand in it once."""

    def __init__(self, builder: GraphBuilder):
        self._builder = builder
        self._models: dict[Path, onnx.ModelProto] = {}
        self._names: dict[bytes, str] = {}  #: digest of a weight -> its name in the graph

    def add(self, graph: Path, layers: Collection[str], inputs: Mapping[str, str], prefix: str) -> onnx.ModelProto:
        """Add the part of a network that gives these layers; their tensors get the prefix, like all others.

        Args:
            graph: the network.
            layers: names of its outputs.
            inputs: the tensor that it reads for each of its inputs, by name; a single one may have any name.
            prefix: what its names shall begin with.

        Returns:
            The network as it was loaded.
        """
        if graph not in self._models:
            self._models[graph] = onnx.load(graph)
        model = self._models[graph]
        nodes, wanted = select_subgraph(model.graph, layers)
        own = [one.name for one in model.graph.input]
        single = len(own) == len(inputs) == 1
        names = {"": "", **(dict(zip(own, inputs.values(), strict=True)) if single else inputs)}
        weights = (weight for weight in model.graph.initializer if weight.name in wanted)
        names |= {weight.name: self._share(weight, prefix) for weight in weights}
        self._builder.nodes.extend(rename_tensors(node, lambda name: names.get(name, prefix + name)) for node in nodes)
        return model

    def _share(self, weight: onnx.TensorProto, prefix: str) -> str:
        """Return the name of a weight in the graph, which now has it if it had not."""
        values = weight.raw_data or numpy_helper.to_array(weight).tobytes()
        facts = f"{weight.data_type} {list(weight.dims)} ".encode()
        digest = hashlib.blake2b(facts + values, digest_size=20).digest()
        if digest not in self._names:
            copy = onnx.TensorProto()
            copy.CopyFrom(weight)
            copy.name = prefix + weight.name
            self._builder.constants.append(copy)
            self._names[digest] = copy.name
        return self._names[digest]


def select_subgraph(graph: onnx.GraphProto, layers: Collection[str]) -> tuple[list[onnx.NodeProto], set[str]]:
    """Return the nodes that some outputs need, in order, and the names of all tensors that these read or give."""
    wanted = set(layers)
    kept = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(_list_inputs(node))
            kept.append(node)
    return kept[::-1], wanted


def _list_inputs(node: onnx.NodeProto) -> Iterator[str]:
    """Yield the tensors that a node reads, its branches and loops included."""
    yield from node.input
    for graph in _list_subgraphs(node):
        for inner in graph.node:
            yield from _list_inputs(inner)
        yield from (output.name for output in graph.output)


def _list_subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def rename_tensors(node: onnx.NodeProto, rename: Callable[[str], str]) -> onnx.NodeProto:
    """Return a copy of a node with other names for itself and all tensors, its branches and loops included."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    _rename(copy, rename)
    return copy


def _rename(node: onnx.NodeProto, rename: Callable[[str], str]) -> None:
    node.name = rename(node.name)
    for names in (node.input, node.output):
        names[:] = [rename(name) for name in names]
    for graph in _list_subgraphs(node):
        for inner in graph.node:
            _rename(inner, rename)
        for value in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
            value.name = rename(value.name)
