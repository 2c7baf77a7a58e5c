"""Choice of the map that explains a layer: by trying what its features are made from, not by names of networks."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from headstart_runtime.arrays import Floats
from headstart_runtime.explanation.graph import Graph
from headstart_runtime.explanation.maps import (
    ClassTokenMap,
    Forward,
    Map,
    MapLayout,
    MeanMap,
    MeasuredMap,
    RolloutMap,
    infer_layout,
)
from headstart_runtime.modalities.batch import Batch

TOGETHER = 8  #: tensors that are computed in one run
PASSING = ("Identity", "Dropout", "Cast")


def choose_map(graph: Graph, probe: Batch, layer: str, dimensions: int, shorter: Batch | None = None) -> Map | None:
    """Return the map by which a layer's part of an answer is attributed to places; None where there is none.

    Args:
        graph: of the classifier.
        probe: values for the tensors that the layer's network reads, by their names in the graph, one part of noise.
        layer: the tensor of the layer's features, (1, D).
        dimensions: in which places lie: 2 for a square of them, 1 for a row.
        shorter: values for a shorter item, where items are as long as they come.
    """
    for name, values, features, shape in _walk_down(graph, probe, layer, shorter):
        layout = infer_layout(values.shape, dimensions, shape)
        if layout is None or (nodes := graph.select_nodes([name, *probe], [layer])) is None:
            continue
        if _is_close(layout.to_rows(values).mean(axis=0)[None], features):
            return MeanMap((name,), layout)
        beside = {other: probe[other] for other in graph.list_read(nodes, probe)}
        above = _make_forward(graph, [name], layer, beside)
        if _needs_places(above, layout, [values, *beside.values()], features):
            return MeasuredMap((name, *beside), layout, above, any(node.op_type == "Softmax" for node in nodes))
        if found := _choose_attention_map(graph, probe, layer, layout):
            return found
    return None


def _walk_down(
    graph: Graph, probe: Batch, layer: str, shorter: Batch | None
) -> Iterator[tuple[str, Floats, Floats, tuple[int, ...] | None]]:
    """Yield the tensors that the network narrows to, the layer's first.

    Yields:
        Name, values, the layer's features, and the tensor's shape for the shorter item.
    """
    names = graph.find_bottlenecks(probe.keys(), layer)[1:]
    for start in range(0, len(names), TOGETHER):
        some = names[start : start + TOGETHER]
        features, *tensors = _compute(graph, probe, [layer, *some])
        shapes = [None] * len(some) if shorter is None else [one.shape for one in _compute(graph, shorter, some)]
        for name, values, shape in zip(some, tensors, shapes, strict=True):
            if values.dtype == np.float32:
                yield name, values, features, shape


def _needs_places(above: Forward, layout: MapLayout, values: Sequence[Floats], features: Floats) -> bool:
    """Return whether the features need tokens of places, and not the class token alone; it checks ``above`` too."""
    first, *beside = values
    changed = layout.weigh(first, np.full((1, layout.places), 1.5, np.float32))
    tilted = layout.weigh(first, np.linspace(0.5, 1.5, layout.places, dtype=np.float32)[None])
    return not (_is_close(above(changed, *beside), features) and _is_close(above(tilted, *beside), features))


def _choose_attention_map(graph: Graph, probe: Batch, layer: str, layout: MapLayout) -> Map | None:
    """Return a class token's map: attention times gradient, or rollout where the last block is of another build."""
    names = [node.output[0] for node in graph.select_nodes(probe.keys(), [layer]) or () if node.op_type == "Softmax"]
    if not names:
        return None
    tokens = layout.places + layout.first
    (last,) = _compute(graph, probe, names[-1:])
    if last.ndim != 4 or last.shape[2:] != (tokens, tokens):
        return None
    if found := _read_last_block(graph, probe, layer, layout, names[-1]):
        return found
    shapes = {values.shape for values in _compute(graph, probe, names)}
    return RolloutMap(tuple(names), layout) if len(shapes) == 1 else None


def _read_last_block(graph: Graph, probe: Batch, layer: str, layout: MapLayout, attention: str) -> ClassTokenMap | None:
    """Return the last block's attention, values and way on; None where they are not as in a plain transformer."""
    below = graph.find_bottlenecks(probe.keys(), layer)
    product = graph.find_reader(attention, PASSING)
    before = next(
        (name for name in below if attention in graph.list_computed([name, *probe], [layer]) and name != layer), None
    )
    if product is None or product.op_type != "MatMul" or before is None:
        return None
    took = product.output[0]
    for kind in ("Transpose", "Reshape"):
        node = graph.find_reader(took, PASSING)
        if node is None or node.op_type != kind:
            return None
        took = node.output[0]
    tensors = (attention, product.input[1], before)
    if graph.select_nodes([took, before], [layer]) is None:
        return None
    *values, features = _compute(graph, probe, [*tensors, layer])
    found = ClassTokenMap(tensors, layout, _make_forward(graph, [took, before], layer))
    try:
        alone = found.above(found.compute_taken(*values[:2]).sum(axis=0)[None, None], values[2][:, :1])
    except Exception:  # noqa: BLE001 (what lies above does not take one token; ONNX Runtime has no error of its own)
        return None
    return found if _is_close(alone, features) else None


def _compute(graph: Graph, probe: Batch, names: Sequence[str]) -> list[Floats]:
    """Return the values of some tensors for a probe."""
    sources = {name: helper.np_dtype_to_tensor_dtype(values.dtype) for name, values in probe.items()}
    return list(graph.create_session(sources, names, once=True).run(None, dict(probe)))


def _make_forward(graph: Graph, sources: Sequence[str], sink: str, beside: Batch | None = None) -> Forward:
    """Return a piece of the graph as a function of its tensors, and of others beside them, of any type."""
    kinds = dict.fromkeys(sources, TensorProto.FLOAT)
    kinds |= {name: helper.np_dtype_to_tensor_dtype(values.dtype) for name, values in (beside or {}).items()}
    return partial(_run, graph.create_session(kinds, [sink]), tuple(kinds), len(sources))


def _run(session: Any, names: tuple[str, ...], count: int, *values: Floats) -> Floats:
    fed = (np.ascontiguousarray(value, np.float32 if place < count else None) for place, value in enumerate(values))
    (features,) = session.run(None, dict(zip(names, fed, strict=True)))
    return np.asarray(features).reshape(len(features), -1)


def _is_close(one: Floats, other: Floats) -> bool:
    """Return whether two rows are the same but for rounding."""
    other = other.reshape(len(other), -1)
    return one.shape == other.shape and bool(np.abs(one - other).max() <= 1e-3 * max(1e-6, float(np.abs(other).max())))
