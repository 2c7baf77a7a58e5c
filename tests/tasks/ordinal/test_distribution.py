"""Cumulative logits as distributions, and back."""

import numpy as np
import pytest
from scipy.special import expit

from headstart_runtime.tasks.ordinal.distribution import (
    accumulate_logits,
    distribute,
    find_medians,
    order_logits,
    spread_numbers,
)


def _draw(rows: int, ranks: int, spread: float) -> np.ndarray:
    return np.random.default_rng(ranks).normal(0, spread, (rows, ranks))


@pytest.mark.parametrize("ranks", [2, 3, 7])
def test_probabilities_are_differences_of_the_logistic_function(ranks: int) -> None:
    numbers = _draw(50, ranks, 2)
    thresholds = np.maximum.accumulate(numbers[:, 1:], axis=1)
    reached = np.concatenate([np.ones((50, 1)), expit(numbers[:, :1] - thresholds), np.zeros((50, 1))], axis=1)
    assert distribute(order_logits(numbers)) == pytest.approx(reached[:, :-1] - reached[:, 1:], abs=1e-12)


@pytest.mark.parametrize("spread", [0.5, 5, 500, 1e20])
@pytest.mark.parametrize("ranks", [2, 5])
def test_whatever_a_head_says_makes_a_distribution(spread: float, ranks: int) -> None:
    said = distribute(order_logits(_draw(200, ranks, spread).astype(np.float32)))
    assert said.dtype == np.float32
    assert (said >= 0).all()
    assert said.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_small_probabilities_keep_their_digits() -> None:
    said = distribute(np.array([[30.0, 29.0]], np.float32))
    assert said[0, 1] == pytest.approx(expit(-29.0) - expit(-30.0), rel=1e-4)


@pytest.mark.parametrize("ranks", [2, 4, 9])
def test_logits_come_back(ranks: int) -> None:
    cumulative = order_logits(_draw(100, ranks, 3))
    assert accumulate_logits(distribute(cumulative)) == pytest.approx(cumulative, abs=1e-6)


def test_the_median_has_the_least_expected_distance() -> None:
    said = np.random.default_rng(0).dirichlet(np.full(6, 0.7), 500)
    distance = np.abs(np.arange(6)[:, None] - np.arange(6))
    assert (said @ distance)[np.arange(500), find_medians(said)] == pytest.approx((said @ distance).min(axis=1))


def test_logits_of_ranks_weigh_what_cumulative_ones_say() -> None:
    numbers = _draw(60, 8, 1.5)
    alone = distribute(order_logits(numbers[:, :4]))
    weighed = np.maximum(alone, 1e-30) * np.exp(numbers[:, 4:])
    assert spread_numbers(numbers) == pytest.approx(weighed / weighed.sum(axis=1, keepdims=True))
    numbers[:, 4:] = 0
    assert spread_numbers(numbers) == pytest.approx(alone, abs=1e-9)
