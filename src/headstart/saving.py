"""Fitted parts -> ``model/``, read back and proved on real photos."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from headstart import __version__
from headstart.backbones.backbone import Backbone
from headstart.data.writing import new_folder, replace_text
from headstart.engines.engine import Arithmetic
from headstart.engines.rounding import rounded_graph
from headstart.errors import SaveError
from headstart.heads.head import Head
from headstart.heads.saving import write_head
from headstart.pixels.contract import PixelContract
from headstart.pixels.decode import Pixels, prepare
from headstart.runtime import folder as layout
from headstart.runtime.classifier import Classifier, load

MOST_DIFFERENCE = 0.03  #: mean difference in probability that rounding can explain; more is a fault
LOGITS, BATCH_PROBABILITIES = "logits", "batch_probabilities"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a classifier is made of."""

    classes: tuple[str, ...]
    backbone: Backbone
    engine: Literal["openvino", "pytorch"]  #: what ran it when the head was fitted
    precision: Arithmetic
    layer: str
    head: Head

    @property
    def graph(self) -> Path:
        """The backbone's graph with the weights that the head was fitted on."""
        rounded = self.engine == "openvino" and self.precision == "bf16"
        return rounded_graph(self.backbone.graph) if rounded else self.backbone.graph


@dataclass(frozen=True, slots=True)
class Witness:
    """A real photo and what the path that the head was fitted on says of it."""

    load: Callable[[], Pixels]  #: decodes it, upright, (H, W, 3); one at a time, for photos can be large
    features: NDArray[np.float32]  #: (D,)


def save(parts: Parts, folder: Path, witnesses: Sequence[Witness]) -> Classifier:
    """Writes ``model/`` whole or not at all, and reads it back.

    Args:
        parts: what to save.
        folder: the ``model`` folder to make.
        witnesses: real photos that the saved graph must answer like the fitted head does.

    Raises:
        SaveError: it answers otherwise; the message names the step that differs, and nothing is left behind.
    """
    with new_folder(folder) as draft:
        model = compose(parts.graph, parts)
        onnx.save(model, draft / layout.GRAPH)
        write_head(parts.head, draft / layout.HEAD)
        parity = prove(draft / layout.GRAPH, parts, witnesses)
        write_record(draft, _record(parts, draft, parity))
        for file in draft.iterdir():
            file.chmod(0o666 & draft.stat().st_mode)  # some writers keep a file to its owner; a server may be another
    return load(folder)


def add_scores(classifier: Classifier, scores: dict[str, Any]) -> Classifier:
    """Writes evaluations of the saved classifier into its ``model.json``."""
    write_record(classifier.folder, replace(classifier.record, scores={**classifier.record.scores, **scores}))
    return load(classifier.folder)


def write_record(folder: Path, record: layout.Record) -> None:
    """Writes ``model.json`` whole or not at all."""
    replace_text(folder / layout.RECORD, json.dumps(record.to_json(), indent=2, ensure_ascii=False))


def _record(parts: Parts, folder: Path, parity: layout.Parity) -> layout.Record:
    backbone = parts.backbone
    return layout.Record(
        classes=parts.classes,
        contract=backbone.contract,
        backbone=layout.BackboneFacts(
            backbone.name, backbone.architecture, backbone.weights, backbone.weights_sha256, backbone.licence
        ),
        layer=parts.layer,
        head=parts.head.kind,
        engine=parts.engine,
        precision=parts.precision,
        graph_sha256=layout.sha256(folder / layout.GRAPH),
        head_sha256=layout.sha256(folder / layout.HEAD),
        parity=parity,
        headstart=__version__,
    )


def compose(graph: Path, parts: Parts) -> onnx.ModelProto:
    """The whole way as one graph: pixels, the backbone up to the layer, the head. See ``runtime.folder``."""
    network = onnx.load(graph)
    nodes, initializers = _up_to(network.graph, parts.layer)
    before, before_constants = _pixel_nodes(parts.backbone.contract)
    after, after_constants = _head_nodes(parts.head)
    image = helper.make_tensor_value_info(layout.IMAGE, TensorProto.UINT8, ["height", "width", 3])
    output = helper.make_tensor_value_info(layout.PROBABILITIES, TensorProto.FLOAT, [len(parts.classes)])
    whole = helper.make_graph(
        [*before, *nodes, *after],
        "headstart",
        [image],
        [output],
        [*before_constants, *initializers, *after_constants],
        doc_string=f"{parts.backbone.name} up to {parts.layer}, {parts.head.kind} head, {len(parts.classes)} classes",
    )
    model = helper.make_model(
        whole, opset_imports=network.opset_import, ir_version=network.ir_version, producer_name="headstart"
    )
    helper.set_model_props(
        model,
        {
            "classes": json.dumps(parts.classes, ensure_ascii=False),
            "schema_version": str(layout.SCHEMA_VERSION),
            "backbone": parts.backbone.name,
            "licence": parts.backbone.licence,
        },
    )
    onnx.checker.check_model(model)
    return model


def _up_to(graph: onnx.GraphProto, layer: str) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """The nodes and weights that a layer's output needs, that output renamed ``features``."""
    wanted = {layer}
    kept = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(_renamed(node, layer, layout.FEATURES))
    return kept[::-1], [tensor for tensor in graph.initializer if tensor.name in wanted]


def _renamed(node: onnx.NodeProto, old: str, new: str) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    for names in (copy.input, copy.output):
        for index, name in enumerate(names):
            if name == old:
                names[index] = new
    return copy


def _constant(name: str, value: Any, dtype: type[np.generic] = np.int64) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(value, dtype), f"headstart/{name}")


