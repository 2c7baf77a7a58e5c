"""Numbers with a decimal point moved by hand are the first that are doubted, and it is said which."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict

from headstart.tasks.regression.label_issues import (
    LIMIT,
    estimate_false_alarms,
    find_moved_point,
    find_number_issues,
    find_wide_columns,
    measure_local_spread,
    measure_residuals,
    round_to_spread,
)

N, WIDTH, PLANTED = 800, 24, 40


def draw_numbers(seed: int, columns: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, numbers (N, K) of which 40 have their decimal point moved, and which."""
    chance = np.random.default_rng(seed)
    features = chance.normal(size=(N, WIDTH))
    signal = features @ chance.normal(size=(WIDTH, columns)) / np.sqrt(WIDTH)
    numbers = 60 + 15 * signal + 3 * chance.normal(size=(N, columns))
    moved = np.zeros((N, columns), bool)
    moved[chance.choice(N, PLANTED, replace=False), chance.integers(0, columns, PLANTED)] = True
    factors = np.where(chance.random((N, columns)) < 0.5, 10.0, 0.1)
    return features, np.round(np.where(moved, numbers * factors, numbers), 3), moved


def predictor(features: np.ndarray):
    return lambda numbers: cross_val_predict(Ridge(1.0), features, np.nan_to_num(numbers, nan=60.0), cv=5)


@pytest.mark.parametrize(("seed", "columns"), [(0, 1), (1, 1), (2, 3)])
def test_moved_points_are_the_first_that_are_doubted(seed: int, columns: int) -> None:
    features, numbers, moved = draw_numbers(seed, columns)
    residuals = measure_residuals(numbers, predictor(features))
    found = find_number_issues([str(i) for i in range(N)], numbers, residuals, str)
    first = found[:PLANTED]
    right = [moved[int(one.id), one.doubts[0].output] for one in first]
    assert np.mean(right) >= 0.9
    told = [one for one in first if one.doubts[0].kind == "decimal point"]
    assert len(told) >= 0.9 * PLANTED
    for one in told:
        row, doubt = int(one.id), one.doubts[0]
        likely = float(one.likely.strip("(),").split(",")[doubt.output])
        assert abs(likely - doubt.expected) <= 2 * residuals.spread[row, doubt.output] + 1e-9
        assert likely in (pytest.approx(doubt.given * 10), pytest.approx(doubt.given / 10))
    assert all(one.given_probability < 0.01 for one in first[: PLANTED // 2])
    strengths = [one.doubts[0].strength for one in found]
    assert strengths == sorted(strengths, reverse=True)


@pytest.mark.parametrize("seed", [0, 1])
def test_points_moved_to_the_left_stand_out_among_prices(seed: int) -> None:
    """Of numbers of which the large ones vary more, a tenth of one is near by itself, and far by its logarithm."""
    chance = np.random.default_rng(seed)
    features = chance.normal(size=(N, WIDTH))
    signal = features @ chance.normal(size=(WIDTH, 1)) / np.sqrt(WIDTH)
    prices = np.round(np.exp(3 + 0.7 * signal + 0.25 * chance.normal(size=(N, 1))), 2)
    moved = np.isin(np.arange(N), chance.choice(N, PLANTED, replace=False))[:, None]
    given = np.where(moved, prices * np.where(chance.random((N, 1)) < 0.5, 10.0, 0.1), prices)
    assert find_wide_columns(given).all()
    residuals = measure_residuals(given, predictor(features))
    found = find_number_issues([str(i) for i in range(N)], given, residuals, str)
    assert np.mean([moved[int(one.id), 0] for one in found[:PLANTED]]) >= 0.9
    assert not find_wide_columns(given - given.mean()).any(), "some are below 0"


def test_suspects_do_not_bend_what_others_are_held_to() -> None:
    features, numbers, moved = draw_numbers(3)
    predict = predictor(features)
    once = np.abs(numbers - predict(numbers).reshape(N, 1))[~moved]
    robust = measure_residuals(numbers, predict)
    drawn_in = np.abs(numbers - robust.expected)[~moved]
    assert np.median(drawn_in) < 0.5 * np.median(once)


def test_how_far_is_far_depends_on_the_place() -> None:
    """Errors grow with the number: 30 off is much among small ones, nothing among large ones."""
    chance = np.random.default_rng(4)
    expected = np.sort(chance.uniform(10, 1000, 3000))
    residuals = chance.normal(size=3000) * 0.05 * expected
    spread = measure_local_spread(residuals, expected)
    for place in (600, 1500, 2700):
        assert spread[place] == pytest.approx(0.05 * expected[place], rel=0.25)
    same = measure_local_spread(np.full(40, 2.0), np.arange(40.0))
    assert same == pytest.approx(np.full(40, stats.norm.ppf(0.75) ** -1 * 2), rel=1e-3)
    assert (measure_local_spread(np.zeros(10), np.zeros(10)) > 0).all()


def test_false_alarms_fall_with_strength() -> None:
    strengths = np.random.default_rng(5).exponential(size=1000) * stats.norm.ppf(0.75) / np.log(2)
    shares = estimate_false_alarms(strengths, 1000)
    order = np.argsort(-strengths)
    assert (np.diff(shares[order]) >= 0).all()
    assert shares.min() > 0.05, "of chance alone none is sure"
    assert estimate_false_alarms(np.array([40.0, 0.5, 0.2]), 3)[0] < 1e-12


def test_unknown_numbers_are_left_out() -> None:
    features, numbers, _ = draw_numbers(6, 2)
    numbers[::4, 1] = np.nan
    residuals = measure_residuals(numbers, predictor(features))
    assert np.isnan(residuals.deviations[::4, 1]).all()
    assert np.isfinite(residuals.deviations[:, 0]).all()
    found = find_number_issues([str(i) for i in range(N)], numbers, residuals, str)
    assert all(np.isfinite(numbers[int(one.id), doubt.output]) for one in found for doubt in one.doubts)


@pytest.mark.parametrize(
    ("given", "expected", "spread", "moved"),
    [
        (512.0, 50.0, 3.0, 51.2),
        (0.49, 50.0, 3.0, 49.0),
        (60.0, 50.0, 3.0, None),
        (0.0, 50.0, 3.0, None),
        (-7.1, -70.0, 2.0, -71.0),
        (1234.0, 12.0, 1.0, 12.34),
    ],
)
def test_where_the_point_was(given: float, expected: float, spread: float, moved: float | None) -> None:
    assert find_moved_point(given, expected, spread) == moved


def test_digits_are_those_of_the_spread() -> None:
    assert round_to_spread(51.23456, 3.2) == 51.2
    assert round_to_spread(51234.56, 320.0) == 51230
    assert round_to_spread(0.0123456, 0.001) == 0.0123
    assert LIMIT == 3.5
