import json
from math import nan

import numpy as np
import pytest

from headstart.evaluation.evaluation import read_evaluation
from headstart.evaluation.grouping import Targets
from headstart.tasks.regression.scoring import NumberScoring
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import SAMPLE

from .drawn import make_space

SCORING = NumberScoring()
TRUE = np.random.default_rng(0).gamma(2, 10, (120, 1))
SPACE = make_space("weight (g)", values=TRUE.tolist())
NEAR = (TRUE + np.random.default_rng(1).normal(0, 2, (120, 1))).astype(np.float32)


def test_one_number_is_scored_in_its_unit_beside_always_saying_the_median() -> None:
    found = SCORING.score("test", Targets.independent(TRUE), NEAR, SPACE)
    assert found.score == pytest.approx(np.abs(NEAR - TRUE).mean())
    median = np.abs(TRUE - np.median(TRUE)).mean()
    assert found.loss == pytest.approx(found.score / median)
    assert found.score_interval.low < found.score < found.score_interval.high
    assert found.one is not None
    assert found.one.median_error == pytest.approx(median)
    assert "off by" in found.describe_faults()
    assert " g on average" in found.describe_faults()
    assert found.format_score().endswith(" g")
    assert found.describe().startswith(f"mean absolute error {found.score:.3g} g (")
    assert any(text.startswith("always saying the median ") for text in found.list_more())
    constant = SCORING.score("test", Targets.independent(TRUE), np.full_like(NEAR, np.median(TRUE)), SPACE)
    assert constant.loss == pytest.approx(1, rel=1e-5)


def test_several_numbers_are_scored_relative_to_the_median() -> None:
    true = np.concatenate([TRUE, TRUE * 1000], axis=1)
    true[::4, 1] = nan
    space = make_space("weight (g)", "price", values=true.tolist())
    found = SCORING.score("test", Targets.independent(true), np.repeat(NEAR, 2, axis=1) * [1, 1000], space)
    assert [number.n for number in found.numbers] == [120, 90]
    assert found.score == found.loss
    assert found.loss == pytest.approx(np.mean([one.mae / one.median_error for one in found.numbers]), rel=0.1)
    table = found.tabulate(SAMPLE, 12)
    assert table is not None
    assert [row[0] for row in table.rows] == ["weight (g)", "price"]
    assert "<table" in found._repr_html_()


def test_an_evaluation_is_read_back() -> None:
    intervals = np.stack([NEAR - 4, NEAR + 4], axis=2)
    found = SCORING.score_answers(
        "test", Targets.independent(TRUE), {"value": NEAR, "interval": intervals}, SPACE, None
    )
    assert 0.9 < found.coverage[0].coverage < 1
    record = json.loads(json.dumps(found.to_json()))
    assert SCORING.read_evaluation(record) == found
    assert read_evaluation(record) == found
    with pytest.raises(DataError, match="cannot be read"):
        SCORING.read_evaluation({**record, "relative_error": "small"})


def test_arms_are_compared_by_their_errors() -> None:
    targets = Targets.independent(TRUE)
    scores = SCORING.score_arms(targets, {"near": NEAR, "far": NEAR + 3})
    (pair,) = SCORING.run_paired_tests(targets, scores, [("near", "far")], 0)
    assert pair.significant
    assert "near is off by" in SCORING.describe_pair(pair, SAMPLE)
    assert "less than far" in SCORING.describe_pair(pair, SAMPLE)
    assert SCORING.describe_score(scores["near"], SAMPLE).startswith("a mean error of ")
    assert SCORING.describe_too_few(targets, "near", scores["near"], 1, SAMPLE) == ""
    few = Targets(TRUE[:6], np.array([0, 0, 1, 1, 2, 2]))
    some = SCORING.score_arms(few, {"near": NEAR[:6]})["near"]
    assert "too few to tell" in SCORING.describe_too_few(few, "near", some, 2, SAMPLE)
    with pytest.raises(DataError, match="NaN"):
        SCORING.score_arms(targets, {"bad": np.full_like(NEAR, nan)})


def test_rows_are_ranked_by_their_errors() -> None:
    outputs = NEAR.copy()
    outputs[17] += 100
    outputs[30] -= 60
    targets = Targets.independent(TRUE)
    assert SCORING.rank_rows(targets, {"value": outputs})[:2].tolist() == [17, 30]
    assert sorted(SCORING.rank_rows(targets, {"value": outputs})) == list(range(120))
    picked = SCORING.pick_rows(targets, {"value": outputs}, 5)
    assert picked[:2].tolist() == [17, 30]
    assert len(set(picked.tolist())) == len(picked) <= 10


def test_answers_are_tabulated_with_their_intervals() -> None:
    outputs = {"value": NEAR, "interval": np.stack([NEAR - 1, NEAR + 1], axis=2)}
    table = SCORING.tabulate(SPACE, TRUE, outputs)
    assert table.columns == ("label", "value", "low", "high")
    assert [float(cell) for cell in table.rows[3]] == pytest.approx(
        [TRUE[3, 0], *NEAR[3], *NEAR[3] - 1, *NEAR[3] + 1], rel=1e-5
    )
    bare = SCORING.tabulate(SPACE, np.full((1, 1), nan), {"value": NEAR[:1]})
    assert list(bare.rows[0])[::2] == ["", ""]
    both = make_space("a", "b", values=[[1.0, 2.0]])
    several = SCORING.tabulate(both, np.ones((1, 2)), {"value": np.zeros((1, 2), np.float32)})
    assert several.columns == ("a label", "a value", "a low", "a high", "b label", "b value", "b low", "b high")


def test_answers_are_the_same_up_to_a_hundredth_of_their_range() -> None:
    reach = float(np.ptp(NEAR))
    one = {"value": NEAR}
    assert SCORING.share_same(one, {"value": NEAR + np.float32(0.009 * reach)}) == 1
    moved = NEAR.copy()
    moved[:6] += 0.02 * reach
    assert SCORING.share_same(one, {"value": moved}) == pytest.approx(0.95)


def test_more_rows_show_smaller_differences() -> None:
    few = SCORING.score("test", Targets.independent(TRUE[:30]), NEAR[:30], SPACE)
    many = SCORING.score("test", Targets.independent(TRUE), NEAR, SPACE)
    smallest, least = SCORING.smallest_difference(few), SCORING.smallest_difference(many)
    assert smallest is not None
    assert least is not None
    assert smallest > 1.3 * least
