"""Fitted parts as one ONNX graph, from a photo's pixels to probabilities. See ``runtime.folder``."""

import json

import onnx
from onnx import TensorProto, helper

from headstart.errors import SaveError
from headstart.export.backbones import Networks
from headstart.export.heads import add_features, add_outputs
from headstart.export.model import FittedModel
from headstart.inference import model_format
from headstart.modalities.graph_builder import GraphBuilder
from headstart.modalities.image.onnx import add_square, add_view
from headstart.modalities.image.spec import ImageSpec

MOST_BYTES = 2**31 - 2**20  #: of a Protobuf file, 2 GB, less what is not weights


def build_onnx(parts: FittedModel) -> onnx.ModelProto:
    """The whole way as one graph: pixels, each backbone up to its layers, the heads, their answers combined.

    Branches of one image spec share crop and resize, branches of one network and view share its nodes, and equal
    weights stand in the graph once, whoever reads them.

    Raises:
        SaveError: more weights than an ONNX file can hold.
    """
    pieces = GraphBuilder()
    network = _add_branches(pieces, parts)
    add_outputs(pieces, parts)
    if (size := sum(constant.ByteSize() for constant in pieces.constants)) > MOST_BYTES:
        raise SaveError(
            f"the classifier's {len(parts.branches)} branches hold {size / 1e9:.1f} GB of weights; an ONNX file holds "
            "2.1; leave some backbones out"
        )
    image = helper.make_tensor_value_info(model_format.IMAGE, TensorProto.UINT8, ["height", "width", 3])
    backbones = ", ".join(dict.fromkeys(branch.backbone.name for branch in parts.branches))
    licences = ", ".join(dict.fromkeys(branch.backbone.licence for branch in parts.branches))
    whole = helper.make_graph(
        pieces.nodes, "headstart", [image], _outputs(parts), pieces.constants, doc_string=_described(parts)
    )
    model = helper.make_model(
        whole, opset_imports=network.opset_import, ir_version=network.ir_version, producer_name="headstart"
    )
    helper.set_model_props(
        model,
        {
            "classes": json.dumps(parts.classes, ensure_ascii=False),
            "schema_version": str(model_format.SCHEMA_VERSION),
            "backbone": backbones,
            "licence": licences,
        },
    )
    onnx.checker.check_model(model)
    return model


def _outputs(parts: FittedModel) -> list[onnx.ValueInfoProto]:
    """What the graph says of a photo; see ``runtime.folder``."""
    info, classes = helper.make_tensor_value_info, [len(parts.classes)]
    outputs = [
        info(name, TensorProto.FLOAT, classes) for name in (model_format.PROBABILITIES, model_format.UNCALIBRATED)
    ]
    if parts.conformal is not None:
        outputs.append(info(model_format.PREDICTION_SET, TensorProto.BOOL, classes))
    if parts.novelty is not None:
        outputs += [
            info(model_format.NOVELTY, TensorProto.FLOAT, []),
            info(model_format.OUT_OF_DISTRIBUTION, TensorProto.BOOL, []),
        ]
    return outputs


def _add_branches(pieces: GraphBuilder, parts: FittedModel) -> onnx.ModelProto:
    """From the image to each branch's features; gives one of the networks, for all are of one opset."""
    networks = Networks(pieces)
    squares: dict[ImageSpec, str] = {}
    for index, branch in enumerate(parts.branches):
        if parts.entry(index) != index:
            continue
        spec = branch.backbone.spec
        if spec not in squares:
            squares[spec] = add_square(pieces, spec, f"photo{len(squares)}/")
        add_view(pieces, squares[spec], model_format.pixels_name(index), flipped=branch.flipped)
        sharing = [other for other in range(len(parts.branches)) if parts.entry(other) == index]
        layers = {layer for other in sharing for layer in parts.branches[other].layers}
        prefix = f"branch{index}/"
        network = networks.add(branch.graph, layers, model_format.pixels_name(index), prefix)
        for other in sharing:
            joined = [prefix + layer for layer in parts.branches[other].layers]
            add_features(pieces, joined, model_format.features_name(other))
    return network


def _described(parts: FittedModel) -> str:
    branches = "; ".join(describe_branch(parts, index) for index in range(len(parts.branches)))
    kinds = ", ".join(answer.head.kind for answer in parts.members)
    return f"{branches}; {kinds} head, {len(parts.classes)} classes"


def describe_branch(parts: FittedModel, index: int) -> str:
    """A branch, for a person."""
    branch = parts.branches[index]
    return f"{branch.backbone.name} up to {' + '.join(branch.layers)}{', mirrored' * branch.flipped}"
