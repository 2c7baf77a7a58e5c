"""Wishes, the positive class, and the predicted class by a threshold, in NumPy and in a graph."""

import json
from dataclasses import asdict

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper
from scipy.special import softmax

from headstart.modalities.graph_builder import GraphBuilder
from headstart.settings import FitSettings
from headstart.tasks.classification.graph_calibration import add_decision
from headstart_runtime.errors import SettingError
from headstart_runtime.tasks.classification.decision import ClassDecision, describe_decision
from headstart_runtime.tasks.classification.operating_point import OperatingPoint, parse_operating_point
from headstart_runtime.tasks.classification.positive_class import find_positive, guess_positive
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor


@pytest.mark.parametrize(
    ("text", "kind", "value", "written"),
    [
        ("recall=0.95", "recall", 0.95, "recall=0.95"),
        ("recall = 95%", "recall", 0.95, "recall=0.95"),
        ("precision=0.9", "precision", 0.9, "precision=0.9"),
        ("cost=10:1", "cost", 10, "cost=10:1"),
        ("cost=1:4", "cost", 0.25, "cost=0.25:1"),
        ("cost=3", "cost", 3, "cost=3:1"),
    ],
)
def test_a_wish_is_read(text: str, kind: str, value: float, written: str) -> None:
    found = parse_operating_point(text)
    assert (found.kind, found.value, str(found)) == (kind, value, written)
    assert OperatingPoint.from_json(json.loads(json.dumps(asdict(found)))) == found


@pytest.mark.parametrize(
    "text", ["", "recall", "recall=1", "recall=0", "recall=95", "recall=nan", "cost=0:1", "cost=1:0", "f1=0.9", "0.95"]
)
def test_what_is_no_wish_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SettingError, match=r"^operating_point is '.*'; wanted recall=0\.95 or precision=0\.9, with a"):
        FitSettings.load(operating_point=text)


@pytest.mark.parametrize(
    ("classes", "positive"),
    [
        (("no", "yes"), "yes"),
        (("defect", "ok"), "defect"),
        (("disease", "normal"), "disease"),
        (("NORMAL", "PNEUMONIA"), "PNEUMONIA"),
        (("0", "1"), "1"),
        (("crack", "no crack"), "crack"),
        (("not ok", "ok"), "not ok"),
        (("good", "hole"), "hole"),
        (("Parasitized", "Uninfected"), "Parasitized"),
        (("no_tumor", "tumor"), "tumor"),
        (("non-smoke", "smoke"), "smoke"),
        (("boat", "no boat"), "boat"),
        (("cats", "dogs"), None),
        (("1", "2"), None),
        (("no", "none"), None),
        (("no", "perhaps", "yes"), None),
    ],
)
def test_the_class_that_is_looked_for_is_taken_from_two_names(classes: tuple[str, ...], positive: str | None) -> None:
    found = guess_positive(classes)
    assert (None if found is None else classes[found]) == positive
    told = find_positive(None, classes)
    assert (told is None) == (positive is None)
    assert told is None or told.guessed


def test_a_name_that_is_given_counts() -> None:
    found = find_positive("ok", ("defect", "ok"))
    assert found is not None
    assert (found.index, found.guessed) == (1, False)
    with pytest.raises(SettingError, match=r"positive 'okay' is no class of this data; .*ok"):
        find_positive("okay", ("defect", "ok"))


def rows(classes: int) -> np.ndarray:
    chance = np.random.default_rng(classes)
    drawn = softmax(chance.normal(0, 1.5, (200, classes)), axis=1)
    return np.concatenate([drawn, np.eye(classes), np.full((1, classes), 1 / classes)]).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.3, 0.5, 1.0])
def test_a_class_is_told_from_its_threshold_on_in_numpy_and_in_a_graph(classes: int, threshold: float) -> None:
    decision, seen = ClassDecision(1, threshold), rows(classes)
    wanted = []
    for row in seen:
        others = [index for index in range(classes) if index != 1]
        wanted.append(1 if row[1] >= np.float32(threshold) else max(others, key=lambda index: (row[index], -index)))
    assert decision.predict(seen).tolist() == wanted
    builder = GraphBuilder()
    told = add_decision(builder, decision, "calibrated", classes)
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        builder.nodes,
        "decision",
        [info("calibrated", onnx.TensorProto.FLOAT, [1, classes])],
        [info(told, onnx.TensorProto.INT64, [1])],
        builder.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    assert [int(session.run(None, {"calibrated": row[None]})[0][0]) for row in seen] == wanted


def test_without_a_threshold_the_likeliest_is_told() -> None:
    assert ClassDecision(0).predict(rows(3)).tolist() == rows(3).argmax(axis=1).tolist()
    assert (
        describe_decision(ClassDecision(0), ("defect", "ok")) == "'defect', predicted where it is the likeliest class"
    )


@pytest.mark.parametrize(("positive", "threshold"), [(-1, 0.5), (0, 1.5), (0, -0.1), (0, float("nan"))])
def test_a_decision_that_cannot_be_meant_is_none(positive: int, threshold: float) -> None:
    with pytest.raises(ValueError, match="cannot be meant"):
        ClassDecision(positive, threshold)


def test_it_is_saved_with_what_else_makes_answers_and_an_older_record_has_none() -> None:
    made = ClassPostprocessor(decision=ClassDecision(1, 0.25, OperatingPoint("recall", 0.95)))
    record = json.loads(json.dumps(made.to_json()))
    assert ClassPostprocessor.from_json(record) == made
    assert "predicted" in made.apply(rows(2))
    assert describe_decision(made.decision or ClassDecision(0), ("a", "b")) == (
        "'b', predicted from a probability of 0.25 on, for recall=0.95"
    )
    plain = ClassPostprocessor()
    assert "decision" not in plain.to_json()
    assert ClassPostprocessor.from_json(plain.to_json()) == plain
    assert "predicted" not in ClassPostprocessor(decision=ClassDecision(1)).apply(rows(2))


def test_an_answer_is_the_surer_the_further_it_is_from_the_threshold() -> None:
    rare = np.array([0.02, 0.15, 0.4, 0.08, 0.9], np.float32)
    said = np.stack([1 - rare, rare], axis=1)
    sure = ClassDecision(1, 0.1).measure_sureness(said)
    np.testing.assert_allclose(sure, [0.9, 0.5 + 0.05 / 1.8, 0.5 + 0.3 / 1.8, 0.6, 0.5 + 0.8 / 1.8], atol=1e-6)
    np.testing.assert_allclose(ClassDecision(1, 0.5).measure_sureness(said), said.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(ClassDecision(1).measure_sureness(said), said.max(axis=1))


def test_of_several_classes_the_others_share_what_is_left() -> None:
    said = np.array([[0.2, 0.6, 0.2], [0.05, 0.5, 0.45], [1.0, 0.0, 0.0]], np.float32)
    decision = ClassDecision(0, 0.1)
    sure = decision.measure_sureness(said)
    np.testing.assert_allclose(sure, [0.5 + 0.1 / 1.8, 0.75 * 0.5 / 0.95, 1.0], atol=1e-6)
    assert decision.predict(said).tolist() == [0, 1, 0]
