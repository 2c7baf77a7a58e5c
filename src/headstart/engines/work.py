"""The work of a network below and above each of its layers, counted on its graph: for prices by arithmetic."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from headstart.backbones.backbone import INPUT, Backbone
from headstart_runtime.errors import EngineError
from headstart_runtime.libraries import import_openvino
from headstart_runtime.modalities.batch import TensorSpec, fill_axes

#: Multiplications that take as long as moving one number through memory: what makes a depthwise convolution on a large
#: map dear, which multiplies little.
PER_NUMBER = 30.0


def count_work_above(backbone: Backbone) -> dict[str, float]:
    """Return multiplications for one sample, and what moving its numbers counts as, above each layer and ``INPUT``.

    Raises:
        RuntimeError: OpenVINO cannot read the graph.
    """
    return dict(_count_work(backbone.graph, backbone.spec.tensors, tuple(layer.name for layer in backbone.layers)))


@lru_cache(8)
def _count_work(graph: Path, tensors: tuple[TensorSpec, ...], layers: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    try:
        openvino = import_openvino()
    except EngineError as error:
        raise RuntimeError(str(error)) from None
    model = openvino.Core().read_model(graph)
    shapes = {one.name: [1, *fill_axes(one)] for one in tensors}
    model.reshape(next(iter(shapes.values())) if len(shapes) == 1 else shapes)
    work = {operation.get_friendly_name(): _operation_work(operation) for operation in model.get_ordered_ops()}
    ends = {name: port.get_node() for port in model.outputs for name in port.get_names()}
    whole = _ancestors(ends[layers[-1]])  # not what pools an earlier layer's features
    below = {INPUT: set[str](), **{name: _ancestors(ends[name]) for name in layers}}
    return tuple((name, sum(work[operation] for operation in whole - known)) for name, known in below.items())


def _operation_work(operation: Any) -> float:
    """Of one operation: weights are constants and cost nothing, what is put out has to be moved."""
    kind = operation.get_type_name()
    if kind in ("Constant", "Parameter", "Result", "Convert"):
        return 0.0
    numbers = float(sum(_product(port.get_shape()) for port in operation.outputs()))
    if kind == "Convolution":
        return numbers * (_product(operation.input(1).get_shape()[1:]) + PER_NUMBER)
    if kind == "GroupConvolution":
        return numbers * (_product(operation.input(1).get_shape()[2:]) + PER_NUMBER)
    if kind == "MatMul":
        return numbers * (_inner(operation) + PER_NUMBER)
    return numbers * PER_NUMBER


def _inner(operation: Any) -> float:
    """Terms of each sum of a matrix product."""
    turned = operation.get_attributes().get("transpose_a", False)
    shape = operation.input(0).get_shape()
    return float(shape[-2 if turned and len(shape) > 1 else -1])


def _product(shape: Iterable[int]) -> float:
    product = 1.0
    for edge in shape:
        product *= edge
    return product


def _ancestors(end: Any) -> set[str]:
    """The names of an operation and of all that it is computed from."""
    found: set[str] = set()
    waiting = [end]
    while waiting:
        node = waiting.pop()
        name = node.get_friendly_name()
        if name not in found:
            found.add(name)
            waiting += [port.get_source_output().get_node() for port in node.inputs()]
    return found
