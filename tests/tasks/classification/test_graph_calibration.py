"""Calibration and prediction sets as nodes against what ``runtime`` makes of the same rows in NumPy."""

import itertools

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper
from scipy.special import softmax

from headstart.modalities.graph_builder import GraphBuilder
from headstart.tasks.classification.calibration_fits import fit_isotonic_curve
from headstart.tasks.classification.graph_calibration import add_calibration, add_conformal
from headstart_runtime.tasks.classification.calibration import NONE, Calibration
from headstart_runtime.tasks.classification.conformal import ConformalPredictor

Float = NDArray[np.float32]


def rows(classes: int) -> Float:
    """Sure and unsure ones, zeros, equals, and what float32 can hardly hold."""
    chance = np.random.default_rng(classes)
    drawn = np.concatenate([softmax(chance.normal(0, spread, (40, classes)), axis=1) for spread in (0.3, 2, 9, 60)])
    edge = np.concatenate([np.eye(classes), np.full((1, classes), 1 / classes), np.eye(classes)[:1] + 1e-44])
    halves = (np.eye(classes) + np.roll(np.eye(classes), 1, axis=1)) / 2
    return np.concatenate([drawn, edge, halves]).astype(np.float32)


def calibrations(classes: int) -> dict[str, Calibration]:
    chance = np.random.default_rng(classes)
    labels = chance.integers(classes, size=400)
    seen = softmax(chance.normal(0, 2, (400, classes)) + 2 * np.eye(classes)[labels], axis=1).astype(np.float32)
    fitted = [fit_isotonic_curve(labels == index, seen[:, index]) for index in range(classes)]
    fitted[-1] = ((0.25,), (0.5,))  # a curve of a single knot: a class that tells nothing
    steep = tuple(((0.5, float(np.nextafter(np.float32(0.5), np.float32(1)))), (0.0, 1.0)) for _ in range(classes))
    return {
        "none": NONE,
        "sharper": Calibration("temperature", 2.2),
        "softer": Calibration("temperature", 0.1),
        "mixture": Calibration("mixture", 0.7, mix=0.03),
        "isotonic": Calibration("isotonic", knots=tuple(it for it, _ in fitted), values=tuple(it for _, it in fitted)),
        "all or nothing": Calibration("isotonic", knots=tuple(k for k, _ in steep), values=tuple(v for _, v in steep)),
    }


SETS = {
    "lac": ConformalPredictor("lac", 0.9, 0.7),
    "lac, the likeliest only": ConformalPredictor("lac", 0.9, -1.0),
    "lac, all": ConformalPredictor("lac", 0.9, 1.001),
}


def session(calibration: Calibration, sets: ConformalPredictor, classes: int) -> onnxruntime.InferenceSession:
    pieces = GraphBuilder()
    calibrated = add_calibration(pieces, calibration, "uncalibrated")
    pieces.node("Identity", [calibrated], "calibrated")
    pieces.node("Identity", [add_conformal(pieces, sets, calibrated, classes)], "set")
    info, shape = helper.make_tensor_value_info, [1, classes]
    ends = [info("calibrated", onnx.TensorProto.FLOAT, shape), info("set", onnx.TensorProto.BOOL, shape)]
    start = info("uncalibrated", onnx.TensorProto.FLOAT, shape)
    graph = helper.make_graph(pieces.nodes, "answers", [start], ends, pieces.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    read = {name for node in pieces.nodes for name in node.input}
    assert {constant.name for constant in pieces.constants} <= read  # ONNX Runtime warns of others
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize(("kind", "sets"), [*itertools.product(calibrations(3), SETS)])
def test_nodes_say_what_numpy_says(classes: int, kind: str, sets: str) -> None:
    calibration = calibrations(classes)[kind]
    made = session(calibration, SETS[sets], classes)
    for row in rows(classes):
        calibrated, chosen = made.run(None, {"uncalibrated": row[None]})
        np.testing.assert_allclose(calibrated, calibration.apply(row[None]), rtol=1e-5, atol=1e-7)
        scores = SETS[sets].scores(calibrated)
        clear = np.abs(scores - SETS[sets].threshold) > 1e-5  # on the threshold rounding decides
        assert (SETS[sets].predict(calibrated) == chosen)[clear].all()
        assert chosen[0, calibrated.argmax()]


def test_the_threshold_itself_is_in() -> None:
    """Differences of these are exact, so no rounding decides."""
    row = np.array([[0.5, 0.25, 0.125, 0.125]], np.float32)
    sets, expected = ConformalPredictor("lac", 0.9, 0.75), [True, True, False, False]
    assert session(NONE, sets, 4).run(["set"], {"uncalibrated": row})[0].tolist() == [expected]
    assert sets.predict(row).tolist() == [expected]


def test_equals_are_taken_in_the_order_of_the_classes() -> None:
    row = np.full((1, 5), 0.2, np.float32)
    made = session(NONE, ConformalPredictor("lac", 0.9, -1.0), 5)
    assert made.run(["set"], {"uncalibrated": row})[0].tolist() == [[True, False, False, False, False]]
