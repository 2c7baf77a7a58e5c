"""Nodes against what the postprocessor makes of the same rows in NumPy."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from headstart.modalities.graph_builder import GraphBuilder
from headstart.tasks.multilabel.graph import LabelSetGraph
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES, UNCALIBRATED
from headstart_runtime.linalg import sigmoid
from headstart_runtime.tasks.multilabel.combination import combine_label_members
from headstart_runtime.tasks.multilabel.label_calibration import LabelCalibration
from headstart_runtime.tasks.multilabel.postprocessor import LABELS, LabelSetPostprocessor, LabelThreshold, RiskControl
from headstart_runtime.tasks.task import TargetSpace

SPACE = TargetSpace("multilabel", ("a", "b", "c"))
THRESHOLDS = tuple(LabelThreshold(value, "f1", None, 30) for value in (0.2, 0.5, 0.8))
POSTPROCESSORS = {
    "as it is": LabelSetPostprocessor(),
    "temperature": LabelSetPostprocessor(LabelCalibration("temperature", (0.6,)), THRESHOLDS),
    "all": LabelSetPostprocessor(
        LabelCalibration("platt", (0.5, 1.5, 2.0), (0.3, -1.0, 0.0)), THRESHOLDS, RiskControl(0.1, 0.12, 90)
    ),
}


def _session(
    nodes: GraphBuilder, start: str, shape: list[int], ends: dict[str, tuple[str, int]]
) -> onnxruntime.InferenceSession:
    infos = []
    for name, (tensor, kind) in ends.items():
        nodes.node("Identity", [tensor], name)
        infos.append(helper.make_tensor_value_info(name, kind, [1, 3]))
    inputs = [helper.make_tensor_value_info(start, onnx.TensorProto.FLOAT, shape)]
    graph = helper.make_graph(nodes.nodes, "answers", inputs, infos, nodes.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", POSTPROCESSORS)
def test_nodes_say_what_numpy_says(name: str) -> None:
    postprocessor, builder = POSTPROCESSORS[name], GraphBuilder()
    tensors = LabelSetGraph().add_postprocessor(builder, postprocessor, "raw", SPACE)
    listed = {output: dtype for output, dtype, _ in LabelSetGraph().list_outputs(postprocessor, SPACE)}
    assert listed.keys() == tensors.keys() == postprocessor.apply(np.zeros((1, 3), np.float32)).keys()
    kinds = {"float32": onnx.TensorProto.FLOAT, "bool": onnx.TensorProto.BOOL}
    ends = {f"out-{output}": (tensor, kinds[listed[output]]) for output, tensor in tensors.items()}
    session = _session(builder, "raw", [1, 3], ends)
    chance = np.random.default_rng(0)
    edge = np.array([[0, 1, 0.5], [1e-40, 1 - 1e-8, 1e-12]])
    rows = np.concatenate([sigmoid(chance.normal(0, 6, (60, 3)).astype(np.float32)), edge]).astype(np.float32)
    for row in rows:
        found = dict(zip(tensors, session.run(None, {"raw": row[None]}), strict=True))
        wanted = postprocessor.apply(row[None])
        for output in (PROBABILITIES, UNCALIBRATED):
            np.testing.assert_allclose(found[output], wanted[output], rtol=1e-4, atol=1e-6)
        apart = np.abs(wanted[PROBABILITIES] - postprocessor.threshold_values) > 1e-4
        assert (found[LABELS] == wanted[LABELS])[apart].all()
        if postprocessor.risk is not None:
            apart = np.abs(wanted[PROBABILITIES] - postprocessor.risk.threshold) > 1e-4
            assert (found[PREDICTION_SET] == wanted[PREDICTION_SET])[apart].all()


def test_sigmoids_far_out_keep_their_digits() -> None:
    """ONNX Runtime's own takes all below -18 for -18, which a calibration with a scale below 1 shows."""
    builder = GraphBuilder()
    raw = LabelSetGraph().add_activation(builder, "logits", "raw")
    tensors = LabelSetGraph().add_postprocessor(builder, POSTPROCESSORS["temperature"], raw, SPACE)
    ends = {f"out-{name}": (tensors[name], onnx.TensorProto.FLOAT) for name in (UNCALIBRATED, PROBABILITIES)}
    session = _session(builder, "logits", [1, 3], ends)
    for logits in np.array([[-60, -40, -25], [-18, -10, 0], [5, 10, 13]], np.float32):
        wanted = POSTPROCESSORS["temperature"].apply(sigmoid(logits[None]))
        for found, name in zip(session.run(None, {"logits": logits[None]}), (UNCALIBRATED, PROBABILITIES), strict=True):
            np.testing.assert_allclose(found, wanted[name], rtol=1e-4)


@pytest.mark.parametrize("how", ["mean", "vote"])
def test_members_are_combined_as_in_numpy(how: str) -> None:
    builder, weights = GraphBuilder(), [0.2, 0.3, 0.5] if how == "mean" else [1 / 3] * 3
    tensor = LabelSetGraph().add_combination(builder, "members", weights, how, SPACE)
    session = _session(builder, "members", [3, 3], {"out": (tensor, onnx.TensorProto.FLOAT)})
    chance = np.random.default_rng(1)
    for _ in range(20):
        members = chance.random((3, 3), dtype=np.float32)
        (found,) = session.run(None, {"members": members})
        wanted = combine_label_members([row[None] for row in members], weights, how)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
        if how == "vote":
            assert ((found >= 0.5) == ((members >= 0.5).sum(axis=0) >= 2)).all(), "the majority wins"


def test_a_sigmoid_is_the_activation() -> None:
    builder = GraphBuilder()
    tensor = LabelSetGraph().add_activation(builder, "logits", "there")
    session = _session(builder, "logits", [1, 3], {"out": (tensor, onnx.TensorProto.FLOAT)})
    for row in ([-100, 0, 100], [-3, 0.5, 8]):
        logits = np.array([row], np.float32)
        (found,) = session.run(None, {"logits": logits})
        np.testing.assert_allclose(found, sigmoid(logits), rtol=1e-5, atol=1e-30)
