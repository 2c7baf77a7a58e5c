"""The fitted model as one ONNX graph, from a photo's pixels to probabilities. See ``inference.model_format``."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper

from headstart.errors import SaveError
from headstart.export.backbones import Networks
from headstart.export.heads import add_features, add_outputs
from headstart.export.model import FittedModel
from headstart.inference import model_format
from headstart.modalities.graph_builder import GraphBuilder
from headstart.modalities.image.onnx import add_square
from headstart.modalities.image.spec import ImageSpec

MOST_BYTES = 2**31 - 2**20  #: of a Protobuf file, 2 GB, less what is not weights


def build_onnx(model: FittedModel) -> onnx.ModelProto:
    """Build the whole way as one graph: pixels, each backbone up to its layers, the heads, the combination of members.

    Branches of one image spec share crop and resize, branches of one network share its nodes, and equal
    weights stand in the graph once, whoever reads them.

    Raises:
        SaveError: more weights than an ONNX file can hold.
    """
    builder = GraphBuilder()
    network = _add_branches(builder, model)
    add_outputs(builder, model)
    if (size := sum(constant.ByteSize() for constant in builder.constants)) > MOST_BYTES:
        raise SaveError(
            f"the classifier's {len(model.branches)} branches hold {size / 1e9:.1f} GB of weights; an ONNX file holds "
            "2.1; leave some backbones out"
        )
    image = helper.make_tensor_value_info(model_format.IMAGE, TensorProto.UINT8, ["height", "width", 3])
    backbones = ", ".join(dict.fromkeys(branch.backbone.name for branch in model.branches))
    licences = ", ".join(dict.fromkeys(branch.backbone.licence for branch in model.branches))
    whole = helper.make_graph(
        builder.nodes, "headstart", [image], _list_outputs(model), builder.constants, doc_string=_describe(model)
    )
    proto = helper.make_model(
        whole, opset_imports=network.opset_import, ir_version=network.ir_version, producer_name="headstart"
    )
    helper.set_model_props(
        proto,
        {
            "classes": json.dumps(model.classes, ensure_ascii=False),
            "schema_version": str(model_format.SCHEMA_VERSION),
            "backbone": backbones,
            "licence": licences,
        },
    )
    onnx.checker.check_model(proto)
    return proto


def _list_outputs(model: FittedModel) -> list[onnx.ValueInfoProto]:
    """Return the outputs of the graph; see ``inference.model_format``."""
    info = helper.make_tensor_value_info
    outputs = [
        info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), list(shape))
        for name, dtype, shape in model.task.graph.list_outputs(model.postprocessor, model.space)
    ]
    if model.novelty is not None:
        outputs += [
            info(model_format.NOVELTY, TensorProto.FLOAT, []),
            info(model_format.OUT_OF_DISTRIBUTION, TensorProto.BOOL, []),
        ]
    return outputs


def _add_branches(builder: GraphBuilder, model: FittedModel) -> onnx.ModelProto:
    """Add all from the image to each branch's features; return one of the networks, for all are of one opset."""
    networks = Networks(builder)
    squares: dict[ImageSpec, str] = {}
    for index, branch in enumerate(model.branches):
        if model.find_network(index) != index:
            continue
        spec = branch.backbone.spec
        if spec not in squares:
            squares[spec] = add_square(builder, spec, f"photo{len(squares)}/")
        builder.node("Identity", [squares[spec]], model_format.pixels_name(index))
        sharing = [other for other in range(len(model.branches)) if model.find_network(other) == index]
        layers = {layer for other in sharing for layer in model.branches[other].layers}
        prefix = f"branch{index}/"
        network = networks.add(branch.graph, layers, model_format.pixels_name(index), prefix)
        for other in sharing:
            outputs = [prefix + layer for layer in model.branches[other].layers]
            add_features(builder, outputs, model_format.features_name(other))
    return network


def _describe(model: FittedModel) -> str:
    branches = "; ".join(describe_branch(model, index) for index in range(len(model.branches)))
    kinds = ", ".join(member.head.kind for member in model.members)
    return f"{branches}; {kinds} head, {model.task.targets.describe_space(model.space)}"


def describe_branch(model: FittedModel, index: int) -> str:
    """Return a branch's network and layers in a few words."""
    branch = model.branches[index]
    return f"{branch.backbone.name} up to {' + '.join(branch.layers)}"
