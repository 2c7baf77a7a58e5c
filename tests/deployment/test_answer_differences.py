"""Two answers as plain values: numbers apart by rounding are alike, words are not where the numbers are."""

from typing import Any

import pytest

from headstart.deployment.answer_differences import find_difference

ANSWER: dict[str, Any] = {
    "source": "a.jpg",
    "label": "cat",
    "probabilities": {"cat": 0.75, "dog": 0.25},
    "prediction_set": ["cat"],
    "novelty": None,
    "out_of_distribution": False,
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"source": "body", "text": "cat 75 %"}, ""),
        ({"probabilities": {"cat": 0.7505, "dog": 0.2495}, "prediction_set": ["cat", "dog"]}, ""),
        ({"probabilities": {"cat": 0.7, "dog": 0.3}}, "probabilities cat is 0.7 in place of 0.75"),
        ({"probabilities": {"cat": float("nan"), "dog": 0.25}}, "probabilities cat is nan in place of 0.75"),
        ({"label": "dog"}, "label is 'dog' in place of 'cat'"),
        ({"prediction_set": ["cat", "dog"]}, "prediction_set 1 is 'dog' in place of None"),
        ({"probabilities": {"cat": 0.75}}, "probabilities dog is None in place of 0.25"),
        ({"novelty": 0.5}, "novelty is 0.5 in place of None"),
        ({"out_of_distribution": True}, "out_of_distribution is True in place of False"),
    ],
)
def test_the_first_difference_is_named(change: dict[str, Any], words: str) -> None:
    assert find_difference(ANSWER, {**ANSWER, **change}, 1e-3) == words


def test_large_numbers_are_compared_over_their_size() -> None:
    assert find_difference({"value": 5000.0}, {"value": 5001.0}, 1e-3) == ""
    assert find_difference({"value": 5000.0}, {"value": 5010.0}, 1e-3) == "value is 5010 in place of 5000"
