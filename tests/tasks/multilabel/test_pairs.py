import numpy as np

from headstart.tasks.multilabel.pairs import find_overused_pairs

NAMES = ("cat", "dog", "glass")


def _draw(rows: int = 200):
    chance = np.random.default_rng(0)
    truth = (chance.random((rows, 3)) < 0.4).astype(np.int8)
    labels = truth == 1
    planted = truth[:, 0] == 1
    labels[planted & (chance.random(rows) < 0.6), 1] = True  # where a cat is, a dog is taken too
    return truth, labels


def test_a_planted_pair_comes_first() -> None:
    truth, labels = _draw()
    pair, *others = find_overused_pairs(truth, labels, NAMES, np.arange(200))
    assert (pair.first, pair.second) == ("cat", "dog")
    assert all(other.second == "glass" and other.wrong < pair.wrong for other in others), (
        "a dog is taken too often at all"
    )
    assert pair.taken - pair.there == pair.wrong - pair.missed > 0
    assert pair.p < 0.001


def test_groups_count_once_and_right_answers_have_none() -> None:
    truth, labels = _draw()
    assert find_overused_pairs(truth, truth == 1, NAMES, np.arange(200)) == ()
    assert find_overused_pairs(truth, labels, NAMES, np.arange(200) // 50) == ()
    assert find_overused_pairs(np.full_like(truth, -1), labels, NAMES, np.arange(200)) == ()
