"""The fitted model as one ONNX graph, from an item to the answer's numbers. See ``inference.model_format``."""

import json
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper

from headstart.modalities.graph_builder import GraphBuilder
from headstart.saving.backbones import Networks
from headstart.saving.heads import add_features, add_outputs
from headstart.saving.model import FittedModel
from headstart_runtime.errors import SaveError
from headstart_runtime.inference import model_format
from headstart_runtime.inference.graph_inputs import find_first_branches
from headstart_runtime.modalities.batch import AnySpec, TensorSpec

MOST_BYTES = 2**31 - 2**20  #: of a Protobuf file, 2 GB, less what is not weights


def build_onnx(model: FittedModel) -> onnx.ModelProto:
    """Build the whole way as one graph: input, each backbone up to its layers, the heads, the combination of members.

    Branches of one spec share preprocessing, branches of one network share its nodes, and equal weights stand in the
    graph once, whoever reads them. Where the modality prepares nothing inside the graph, it begins at the tensors of
    the networks, whose first axis is the parts of the item.

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
    backbones = ", ".join(dict.fromkeys(branch.backbone.name for branch in model.branches))
    licences = ", ".join(dict.fromkeys(branch.backbone.licence for branch in model.branches))
    whole = helper.make_graph(
        builder.nodes,
        "headstart",
        _list_inputs(model),
        _list_outputs(model),
        builder.constants,
        doc_string=_describe(model),
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


def _list_inputs(model: FittedModel) -> list[onnx.ValueInfoProto]:
    """Return the inputs of the graph; see ``inference.graph_inputs``."""
    if model.modality.graph is not None:
        inputs = list(model.modality.graph.inputs())
    else:
        inputs = [
            (model_format.tensor_name(one.name, branch), one.dtype, _name_axes(one, branch))
            for spec, branch in find_first_branches(model.specs).items()
            for one in spec.tensors
        ]
    return [helper.make_tensor_value_info(name, _convert_dtype(dtype), list(shape)) for name, dtype, shape in inputs]


def _name_axes(tensor: TensorSpec, branch: int) -> list[int | str]:
    """Return the shape of an input: parts first, and a name for each axis that is as long as it comes."""
    free = f"{model_format.tensor_name(tensor.name, branch)}.axis"
    return [f"parts.{branch}", *(f"{free}{index}" if axis is None else axis for index, axis in enumerate(tensor.shape))]


def _convert_dtype(dtype: str) -> int:
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _list_outputs(model: FittedModel) -> list[onnx.ValueInfoProto]:
    """Return the outputs of the graph; see ``inference.model_format``."""
    info = helper.make_tensor_value_info
    outputs = [
        info(name, _convert_dtype(dtype), list(shape))
        for name, dtype, shape in model.task.graph.list_outputs(model.postprocessor, model.space)
    ]
    if model.novelty is not None:
        outputs += [
            info(model_format.NOVELTY, TensorProto.FLOAT, []),
            info(model_format.OUT_OF_DISTRIBUTION, TensorProto.BOOL, []),
        ]
    return outputs


def _add_branches(builder: GraphBuilder, model: FittedModel) -> onnx.ModelProto:
    """Add all from the input to each branch's features; return one of the networks, for all are of one opset."""
    networks = Networks(builder)
    prepared: dict[AnySpec, Mapping[str, str]] = {}
    for index, branch in enumerate(model.branches):
        if model.find_network(index) != index:
            continue
        spec = branch.backbone.spec
        if spec not in prepared:
            prepared[spec] = _prepare(builder, model, spec, f"input{len(prepared)}/")
        tensors = {name: model_format.tensor_name(name, index) for name in prepared[spec]}
        for name, tensor in tensors.items():
            if prepared[spec][name] != tensor:
                builder.node("Identity", [prepared[spec][name]], tensor)
        sharing = [other for other in range(len(model.branches)) if model.find_network(other) == index]
        layers = {layer for other in sharing for layer in model.branches[other].layers}
        prefix = model_format.network_prefix(index)
        network = networks.add(branch.graph, layers, tensors, prefix)
        for other in sharing:
            outputs = [prefix + layer for layer in model.branches[other].layers]
            add_features(builder, outputs, other, average=not model.one_part)
    return network


def _prepare(builder: GraphBuilder, model: FittedModel, spec: AnySpec, prefix: str) -> Mapping[str, str]:
    """Add preprocessing for a spec, or none; return where each of its tensors is."""
    if model.modality.graph is not None:
        return model.modality.graph.add(builder, spec, prefix)
    first = find_first_branches(model.specs)[spec]
    return {one.name: model_format.tensor_name(one.name, first) for one in spec.tensors}


def _describe(model: FittedModel) -> str:
    branches = "; ".join(describe_branch(model, index) for index in range(len(model.branches)))
    kinds = ", ".join(member.head.kind for member in model.members)
    return f"{branches}; {kinds} head, {model.task.targets.describe_space(model.space)}"


def describe_branch(model: FittedModel, index: int) -> str:
    """Return a branch's network and layers in a few words."""
    branch = model.branches[index]
    return f"{branch.backbone.name} up to {' + '.join(branch.layers)}"
