import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from headstart.evaluation.interval_coverage import measure_interval_coverage
from headstart.evaluation.number_scores import mean_interval, rank_values, score_numbers


def _draw(rows: int = 200) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    true = random.gamma(2, 10, rows).round(1)
    return (true * 0.9 + random.normal(0, 4, rows)).astype(np.float32), true


def test_scores_are_those_of_scikit_learn_and_scipy() -> None:
    predicted, true = _draw()
    found = score_numbers(predicted, true, np.arange(200), name="weight (g)", unit="g")
    assert found.mae == pytest.approx(mean_absolute_error(true, predicted))
    assert found.rmse == pytest.approx(root_mean_squared_error(true, predicted))
    assert found.r2 == pytest.approx(r2_score(true, predicted))
    assert found.spearman == pytest.approx(spearmanr(true, predicted).statistic)
    assert found.bias == pytest.approx((predicted - true).mean())
    assert found.median_error == pytest.approx(mean_absolute_error(true, np.full(200, np.median(true))))
    for name in ("mae", "rmse", "r2", "spearman"):
        interval = getattr(found, f"{name}_interval")
        assert interval.low < getattr(found, name) < interval.high


def test_intervals_know_which_rows_belong_together() -> None:
    predicted, true = _draw(60)
    alone = score_numbers(predicted, true, np.arange(60))
    copies = score_numbers(np.repeat(predicted, 5), np.repeat(true, 5), np.repeat(np.arange(60), 5))
    apart = score_numbers(np.repeat(predicted, 5), np.repeat(true, 5), np.arange(300))

    def width(scores: object, name: str) -> float:
        interval = getattr(scores, f"{name}_interval")
        return interval.high - interval.low

    for name in ("mae", "r2", "spearman"):
        assert width(copies, name) == pytest.approx(width(alone, name), rel=0.1)
        assert width(apart, name) < 0.6 * width(alone, name)


def test_the_interval_of_the_mean_holds_as_often_as_it_says() -> None:
    random, held = np.random.default_rng(1), 0
    for _ in range(100):
        interval = mean_interval(random.exponential(size=80), np.arange(80))
        held += interval.low <= 1 <= interval.high
    assert 86 <= held <= 100


def test_where_all_ranks_agree_resamples_know_no_other_order() -> None:
    found = score_numbers(np.array([1.5, 2.25, 7.0, 9.0]), np.array([1.0, 2.0, 3.0, 4.0]), np.arange(4))
    assert found.spearman == pytest.approx(1)
    assert found.spearman_interval is None


def test_numbers_that_never_differ_have_no_correlation() -> None:
    found = score_numbers(np.array([1.0, 2.0, 3.0]), np.full(3, 2.0), np.arange(3))
    assert (found.r2, found.spearman, found.r2_interval, found.spearman_interval) == (None, None, None, None)
    one = score_numbers(np.array([1.0]), np.array([3.0]), np.arange(1))
    assert (one.mae, one.r2, one.n) == (2, None, 1)
    assert rank_values(np.array([3.0, 1.0, 3.0])).tolist() == [2.5, 1, 2.5]


def test_coverage_is_told_by_thirds_of_the_predictions() -> None:
    predicted = np.arange(9.0)
    true = predicted + np.array([0, 0, 0, 0, 0, 5, 5, 5, 5])
    ends = np.stack([predicted - 1, predicted + 1 + (predicted > 5)], axis=1)
    found = measure_interval_coverage(ends, predicted, true, np.arange(9))
    assert found.coverage == pytest.approx(5 / 9)
    assert [part.coverage for part in found.parts] == pytest.approx([1, 2 / 3, 0])
    assert [(part.lowest, part.highest, part.n) for part in found.parts] == [(0, 2, 3), (3, 5, 3), (6, 8, 3)]
    assert found.parts[2].mean_width == 3
    assert found.median_width == 2
