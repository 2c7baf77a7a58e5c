import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.special import softmax

from headstart.heads.head import Dense, Head
from headstart.heads.saving import write_heads
from headstart_runtime.inference.postprocess import apply_head, parse_heads, postprocess
from headstart_runtime.tasks.classification.calibration import NONE, Calibration
from headstart_runtime.tasks.classification.combination import combine_members
from headstart_runtime.tasks.classification.conformal import ConformalPredictor
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor, make_batch


def draw(*sizes: int, seed: int = 0) -> Head:
    chance = np.random.default_rng(seed)
    layers = tuple(
        Dense(chance.normal(0, 1, shape).astype(np.float32), chance.normal(0, 1, shape[1]).astype(np.float32))
        for shape in itertools.pairwise(sizes)
    )
    return Head("drawn", layers)


def test_heads_with_hidden_layers_agree_with_the_fitted_ones() -> None:
    head = draw(6, 5, 4, 3)
    features = np.random.default_rng(1).normal(0, 1, (9, 6)).astype(np.float32)
    layers = tuple((layer.weight, layer.bias) for layer in head.layers)
    np.testing.assert_allclose(
        softmax(apply_head(layers, features), axis=1), softmax(head.logits(features), axis=1), rtol=1e-6
    )


def test_each_of_several_heads_is_read_back(tmp_path: Path) -> None:
    heads = [draw(4, 3), draw(5, 2, 3, seed=1), *(draw(4, 3, seed=seed) for seed in range(2, 12))]
    write_heads(heads, tmp_path / "heads")
    found = parse_heads((tmp_path / "heads").read_bytes(), len(heads))
    for read, head in zip(found, heads, strict=True):  # "1/" must not take what "11/" has
        assert [(weight.tolist(), bias.tolist()) for weight, bias in read] == [
            (layer.weight.tolist(), layer.bias.tolist()) for layer in head.layers
        ]


def test_a_single_head_is_read_back(tmp_path: Path) -> None:
    save_file({"0.weight": np.ones((4, 3), np.float32), "0.bias": np.zeros(3, np.float32)}, tmp_path / "head")
    (((weight, bias),),) = parse_heads((tmp_path / "head").read_bytes(), 1)
    assert (weight.shape, bias.shape) == ((4, 3), (3,))


def test_a_mean_is_weighted() -> None:
    chance = np.random.default_rng(0)
    answers = [softmax(chance.normal(0, 2, (20, 4)), axis=1).astype(np.float32) for _ in range(3)]
    weights = [0.5, 0.2, 0.3]
    mean = combine_members(answers, weights, "mean")
    np.testing.assert_allclose(mean, np.average(answers, axis=0, weights=weights), rtol=1e-5)
    assert mean.dtype == np.float32
    np.testing.assert_array_equal(combine_members(answers[:1], [1.0], "mean"), answers[0])


@pytest.mark.parametrize("answers", range(1, 6))
def test_votes_are_counted(answers: int) -> None:
    """Against exact arithmetic: sums to 1, most votes win, ties go to the mean."""
    chance = np.random.default_rng(answers)
    rows = [softmax(chance.normal(0, 3, (200, 3)), axis=1).astype(np.float32) for _ in range(answers)]
    said = combine_members(rows, [0.0] * answers, "vote")
    assert said.dtype == np.float32
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-6)
    ties = 0
    for photo in range(200):
        votes = [0, 0, 0]
        for row in rows:
            votes[max(range(3), key=lambda name: row[photo, name])] += 1
        means = [sum(Fraction(float(row[photo, name])) for row in rows) / answers for name in range(3)]
        expected = [float((vote + mean) / (answers + 1)) for vote, mean in zip(votes, means, strict=True)]
        np.testing.assert_allclose(said[photo], expected, atol=1e-6)
        ties += votes.count(max(votes)) > 1
        assert said[photo].argmax() == max(range(3), key=lambda name: (votes[name], means[name]))
    assert (ties > 0) == (answers > 1)


def test_of_equals_the_first_gets_the_vote() -> None:
    even = np.full((1, 3), 1 / 3, np.float32)
    np.testing.assert_allclose(combine_members([even, even], [0.5, 0.5], "vote"), [[7 / 9, 1 / 9, 1 / 9]], atol=1e-6)


def test_predictions_follow_from_calibrated_probabilities() -> None:
    rows = np.array([[0.6, 0.3, 0.1], [0.34, 0.33, 0.33]], np.float32)
    softer, sets = Calibration("temperature", 0.5), ConformalPredictor("lac", 0.9, 0.7)
    said = postprocess(rows, [], ClassPostprocessor(softer, sets), None)
    np.testing.assert_array_equal(said.uncalibrated, rows)
    np.testing.assert_array_equal(said.probabilities, softer.apply(rows))
    assert said.prediction_set is not None
    assert said.prediction_set.tolist() == [[True, True, False], [True, True, True]]
    assert said.novelty is None
    assert said.out_of_distribution.tolist() == [False, False]
    assert postprocess(rows, [], ClassPostprocessor(NONE), None).prediction_set is None


def test_above_1_is_declined() -> None:
    rows = np.full((3, 2), 0.5, np.float32)
    novelty = np.array([0.99, 1.0, np.nextafter(np.float32(1), np.float32(2))], np.float32)
    assert make_batch(rows, rows, None, novelty).out_of_distribution.tolist() == [False, False, True]
