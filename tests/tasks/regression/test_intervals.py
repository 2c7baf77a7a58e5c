"""Intervals hold what they promise, everywhere, and the graph makes those that NumPy makes."""

from dataclasses import asdict

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from headstart.modalities.graph_builder import GraphBuilder
from headstart.tasks.regression.graph import NumberGraph
from headstart.tasks.regression.interval_fits import count_needed_numbers, fit_intervals
from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.tasks.regression.intervals import IntervalRule
from headstart_runtime.tasks.regression.postprocessor import NumberPostprocessor

from .drawn import make_space

SCALED = IntervalRule("scaled", 0.9, (2.0, 1.5), ((0.0, 10.0, 40.0), (5.0,)), ((1.0, 3.0, 3.5), (1.0,)))


def draw(rows: int, *, growing: bool, seed: int) -> tuple[Doubles, Floats]:
    """True and predicted numbers, (N, 1); errors grow with the number or do not."""
    random = np.random.default_rng(seed)
    predicted = random.gamma(2, 10, (rows, 1))
    errors = random.standard_t(6, (rows, 1)) * (0.5 + 0.2 * predicted if growing else 3.0)
    return predicted + errors, predicted.astype(np.float32)


def measure(rule: IntervalRule | None, true: Doubles, predicted: Floats) -> list[float]:
    """Coverage of all, and of each third of the predictions."""
    assert rule is not None
    ends = rule.predict(predicted)[:, 0]
    held = (ends[:, 0] <= true[:, 0]) & (true[:, 0] <= ends[:, 1])
    thirds = np.array_split(np.argsort(predicted[:, 0]), 3)
    return [float(held.mean()), *(float(held[rows].mean()) for rows in thirds)]


@pytest.mark.parametrize("growing", [True, False])
def test_intervals_hold_what_they_promise_in_each_third(growing: bool) -> None:
    found = []
    for seed in range(20):
        true, predicted = draw(300, growing=growing, seed=seed)
        fit = fit_intervals(true, predicted, np.arange(300), coverage=0.9)
        assert fit.rule is not None
        assert not growing or fit.rule.kind == "scaled"
        found.append(measure(fit.rule, *draw(2000, growing=growing, seed=100 + seed)))
    whole, *thirds = np.mean(found, axis=0)
    assert 0.88 < whole < 0.92
    assert all(0.85 < third < 0.95 for third in thirds)


def test_intervals_of_one_width_fail_where_errors_grow() -> None:
    true, predicted = draw(300, growing=True, seed=0)
    rule = fit_intervals(true, predicted, np.arange(300), coverage=0.9, kind="constant").rule
    _, low, _, high = measure(rule, *draw(4000, growing=True, seed=1))
    assert low > 0.97
    assert high < 0.83


def test_groups_count_once() -> None:
    true, predicted = draw(40, growing=False, seed=2)
    groups = np.repeat(np.arange(40), 5)
    alone = fit_intervals(true, predicted, np.arange(40), coverage=0.9, kind="constant").rule
    copies = fit_intervals(
        np.repeat(true, 5, 0), np.repeat(predicted, 5, 0), groups, coverage=0.9, kind="constant"
    ).rule
    assert alone is not None
    assert copies is not None
    assert copies.factors == pytest.approx(alone.factors)


def test_too_few_held_out_numbers_make_no_intervals() -> None:
    assert (count_needed_numbers(0.9), count_needed_numbers(0.95), count_needed_numbers(0.5)) == (9, 19, 1)
    true, predicted = draw(8, growing=False, seed=3)
    found = fit_intervals(true, predicted, np.arange(8), coverage=0.9)
    assert found.rule is None
    assert "need 9 held-out numbers" in found.reason
    nine = fit_intervals(*draw(9, growing=False, seed=3), np.arange(9), coverage=0.9)
    assert nine.rule is not None
    assert nine.rule.kind == "constant"
    errors = np.abs(np.subtract(*draw(9, growing=False, seed=3)))
    assert nine.rule.factors[0] == pytest.approx(errors.max(), rel=1e-5)