def _pixel_nodes(contract: PixelContract) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """``PixelContract.crop_box`` and one antialiased resize, image -> pixels, in whole numbers like on the host.

    On uint8 ONNX Runtime's antialiased ``Resize`` follows Pillow's arithmetic: less than 0.001 grey levels apart on
    average where a photo shrinks, 0.04 where it grows.
    """
    name = "headstart/{}".format
    constants = [
        _constant("zero", [0]),
        _constant("one", [1]),
        _constant("two", [2]),
        _constant("edges", [0, 1]),
        _constant("permille", [contract.crop_permille]),
        _constant("half", [500]),
        _constant("thousand", [1000]),
        _constant("square", [1, 3, contract.size, contract.size]),
    ]
    node = helper.make_node
    nodes = [
        node("Shape", [layout.IMAGE], [name("shape")], end=2),
        node("ReduceMin", [name("shape")], [name("shorter")], keepdims=1),
        node("Mul", [name("shorter"), name("permille")], [name("scaled")]),
        node("Add", [name("scaled"), name("half")], [name("rounded")]),
        node("Div", [name("rounded"), name("thousand")], [name("cut")]),
        node("Max", [name("cut"), name("one")], [name("side")]),
        node("Sub", [name("shape"), name("side")], [name("margin")]),
        node("Div", [name("margin"), name("two")], [name("start")]),
        node("Add", [name("start"), name("side")], [name("end")]),
        node("Slice", [layout.IMAGE, name("start"), name("end"), name("edges")], [name("crop")]),
        node("Transpose", [name("crop")], [name("planes")], perm=[2, 0, 1]),
        node("Unsqueeze", [name("planes"), name("zero")], [name("batch")]),
        node(
            "Resize",
            [name("batch"), "", "", name("square")],
            [name("resized")],
            mode={"bilinear": "linear", "bicubic": "cubic"}[contract.interpolation],
            antialias=1,
            coordinate_transformation_mode="half_pixel",
            exclude_outside=1,  # at the edges Pillow spreads the weights over the pixels that exist
            **({"cubic_coeff_a": -0.5} if contract.interpolation == "bicubic" else {}),
        ),
        node("Transpose", [name("resized")], [layout.PIXELS], perm=[0, 2, 3, 1]),
    ]
    return nodes, constants


def _head_nodes(head: Head) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Dense layers with ReLU between them, softmax, and the batch of one taken off: features -> probabilities."""
    nodes, constants = [], [_constant("first", [0])]
    values = layout.FEATURES
    for index, layer in enumerate(head.layers):
        last = index == len(head.layers) - 1
        constants += [
            _constant(f"{index}.weight", layer.weight, np.float32),
            _constant(f"{index}.bias", layer.bias, np.float32),
        ]
        out = LOGITS if last else f"headstart/dense{index}"
        nodes.append(helper.make_node("Gemm", [values, f"headstart/{index}.weight", f"headstart/{index}.bias"], [out]))
        if not last:
            nodes.append(helper.make_node("Relu", [out], [f"headstart/relu{index}"]))
            values = f"headstart/relu{index}"
    nodes.append(helper.make_node("Softmax", [LOGITS], [BATCH_PROBABILITIES], axis=1))
    nodes.append(helper.make_node("Squeeze", [BATCH_PROBABILITIES, "headstart/first"], [layout.PROBABILITIES]))
    return nodes, constants


def prove(graph: Path, parts: Parts, witnesses: Sequence[Witness]) -> layout.Parity:
    """Compares the saved graph in ONNX Runtime with the path the head was fitted on.

    Raises:
        SaveError: their probabilities differ by more than rounding explains.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    shipped = np.stack([session.run(None, {layout.IMAGE: witness.load()})[0] for witness in witnesses])
    fitted = parts.head.probabilities(np.stack([witness.features for witness in witnesses]))
    difference = np.abs(shipped - fitted)
    if not difference.mean() <= MOST_DIFFERENCE:  # written so that NaN fails too
        raise SaveError(
            f"the saved graph answers otherwise than the fitted head on {len(witnesses)} photos: probabilities differ "
            f"by {difference.mean():.3f} on average, wanted at most {MOST_DIFFERENCE}; "
            f"{_differing_step(graph, parts, witnesses)}"
        )
    return layout.Parity(
        photos=len(witnesses),
        mean_difference=float(difference.mean()),
        largest_difference=float(difference.max()),
        same_answers=float((shipped.argmax(axis=1) == fitted.argmax(axis=1)).mean()),
    )


def _differing_step(graph: Path, parts: Parts, witnesses: Sequence[Witness]) -> str:
    """Which step of the graph is the first to differ from the host's: pixels, features or head."""
    import onnxruntime

    model = onnx.load(graph)
    for name in (layout.PIXELS, layout.FEATURES):
        model.graph.output.append(helper.make_empty_tensor_value_info(name))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    levels, cosines = [], []
    for witness in witnesses:
        photo = witness.load()
        pixels, features = session.run([layout.PIXELS, layout.FEATURES], {layout.IMAGE: photo})
        levels.append(np.abs(pixels[0].astype(int) - prepare(photo, parts.backbone.contract)).mean())
        lengths = np.linalg.norm(features[0]) * np.linalg.norm(witness.features)
        cosines.append(float(features[0] @ witness.features / max(lengths, 1e-12)))
    if np.mean(levels) > 1:
        return f"the pixels differ, by {np.mean(levels):.1f} grey levels on average (step: crop and resize)"
    if not np.mean(cosines) > 0.99:
        return f"the features differ, mean cosine {np.mean(cosines):.4f} (step: the backbone's forward pass)"
    return "pixels and features agree (step: the head)"
