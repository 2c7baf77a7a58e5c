"""Graph of a saved classifier, taken apart: tensors that it narrows to, and pieces of it as sessions.

``model.onnx`` is the only whole record of a network, a fine-tuned one included, so explanations work on it alone.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from headstart_runtime.errors import ClassifierError, refuse_machine_faults
from headstart_runtime.libraries import import_onnxruntime, start_onnxruntime

#: Ops that read a tensor's shape only: what they give says nothing of a place in the item.
SHAPE_ONLY = frozenset({"Shape", "Size"})
#: Ops whose answer is yes or no, such as "is this padding": what goes on from them is no evidence either.
COMPARING = frozenset({"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Not", "IsNaN"})
SILENT = SHAPE_ONLY | COMPARING
LARGE = 2**14  #: bytes of a constant that sessions share


class Graph:
    """An ONNX graph whose pieces can be run."""

    def __init__(self, content: bytes):
        try:
            self._model = onnx.load_from_string(content)
        except Exception as error:  # Protobuf has errors of its own
            refuse_machine_faults(error, "to read model.onnx")
            raise ClassifierError(
                f"model.onnx cannot be read: {str(error)[:300]}; copy the whole model folder again"
            ) from error
        graph = self._model.graph
        self.nodes = list(graph.node)
        self.constants = {constant.name: constant for constant in graph.initializer}
        self.inputs = {value.name: value.type.tensor_type.elem_type for value in graph.input}  #: with their types
        self._arrays: dict[str, NDArray[np.generic]] = {}
        self.producers = {name: node for node in self.nodes for name in node.output if name}

    def find_bottlenecks(self, sources: Collection[str], sink: str) -> list[str]:
        """Return the tensors that every way from one of some tensors to another leads through, nearest the sink first.

        The sink is included, the sources are not. Ways from the other sources do not count: a mask may go on beside
        what it masks. Nor do ways through a tensor's shape or through comparisons alone.
        """
        found = {name for source in sources for name in self._find_bottlenecks_from(source, sink)}
        order = [name for node in self.nodes for name in node.output if name in found]
        return [name for name in order[::-1] if name not in sources]

    def _find_bottlenecks_from(self, source: str, sink: str) -> list[str]:
        reached = {source}
        for node in self.nodes:
            if node.op_type not in SILENT and reached.intersection(_list_inputs(node)):
                reached.update(node.output)
        needed = {sink}
        last_use: dict[str, int] = {sink: len(self.nodes)}
        between = []
        for index in range(len(self.nodes) - 1, -1, -1):
            node = self.nodes[index]
            if node.op_type in SILENT or source in node.output or not needed.intersection(node.output):
                continue
            read = reached.intersection(_list_inputs(node))
            if not read:
                continue
            between.append(index)
            needed |= read
            for name in read:
                last_use.setdefault(name, index)
        found, alive = [source], {source}
        for index in reversed(between):
            alive.update(name for name in self.nodes[index].output if name in last_use)
            alive = {name for name in alive if last_use[name] > index}
            if len(alive) == 1:
                found.extend(alive.difference(found[-1:]))
        return found

    def find_reader(self, name: str, skipped: Collection[str]) -> onnx.NodeProto | None:
        """Return the one node that reads a tensor, past nodes of skipped ops; None where there is not just one."""
        while True:
            readers = [node for node in self.nodes if name in _list_inputs(node) and node.op_type not in SHAPE_ONLY]
            if len(readers) != 1 or readers[0].op_type not in skipped:
                return readers[0] if len(readers) == 1 else None
            name = readers[0].output[0]

    def list_read(self, nodes: Sequence[onnx.NodeProto], names: Collection[str]) -> tuple[str, ...]:
        """Return those of some tensors that nodes read, in the order of the names."""
        read = {name for node in nodes for name in _list_inputs(node)}
        return tuple(name for name in names if name in read)

    def list_computed(self, sources: Collection[str], sinks: Collection[str]) -> set[str]:
        """Return all tensors that are computed on the way from some to others; none where others are needed too."""
        return {name for node in self.select_nodes(sources, sinks) or () for name in node.output}

    def select_nodes(self, sources: Collection[str], sinks: Collection[str]) -> list[onnx.NodeProto] | None:
        """Return the nodes that compute some tensors from others, in order; None where those others are not enough."""
        wanted, kept = set(sinks) - set(sources), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                wanted.update(set(_list_inputs(node)) - set(sources))
                kept.append(node)
        return kept[::-1] if wanted.isdisjoint(self.inputs) else None

    def create_session(self, sources: dict[str, int], sinks: Sequence[str], *, once: bool = False) -> Any:
        """Return an ONNX Runtime session from some tensors to others.

        Args:
            sources: tensors and their ONNX element types; all that the sinks need.
            sinks: tensors of any type.
            once: it runs a time or two: optimising it would take longer than it saves.
        """
        onnxruntime = import_onnxruntime()
        nodes = self.select_nodes(sources, sinks)
        if nodes is None:
            raise ValueError(f"{sinks} need more than {list(sources)}")
        used = {name for node in nodes for name in _list_inputs(node)}.intersection(self.constants)
        large = [name for name in used if self.constants[name].ByteSize() > LARGE]
        piece = helper.make_graph(
            nodes,
            "piece",
            [helper.make_tensor_value_info(name, kind, None) for name, kind in sources.items()],
            [onnx.ValueInfoProto(name=name) for name in sinks],
            [_externalise(self.constants[name]) if name in large else self.constants[name] for name in used],
        )
        model = helper.make_model(piece, opset_imports=self._model.opset_import, ir_version=self._model.ir_version)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(self._load_constant(name)) for name in large]
        options.add_external_initializers(large, values)
        if once:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        return start_onnxruntime(model.SerializeToString(), options)

    def _load_constant(self, name: str) -> NDArray[np.generic]:
        if name not in self._arrays:
            self._arrays[name] = numpy_helper.to_array(self.constants[name])
        return self._arrays[name]


def _externalise(constant: onnx.TensorProto) -> onnx.TensorProto:
    """Return a large constant as one that is given beside the graph, so that sessions share it and none copies it."""
    place = onnx.StringStringEntryProto(key="location", value="beside")
    return onnx.TensorProto(
        name=constant.name,
        data_type=constant.data_type,
        dims=constant.dims,
        data_location=onnx.TensorProto.EXTERNAL,
        external_data=[place],
    )


def _list_inputs(node: onnx.NodeProto) -> Iterator[str]:
    """Yield the tensors that a node reads, its branches and loops included."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _list_inputs(inner)
