"""How many labels are wrong: told where a floor of contradictions can be seen, else not."""

import numpy as np
import pytest

from headstart.evaluation.label_noise import (
    LabelNoise,
    describe_label_noise,
    estimate_label_noise,
    fit_noise_floor,
)
from headstart_runtime.modalities.item import Noun


def _answers(n, share, seed, slope=1.0, classes=4, spread=3.0):
    """A classifier that is as sure as it is right, but for ``slope``, and labels of which a share is wrong."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, spread, (n, classes))
    chance = np.exp(logits - logits.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    true = (chance.cumsum(axis=1) > random.random(n)[:, None]).argmax(axis=1)
    said = np.exp(slope * (logits - logits.max(axis=1, keepdims=True)))
    wrong = random.permutation(n) < round(share * n)
    labels = np.where(wrong, (true + random.integers(1, classes, n)) % classes, true)
    return labels, (said / said.sum(axis=1, keepdims=True)).astype(np.float32), int(wrong.sum())


@pytest.mark.parametrize("share", [0, 0.005, 0.02, 0.05])
def test_mistakes_of_the_classifier_are_not_counted(share):
    """It errs in a tenth of the photos; what is said stays under twice the truth and a point."""
    told = inside = 0
    for seed in range(8):
        labels, said, wrong = _answers(3000, share, seed, spread=6.0)
        assert np.mean(said.argmax(axis=1) != labels) > 0.09
        errors = estimate_label_noise(labels, said)
        if errors.estimate is not None:
            told += 1
            inside += errors.low <= wrong <= errors.high
            assert errors.estimate <= errors.high <= 2 * wrong + 0.01 * len(labels) + 1
    assert told >= 2
    assert inside >= told - 1


@pytest.mark.parametrize("slope", [0.7, 1.5])
def test_it_is_all_one_whether_the_classifier_is_too_sure_or_too_unsure(slope):
    labels, said, _ = _answers(2000, 0.03, 5, spread=6.0)
    other = fit_noise_floor(labels, _answers(2000, 0.03, 5, spread=6.0, slope=slope)[1])
    floor = fit_noise_floor(labels, said)
    assert (other.share, other.low, other.high) == pytest.approx(
        (floor.share, floor.low, floor.high), rel=0.05, abs=0.002
    )


def test_a_poor_classifier_tells_nothing():
    labels, said, _ = _answers(1500, 0.02, seed=2, classes=2, spread=0.7)
    errors = estimate_label_noise(labels, said)
    assert errors.estimate is None
    assert errors.doubted > 400
    assert describe_label_noise(errors) == (
        "how many of 1,500 labels are wrong can't be told: the classifier they are held to is wrong too often itself; "
        f"{errors.doubted:,} are worth a second look, strongest first"
    )


def test_few_photos_tell_nothing():
    labels, said, _ = _answers(40, 0.1, seed=3)
    assert "the photos are too few" in describe_label_noise(
        estimate_label_noise(labels, said, noun=Noun("photo", "photos"))
    )


def test_the_floor_is_that_of_a_search_by_another_way():
    """The profile likelihood of a straight curve, on a fine grid, row by row."""
    labels, said, _ = _answers(800, 0.06, seed=4, classes=2)
    floor = fit_noise_floor(labels, said)
    two = np.sort(said.astype(np.float64), axis=1)
    sure = np.minimum(np.log(two[:, -1] / np.maximum(two[:, -2], 1e-30)), 30) / np.median(
        np.log(two[:, -1] / two[:, -2])
    )
    wrong = said.argmax(axis=1) != labels
    best = {}
    for share in np.linspace(0, 0.15, 61):
        mistakes = 1 / (1 + np.exp(np.linspace(-1, 4, 41)[:, None, None] + np.geomspace(0.2, 9, 40)[:, None] * sure))
        seen = mistakes + share * (1 - 2 * mistakes)
        best[share] = np.log(np.where(wrong, seen, 1 - seen).clip(1e-9)).sum(axis=-1).max()
    assert floor.share == pytest.approx(max(best, key=best.get), abs=0.012)
    inside = [share for share, value in best.items() if value >= max(best.values()) - 1.9207]
    assert floor.low <= min(inside) + 0.012
    assert floor.high >= max(inside) - 0.012


def test_sentences():
    assert describe_label_noise(LabelNoise(1265, 170, 63, 44, 80)) == (
        "about 63 of 1,265 labels are wrong by estimate (95 % interval 44 to 80); 170 are worth a second look, "
        "strongest first"
    )
    assert describe_label_noise(LabelNoise(900, 1, 0, 0, 7)) == (
        "at most 7 of 900 labels are wrong by estimate; 1 is worth a second look, strongest first"
    )
    assert describe_label_noise(LabelNoise(900, 0, 0, 0, 3)) == (
        "at most 3 of 900 labels are wrong by estimate; none is doubted"
    )
    assert describe_label_noise(LabelNoise(9, 0, 0, 0, 3), lambda name, value: f"[{name} {value}]").startswith(
        "at most [high 3] of [n 9] labels"
    )


def test_photos_ten_times_over_say_no_more_than_once():
    labels, said, _ = _answers(3000, 0.05, seed=0, spread=6.0)
    once = estimate_label_noise(labels, said)
    groups = np.repeat(np.arange(3000), 10)
    tenfold = estimate_label_noise(np.repeat(labels, 10), np.repeat(said, 10, axis=0), groups)
    assert once.estimate is not None
    assert once.high - once.low > 40
    assert (tenfold.low, tenfold.high) == pytest.approx((10 * once.low, 10 * once.high), rel=0.05)
    assert estimate_label_noise(labels, said, np.arange(3000)) == once
    few = estimate_label_noise(labels[:300], said[:300], np.arange(300) // 10)
    assert "the samples are too few" in few.reason
