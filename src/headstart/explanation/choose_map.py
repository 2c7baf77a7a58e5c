"""Which map explains a layer: found by trying what the layer's features are made from, not by names of networks."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from onnx import TensorProto

from headstart.arrays import Floats
from headstart.errors import ClassifierError
from headstart.explanation.graph import Graph
from headstart.explanation.maps import (
    ClassTokenMap,
    Forward,
    Map,
    MapLayout,
    MeanMap,
    MeasuredMap,
    RolloutMap,
    infer_layout,
)

TOGETHER = 8  #: tensors that are looked at in one run
PASSING = ("Identity", "Dropout", "Cast")


def choose_map(graph: Graph, source: str, layer: str, size: int) -> Map:
    """How a layer's part of an answer is laid on the photo.

    Args:
        graph: of the classifier.
        source: the tensor of the pixels that the layer's network reads, uint8 (1, size, size, 3).
        layer: the tensor of the layer's features, (1, D).
        size: edge of those pixels.

    Raises:
        ClassifierError: no tensor with places was found that the features could be computed from.
    """
    pixels = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)
    for name, values, features in _going_down(graph, source, layer, pixels):
        layout = infer_layout(values.shape)
        if layout is None or (nodes := graph.between([name], [layer])) is None:
            continue
        if _close(layout.rows(values).mean(axis=0)[None], features):
            return MeanMap((name,), layout)
        above = _forward(graph, [name], layer)
        if _depends(above, layout, values, features):
            return MeasuredMap((name,), layout, above, any(node.op_type == "Softmax" for node in nodes))
        if found := _by_attention(graph, source, layer, pixels, layout):
            return found
    raise ClassifierError(f"no map of places lies under {layer!r}; this network cannot be explained")


def _going_down(graph: Graph, source: str, layer: str, pixels: Any) -> Iterator[tuple[str, Floats, Floats]]:
    """The tensors that the network narrows to, from the layer downwards: name, values, and the layer's features."""
    narrow = graph.narrows(source, layer)[1:-1]
    for start in range(0, len(narrow), TOGETHER):
        names = narrow[start : start + TOGETHER]
        features, *seen = _values(graph, source, [layer, *names], pixels)
        yield from ((name, it, features) for name, it in zip(names, seen, strict=True) if it.dtype == np.float32)


def _depends(above: Forward, layout: MapLayout, values: Floats, features: Floats) -> bool:
    """Whether the features need the tokens of places, and not the class token alone; a check of ``above`` too."""
    changed = layout.weighted(values, np.full((1, layout.places), 1.5, np.float32))
    tilted = layout.weighted(values, np.linspace(0.5, 1.5, layout.places, dtype=np.float32)[None])
    return not (_close(above(changed), features) and _close(above(tilted), features))


def _by_attention(graph: Graph, source: str, layer: str, pixels: Any, layout: MapLayout) -> Map | None:
    """For features of a class token: attention times gradient, or rollout where the last block is of another build."""
    names = [node.output[0] for node in graph.between([source], [layer]) or () if node.op_type == "Softmax"]
    if not names:
        return None
    tokens = layout.places + layout.first
    seen = _values(graph, source, names[-1:], pixels)
    if seen[0].ndim != 4 or seen[0].shape[2:] != (tokens, tokens):
        return None
    if found := _last_block(graph, source, layer, pixels, layout, names[-1]):
        return found
    seen = _values(graph, source, names, pixels)
    alike = all(it.shape == seen[-1].shape for it in seen)
    return RolloutMap(tuple(names), layout) if alike else None


def _last_block(
    graph: Graph, source: str, layer: str, pixels: Any, layout: MapLayout, attention: str
) -> ClassTokenMap | None:
    """The last block's attention, values and way on; None where they are not as in a plain transformer."""
    below = graph.narrows(source, layer)
    product = graph.reader(attention, PASSING)
    before = next((name for name in below if attention in graph.needs(name, [layer]) and name != layer), None)
    if product is None or product.op_type != "MatMul" or before is None:
        return None
    took = product.output[0]
    for kind in ("Transpose", "Reshape"):
        node = graph.reader(took, PASSING)
        if node is None or node.op_type != kind:
            return None
        took = node.output[0]
    tensors = (attention, product.input[1], before)
    if graph.between([took, before], [layer]) is None:
        return None
    *values, features = _values(graph, source, [*tensors, layer], pixels)
    found = ClassTokenMap(tensors, layout, _forward(graph, [took, before], layer))
    try:
        alone = found.above(found.taken(*values[:2]).sum(axis=0)[None, None], values[2][:, :1])
    except Exception:  # noqa: BLE001 (what lies above does not take one token; ONNX Runtime has no error of its own)
        return None
    return found if _close(alone, features) else None


def _values(graph: Graph, source: str, names: Sequence[str], pixels: Any) -> list[Floats]:
    """What some tensors are for these pixels."""
    return list(graph.session({source: TensorProto.UINT8}, names, once=True).run(None, {source: pixels}))


def _forward(graph: Graph, sources: Sequence[str], sink: str) -> Forward:
    """A piece of the graph as a function of its tensors."""
    session = graph.session(dict.fromkeys(sources, TensorProto.FLOAT), [sink])
    return partial(_run, session, tuple(sources))


def _run(session: Any, names: tuple[str, ...], *values: Floats) -> Floats:
    fed = (np.ascontiguousarray(value, np.float32) for value in values)
    (features,) = session.run(None, dict(zip(names, fed, strict=True)))
    return np.asarray(features).reshape(len(features), -1)


def _close(one: Floats, other: Floats) -> bool:
    """Whether two rows are the same but for rounding."""
    other = other.reshape(len(other), -1)
    return one.shape == other.shape and bool(np.abs(one - other).max() <= 1e-3 * max(1e-6, float(np.abs(other).max())))
