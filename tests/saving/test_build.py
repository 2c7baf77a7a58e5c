from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from headstart.backbones.backbone import Backbone
from headstart.modalities.graph_builder import GraphBuilder
from headstart.saving import EnsembleMember, FittedModel
from headstart.saving import build as graph
from headstart.saving.backbones import Networks, rename_tensors, select_subgraph
from headstart.saving.build import build_onnx
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.errors import SaveError
from headstart_runtime.modalities.image.decode import crop_resize
from headstart_runtime.modalities.image.onnx import IMAGE, add_square
from headstart_runtime.modalities.image.spec import WHOLE_EDGE
from headstart_runtime.tasks.classification.calibration import NONE
from headstart_runtime.tasks.classification.conformal import ConformalPredictor
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor
from tests.conftest import picture
from tests.saving.drawn import NAMES, branch, draw_head, draw_novelty, single


@pytest.mark.parametrize(
    ("height", "width"), [(500, 375), (375, 500), (224, 224), (256, 256), (100, 80), (33, 1000), (1, 1), (1999, 1201)]
)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("crop", [875, WHOLE_EDGE])
def test_the_graph_makes_the_hosts_pixels(
    lite0: Backbone, height: int, width: int, interpolation: Literal["bilinear", "bicubic"], crop: int
) -> None:
    spec = replace(lite0.spec, interpolation=interpolation, crop_permille=crop)
    pieces = GraphBuilder()
    square = add_square(pieces, spec, "photo/")
    image = helper.make_tensor_value_info(IMAGE, onnx.TensorProto.UINT8, ["h", "w", 3])
    pixels = helper.make_tensor_value_info(square, onnx.TensorProto.UINT8, ["n", "s", "s", 3])
    made_graph = helper.make_graph(pieces.nodes, "pixels", [image], [pixels], pieces.constants)
    model = helper.make_model(made_graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    photo = picture("discs", np.random.default_rng(height), (width, height))
    (made,) = session.run(None, {IMAGE: photo})
    difference = np.abs(made[0].astype(int) - crop_resize(photo, spec))
    assert made.shape == (1, spec.size, spec.size, 3)
    shrinks = spec.crop_side(height, width) >= spec.size
    # From 8 to 7 pixels many sums end in a half, along each edge: the two round it differently, by one grey level.
    halves = 7 * spec.crop_side(height, width) == 8 * spec.size
    assert difference.mean() <= (0.001 if shrinks and not halves else 0.05)
    assert difference.max() <= (1 if shrinks and not halves else 2)


def test_the_graph_has_the_promised_ends(lite0: Backbone) -> None:
    model = build_onnx(single(lite0, 3))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (image,), outputs = session.get_inputs(), session.get_outputs()
    assert (image.name, image.type, image.shape[2]) == ("image", "tensor(uint8)", 3)
    assert [(it.name, it.type, it.shape) for it in outputs] == [
        ("probabilities", "tensor(float)", [3]),
        ("uncalibrated", "tensor(float)", [3]),
    ]
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["classes"] == '["ant", "bee", "cat"]'
    assert (metadata["backbone"], metadata["licence"]) == ("efficientnet_lite0", lite0.licence)
    for probabilities in session.run(None, {"image": np.zeros((50, 70, 3), np.uint8)}):
        assert probabilities.dtype == np.float32
        assert probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_the_graph_has_an_end_for_all_that_the_classifier_says(lite0: Backbone) -> None:
    parts = single(lite0, 3)
    whole = replace(
        parts, postprocessor=ClassPostprocessor(NONE, ConformalPredictor("lac", 0.9, 0.5)), novelty=draw_novelty(parts)
    )
    session = onnxruntime.InferenceSession(build_onnx(whole).SerializeToString(), providers=["CPUExecutionProvider"])
    assert [(it.name, it.type, it.shape) for it in session.get_outputs()] == [
        ("probabilities", "tensor(float)", [3]),
        ("uncalibrated", "tensor(float)", [3]),
        ("prediction_set", "tensor(bool)", [3]),
        ("novelty", "tensor(float)", []),
        ("out_of_distribution", "tensor(bool)", []),
    ]
    said = session.run(["novelty", "out_of_distribution"], {"image": np.zeros((50, 70, 3), np.uint8)})
    assert [it.shape for it in said] == [(), ()]
    assert bool(said[1]) == (said[0] > 1)


def test_only_what_the_layer_needs_is_shipped(lite0: Backbone) -> None:
    whole, early = build_onnx(single(lite0, 3)), build_onnx(single(lite0, 3, layer="stage3"))
    assert early.ByteSize() < 0.2 * whole.ByteSize()


def test_branches_share_what_they_can(lite0: Backbone) -> None:
    """Crop and resize by spec, nodes by network, weights by their values."""
    branches = (
        branch(lite0, "final"),
        branch(lite0, "stage3"),
        replace(branch(lite0, "final"), engine="pytorch"),
        replace(branch(lite0, "stage2", "final"), engine="pytorch"),
    )
    answers = tuple(EnsembleMember((index,), draw_head(it.width, 3), 0.25) for index, it in enumerate(branches))
    model = build_onnx(FittedModel(make_class_space(NAMES), branches, answers))
    plain = build_onnx(single(lite0, 3))
    onnx.checker.check_model(model, full_check=True)
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("Resize") == 1
    assert kinds.count("Conv") == 2 * [node.op_type for node in plain.graph.node].count("Conv")
    assert model.ByteSize() <= 1.05 * plain.ByteSize()
    tensors = {name for node in model.graph.node for name in node.output}
    assert {"pixels", "pixels.2", "features", "features.1", "features.2", "features.3"} <= tensors
    assert not {"pixels.1", "pixels.3"} & tensors  # they enter where the first branch of their network does
    names = [name for node in model.graph.node for name in node.output] + [it.name for it in model.graph.initializer]
    assert len(names) == len(set(names))


def test_another_crop_is_another_view_of_the_same_weights(lite0: Backbone) -> None:
    narrow = replace(lite0, spec=replace(lite0.spec, crop_permille=600))
    branches = (branch(lite0, "final"), branch(narrow, "final"))
    answers = tuple(EnsembleMember((index,), draw_head(1280, 3), 0.5) for index in range(2))
    parts = FittedModel(make_class_space(NAMES), branches, answers)
    model = build_onnx(parts)
    assert [node.op_type for node in model.graph.node].count("Resize") == 2
    assert model.ByteSize() <= 1.05 * build_onnx(single(lite0, 3)).ByteSize()
    assert [parts.find_network(index) for index in range(2)] == [0, 1]


def test_more_weights_than_a_file_holds_are_refused(lite0: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "MOST_BYTES", 10_000_000)
    with pytest.raises(SaveError, match=r"1 branches hold 0\.0 GB of weights; an ONNX file holds 2\.1; leave some"):
        build_onnx(single(lite0, 3))


def branching() -> onnx.ModelProto:
    """x -> x times w where its mean is above 0, else x plus w; ``w`` is read in the branches only."""
    info = helper.make_tensor_value_info
    pixels = info("x", onnx.TensorProto.FLOAT, ["n", 2])
    out = info("y", onnx.TensorProto.FLOAT, ["n", 2])

    def branch(kind: str) -> onnx.GraphProto:
        return helper.make_graph(
            [helper.make_node(kind, ["x", "w"], ["y"], name="step")],
            kind,
            [],
            [info("y", onnx.TensorProto.FLOAT, None)],
        )

    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0),
        helper.make_node("Greater", ["mean", "zero"], ["above"]),
        helper.make_node("If", ["above"], ["chosen"], then_branch=branch("Mul"), else_branch=branch("Add")),
        helper.make_node("Identity", ["chosen"], ["y"]),
    ]
    weights = [
        onnx.numpy_helper.from_array(np.array([2, 3], np.float32), "w"),
        onnx.numpy_helper.from_array(np.array(0, np.float32), "zero"),
        onnx.numpy_helper.from_array(np.array([9], np.float32), "unused"),
    ]
    whole = helper.make_graph(nodes, "branching", [pixels], [out], weights)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_networks_with_branches_get_new_names_inside_too(tmp_path: Path) -> None:
    onnx.save(branching(), tmp_path / "a.onnx")
    onnx.save(branching(), tmp_path / "b.onnx")
    pieces = GraphBuilder()
    networks = Networks(pieces)
    networks.add(tmp_path / "a.onnx", ["y"], {"pixels": "pixels"}, "one/")
    networks.add(tmp_path / "b.onnx", ["y"], {"pixels": "pixels"}, "two/")
    assert sorted(it.name for it in pieces.constants) == ["one/w", "one/zero"]
    info = helper.make_tensor_value_info
    outs = [info(f"{name}/y", onnx.TensorProto.FLOAT, ["n", 2]) for name in ("one", "two")]
    pixels = info("pixels", onnx.TensorProto.FLOAT, ["n", 2])
    whole = helper.make_graph(pieces.nodes, "two", [pixels], outs, pieces.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for sign, expected in ((1, [[2, 3]]), (-1, [[1, 2]])):
        for row in session.run(None, {"pixels": np.full((1, 2), sign, np.float32)}):
            np.testing.assert_array_equal(row, expected)


def test_a_node_is_copied_not_changed() -> None:
    network = branching().graph
    nodes, wanted = select_subgraph(network, ["above"])
    assert [node.op_type for node in nodes] == ["ReduceMean", "Greater"]
    assert wanted == {"x", "mean", "zero", "above"}
    assert list(rename_tensors(nodes[1], str.upper).input) == ["MEAN", "ZERO"]
    assert list(nodes[1].input) == ["mean", "zero"]
