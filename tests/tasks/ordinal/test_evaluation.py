"""Scores of ranks against scikit-learn's, and comparisons against all swaps."""

import json
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score, mean_absolute_error

from headstart.evaluation.evaluation import read_evaluation
from headstart.evaluation.grouping import Targets
from headstart.evaluation.paired import paired_exact_test
from headstart.tasks.ordinal.comparison import run_paired_rank_tests, score_rank_arms
from headstart.tasks.ordinal.evaluation import score_ranks
from headstart.tasks.ordinal.scoring import RankScoring
from headstart.tasks.ordinal.targets import make_rank_space
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.ordinal.distribution import find_medians
from headstart_runtime.tasks.ordinal.postprocessor import RankPostprocessor
from headstart_runtime.tasks.ordinal.ranges import RangePredictor

NAMES = ("awful", "bad", "fair", "good", "great")
PHOTO = Noun("photo", "photos")


def _draw(rows: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    ranks = chance.integers(0, 5, rows)
    near = np.exp(-np.abs(np.arange(5) - (ranks + chance.normal(0, 0.8, rows))[:, None]))
    return ranks, (near / near.sum(axis=1, keepdims=True)).astype(np.float32)


def test_scores_are_scikit_learns() -> None:
    ranks, said = _draw(300)
    answers = find_medians(said)
    found = score_ranks("test", Targets.independent(ranks), said, NAMES)
    assert found.quadratic_kappa == pytest.approx(cohen_kappa_score(ranks, answers, weights="quadratic"))
    assert found.mae == found.score == pytest.approx(mean_absolute_error(ranks, answers))
    assert found.accuracy == pytest.approx((answers == ranks).mean())
    assert sum(found.distances) == 300
    assert found.mae_interval.low < found.mae < found.mae_interval.high
    assert found.quadratic_kappa_interval.low < found.quadratic_kappa < found.quadratic_kappa_interval.high
    assert sum(score.support for score in found.per_class) == 300


def test_the_record_can_be_read_back() -> None:
    ranks, said = _draw(40)
    found = score_ranks("test", Targets(ranks, np.arange(40) // 4), said, NAMES)
    assert read_evaluation(json.loads(json.dumps(found.to_json()))) == found
    with pytest.raises(DataError, match="cannot be read"):
        read_evaluation({**found.to_json(), "mae": "much"})


def test_answers_without_a_mistake_leave_room_for_rarer_ones() -> None:
    ranks = np.arange(30) % 5
    found = score_ranks("test", Targets.independent(ranks), np.eye(5, dtype=np.float32)[ranks], NAMES)
    assert found.mae == 0 < found.mae_interval.high
    ends = binomtest(0, 30).proportion_ci(0.95, "wilson")
    interval = found.quadratic_kappa_interval
    assert found.quadratic_kappa == 1 == interval.high
    assert interval.low == pytest.approx(1 - ends.high / (2 * ranks.var())), "mistakes of one rank, as rare as that"
    assert found.describe_faults() == "makes no mistake"


def test_ranges_of_a_saved_model_are_scored() -> None:
    random = np.random.default_rng(0)
    ranks, said = random.integers(0, 5, 60), random.dirichlet(np.ones(5), 60).astype(np.float32)
    postprocessor = RankPostprocessor(ranges=RangePredictor(0.9, 0.8))
    outputs, targets = postprocessor.apply(said), Targets.independent(ranks)
    found = RankScoring().score_answers("test", targets, outputs, make_rank_space(NAMES, "given"), postprocessor)
    held = outputs["prediction_set"][np.arange(60), ranks]
    ends = binomtest(int(held.sum()), 60).proportion_ci(0.95, "wilson")
    assert found.coverage == held.mean()
    assert (found.coverage_interval.low, found.coverage_interval.high) == pytest.approx((ends.low, ends.high))
    assert found.range_size == pytest.approx(outputs["prediction_set"].sum(axis=1).mean())
    assert f"ranges hold {held.mean():.1%}" in found.list_more()
    assert read_evaluation(found.to_json()) == found
    none = {name: value for name, value in outputs.items() if name != "prediction_set"}
    assert RankScoring().score_answers("test", targets, none, make_rank_space(NAMES, "given"), None).coverage is None


def test_one_class_has_no_kappa() -> None:
    said = np.eye(5, dtype=np.float32)[np.full(6, 2)]
    found = score_ranks("test", Targets.independent(np.full(6, 2)), said, NAMES)
    assert found.quadratic_kappa is None
    assert found.quadratic_kappa_interval is None


def test_groups_widen_the_interval() -> None:
    ranks, said = _draw(60)
    ranks, said = np.repeat(ranks, 8), np.repeat(said, 8, axis=0)
    alone = score_ranks("test", Targets.independent(ranks), said, NAMES).mae_interval
    together = score_ranks("test", Targets(ranks, np.arange(480) // 8), said, NAMES).mae_interval
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_the_paired_test_counts_all_swaps() -> None:
    chance = np.random.default_rng(3)
    for _ in range(5):
        a, b = chance.integers(0, 4, (2, 11))
        groups = chance.integers(0, 7, 11)
        sums = np.array([(a - b)[groups == group].sum() for group in np.unique(groups)])
        swaps = np.array(list(product((-1, 1), repeat=len(sums)))) @ sums
        assert paired_exact_test(a, b, groups) == pytest.approx((np.abs(swaps) >= abs(sums.sum())).mean())


def test_arms_are_compared_by_their_distance() -> None:
    ranks, said = _draw(200)
    worse = np.roll(said, 1, axis=1)
    targets = Targets.independent(ranks)
    scores = score_rank_arms(targets, {"good": said, "off": worse})
    (pair,) = run_paired_rank_tests(targets, scores, [("good", "off")], 0)
    assert pair.difference == pytest.approx((scores["good"].scores - scores["off"].scores).mean())
    assert pair.difference > 0.4
    assert pair.significant
    assert pair.exceeds_one_se
    assert pair.interval.low < pair.difference < pair.interval.high
    assert "nearer to the truth" in RankScoring().describe_pair(pair, PHOTO)
    with pytest.raises(DataError, match="wanted"):
        score_rank_arms(targets, {"good": said, "short": said[:5]})


def test_rows_are_shown_with_the_furthest_first() -> None:
    ranks = np.array([0, 4, 2, 1])
    said = {"probabilities": np.eye(5, dtype=np.float32)[[0, 0, 3, 1]]}
    assert RankScoring().rank_rows(Targets.independent(ranks), said).tolist()[:2] == [1, 2]
    assert RankScoring().pick_rows(Targets.independent(ranks), said, 1).tolist()[0] == 1


def test_odd_arrays_are_refused() -> None:
    ranks, said = _draw(10)
    for bad, words in ((said[:, :3], "shape"), (np.full_like(said, np.nan), "NaN"), (said[:0], "no rows")):
        with pytest.raises(DataError, match=words):
            score_ranks("test", Targets.independent(ranks[: len(bad)]), bad, NAMES)