def test_numbers_that_are_unknown_are_left_out() -> None:
    true, predicted = draw(200, growing=True, seed=4)
    both = np.concatenate([true, true], axis=1)
    both[:120, 1] = np.nan
    found = fit_intervals(both, np.repeat(predicted, 2, axis=1), np.arange(200), coverage=0.8)
    assert found.n == 80
    assert found.rule is not None
    assert found.rule.outputs == 2


def test_wrong_numbers_do_not_widen_what_lies_around_them() -> None:
    true, predicted = draw(400, growing=False, seed=5)
    wrong = true.copy()
    wrong[:8] *= 10
    clean = fit_intervals(true, predicted, np.arange(400), coverage=0.9, kind="scaled").rule
    planted = fit_intervals(wrong, predicted, np.arange(400), coverage=0.9, kind="scaled").rule
    assert clean is not None
    assert planted is not None
    widths = [np.ptp(rule.predict(predicted), axis=2).mean() for rule in (clean, planted)]
    assert widths[1] < 1.4 * widths[0]


def test_the_scale_runs_along_lines_and_stays_at_the_ends() -> None:
    values = np.array([[-5, 5], [0, 9], [5, 5], [25, 0], [90, 5]], np.float32)
    assert SCALED.measure_scales(values)[:, 0] == pytest.approx([1, 1, 2, 3.25, 3.5])
    assert (SCALED.measure_scales(values)[:, 1] == 1).all()
    ends = SCALED.predict(values)
    assert ends.dtype == np.float32
    assert ends[2].tolist() == [[1, 9], [3.5, 6.5]]


def test_a_rule_is_read_back_and_damage_is_seen() -> None:
    postprocessor = NumberPostprocessor(SCALED)
    assert NumberPostprocessor.from_json(postprocessor.to_json()) == postprocessor
    assert NumberPostprocessor.from_json({"intervals": None}) == NumberPostprocessor()
    for field, value in {
        "kind": "wide",
        "factors": [1.0],
        "knots": [[0.0, 0.0, 1.0], [5.0]],
        "scales": [[1.0, float("nan"), 1.0], [1.0]],
        "coverage": 1.5,
    }.items():
        with pytest.raises(ValueError):  # noqa: PT011  each says another thing
            IntervalRule.from_json({**asdict(SCALED), field: value})


@pytest.mark.parametrize(
    "rule", [SCALED, IntervalRule("constant", 0.9, (3.0, 0.5), ((1.0,), (2.0,)), ((1.0,), (1.0,)))]
)
def test_the_graph_makes_the_intervals_of_numpy(rule: IntervalRule) -> None:
    space = make_space("a", "b", values=[[1.0, 2.0], [3.0, 4.0]])
    builder, graph, postprocessor = GraphBuilder(), NumberGraph(), NumberPostprocessor(rule)
    stacked = builder.node("Identity", ["logits"], "stacked")
    raw = graph.add_combination(builder, graph.add_activation(builder, stacked, "outputs"), [0.25, 0.75], "mean", space)
    for name, tensor in graph.add_postprocessor(builder, postprocessor, raw, space).items():
        builder.node("Identity", [tensor], name)
    listed = graph.list_outputs(postprocessor, space)
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, *shape)) for name, _, shape in listed]
    inputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, (2, 2))]
    made = helper.make_graph(builder.nodes, "numbers", inputs, outputs, builder.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for logits in np.random.default_rng(0).uniform(-20, 60, (30, 2, 2)).astype(np.float32):
        value, interval = session.run(["value", "interval"], {"logits": logits})
        wanted = postprocessor.apply((logits * np.float32([[0.25], [0.75]])).sum(axis=0, keepdims=True))
        assert value == pytest.approx(wanted["value"], rel=1e-5)
        assert interval == pytest.approx(wanted["interval"], rel=1e-5, abs=1e-5)
