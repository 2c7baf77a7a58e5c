import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.special import softmax

from headstart_runtime.tasks.classification.conformal import ConformalPredictor


def draw(rows: int = 300, classes: int = 5) -> np.ndarray:
    return softmax(np.random.default_rng(1).normal(0, 2, (rows, classes)), axis=1).astype(np.float32)


def by_hand(sets: ConformalPredictor, row: np.ndarray) -> list[bool]:
    """Class by class, from the definitions."""
    order = sorted(range(len(row)), key=lambda index: (-row[index], index))
    scores = [1 - float(p) for p in row]
    return [scores[index] <= sets.threshold + 1e-6 or index == order[0] for index in range(len(row))]


@pytest.mark.parametrize("threshold", [-1.0, 0.0, 0.31, 0.73, 0.97, 9.0])
def test_sets_are_what_their_paper_says(threshold: float) -> None:
    sets = ConformalPredictor("lac", 0.9, threshold)
    rows = draw()
    chosen = sets.predict(rows)
    assert chosen.dtype == bool
    assert chosen.tolist() == [by_hand(sets, row) for row in rows]


def test_the_likeliest_class_is_always_in_and_likelier_ones_come_first() -> None:
    rows = draw()
    for threshold in np.linspace(-0.5, 1.5, 21):
        chosen = ConformalPredictor("lac", 0.9, float(threshold)).predict(rows)
        assert chosen[np.arange(len(rows)), rows.argmax(axis=1)].all()
        least_in = np.where(chosen, rows, 2).min(axis=1)
        most_out = np.where(chosen, -1, rows).max(axis=1)
        assert (most_out <= least_in).all()


def test_equals_are_taken_in_the_order_of_the_classes() -> None:
    rows = np.full((1, 4), 0.25, np.float32)
    assert ConformalPredictor("lac", 0.9, -1.0).predict(rows).tolist() == [[True, False, False, False]]


def test_a_large_threshold_takes_all_in() -> None:
    saturated = np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 1e-38]], np.float32)
    assert ConformalPredictor("lac", 0.9, 1.001).predict(saturated).all()


def test_nothing_gives_nothing() -> None:
    assert ConformalPredictor("lac", 0.9, 0.5).predict(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_it_goes_through_json() -> None:
    sets = ConformalPredictor("lac", 0.9, 0.123456789012345)
    assert ConformalPredictor.from_json(json.loads(json.dumps(asdict(sets)))) == sets


@pytest.mark.parametrize("wrong", [("top", 0.9, 0.5), ("lac", 1.0, 0.5), ("lac", 0.9, float("inf"))])
def test_what_cannot_be_meant_is_refused(wrong: tuple) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match="wanted"):
        ConformalPredictor(*wrong)
