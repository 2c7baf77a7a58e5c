"""The nodes of the graph against the same in NumPy."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from headstart.modalities.graph_builder import GraphBuilder
from headstart.tasks.ordinal.graph import RankGraph
from headstart.tasks.ordinal.targets import make_rank_space
from headstart_runtime.tasks.ordinal.calibration import UNCHANGED, RankCalibration
from headstart_runtime.tasks.ordinal.postprocessor import RankPostprocessor
from headstart_runtime.tasks.ordinal.ranges import RangePredictor
from headstart_runtime.tasks.ordinal.task import OrdinalTask

CALIBRATIONS = (UNCHANGED, RankCalibration("temperature", 1.7), RankCalibration("mixture", 0.6, 0.04))


def _open(postprocessor: RankPostprocessor, ranks: int) -> onnxruntime.InferenceSession:
    """The graph from a head's numbers, of one row, to all outputs."""
    builder, graph = GraphBuilder(), RankGraph()
    space = make_rank_space([str(rank) for rank in range(ranks)], "numbers")
    raw = graph.add_activation(builder, "numbers", "raw")
    axis = builder.constant("item", [0])
    for name, tensor in graph.add_postprocessor(builder, postprocessor, raw, space).items():
        builder.node("Squeeze", [tensor, axis], name)
    outputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
        for name, dtype, shape in graph.list_outputs(postprocessor, space)
    ]
    start = helper.make_tensor_value_info("numbers", onnx.TensorProto.FLOAT, [1, 2 * ranks])
    made = helper.make_graph(builder.nodes, "ranks", [start], outputs, builder.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    read = {name for node in builder.nodes for name in node.input}
    assert {constant.name for constant in builder.constants} <= read  # ONNX Runtime warns of others
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("calibration", CALIBRATIONS, ids=lambda calibration: calibration.kind)
@pytest.mark.parametrize("ranks", [2, 5])
@pytest.mark.parametrize("threshold", [None, 0.7])
def test_the_graph_says_what_numpy_says(calibration: RankCalibration, ranks: int, threshold: float | None) -> None:
    ranges = None if threshold is None else RangePredictor(0.9, threshold)
    postprocessor = RankPostprocessor(calibration, ranges)
    session = _open(postprocessor, ranks)
    chance = np.random.default_rng(0)
    for spread in (0.5, 3.0, 40.0):  # thresholds out of order among them
        for row in chance.normal(0, spread, (12, 1, 2 * ranks)).astype(np.float32):
            wanted = postprocessor.apply(OrdinalTask().activate(row))
            found = dict(zip(wanted, session.run(list(wanted), {"numbers": row}), strict=True))
            for name, values in wanted.items():
                assert found[name].dtype == values.dtype
                assert found[name] == pytest.approx(values[0], abs=2e-6), name


def test_members_are_averaged() -> None:
    builder, space = GraphBuilder(), make_rank_space(["low", "high"], "words")
    mean = RankGraph().add_combination(builder, "stacked", [0.25, 0.75], "mean", space)
    assert mean == builder.nodes[-1].output[0]
    one, other = np.array([[0.2, 0.8]], np.float32), np.array([[0.6, 0.4]], np.float32)
    assert OrdinalTask().combine([one, other], [0.25, 0.75], "mean") == pytest.approx(np.array([[0.5, 0.5]]))
    with pytest.raises(ValueError, match="wanted mean"):
        OrdinalTask().combine([one, other], [0.5, 0.5], "vote")
