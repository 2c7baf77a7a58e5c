"""Arms in pairs, photo by photo."""

import json

import numpy as np
import pytest

from headstart.evaluation import metrics
from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.grouping import Targets
from headstart.evaluation.paired import accuracy_interval, adjust_holm, paired_exact_test, standard_error
from headstart.selection.rule import ArmChoice
from headstart.tasks.classification.comparison import compare_pairs
from headstart_runtime.errors import DataError
from tests.evaluation.drawn import paired_interval
from tests.selection.choosing import choose_winner


def three_arms(n=200):
    random = np.random.default_rng(6)
    labels = random.integers(0, 4, n)
    made = {}
    for name, lift in (("cheap", 0.3), ("middle", 0.5), ("dear", 0.9)):
        raw = random.random((n, 4))
        raw[np.arange(n), labels] += lift
        made[name] = (raw / raw.sum(1, keepdims=True)).astype(np.float32)
    return Targets.independent(labels), made


def test_pairs_hold_what_their_parts_say():
    targets, made = three_arms()
    pairs = compare_pairs(targets, made, 9)
    labels, groups = targets.values, targets.groups
    assert [(pair.a, pair.b) for pair in pairs] == [("cheap", "middle"), ("cheap", "dear"), ("middle", "dear")]
    assert [pair.p_holm for pair in pairs] == pytest.approx(adjust_holm([pair.p for pair in pairs]))
    for pair in pairs:
        a, b = made[pair.a], made[pair.b]
        right_a, right_b = a.argmax(1) == labels, b.argmax(1) == labels
        assert pair.n == 200
        assert pair.difference == pytest.approx(right_a.mean() - right_b.mean())
        assert pair.only_a - pair.only_b == round(200 * pair.difference)
        assert pair.only_a + pair.only_b == (right_a != right_b).sum()
        assert (pair.p, pair.standard_error) == (
            paired_exact_test(right_a, right_b, groups),
            standard_error(right_a, right_b, groups),
        )
        assert pair.loss_difference == pytest.approx(metrics.log_loss(labels, a) - metrics.log_loss(labels, b))
        own = [-np.log(it[np.arange(200), labels].astype(float)) for it in (a, b)]
        for found, wanted in (
            (pair.interval, accuracy_interval(right_a, right_b, groups)),
            (pair.loss_interval, paired_interval(*own, groups, 9)),
        ):
            assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_a_seed_decides_the_intervals():
    targets, made = three_arms()
    assert compare_pairs(targets, made, 1) == compare_pairs(targets, made, 1)
    assert compare_pairs(targets, made, 1)[0].loss_interval != compare_pairs(targets, made, 2)[0].loss_interval


def test_json_and_back():
    targets, made = three_arms()
    choice = choose_winner(targets, made, "cheap", 0)
    assert ArmChoice.from_json(json.loads(json.dumps(choice.to_json()))) == choice
    pair = choice.pairs[0]
    assert PairedTest.from_json(json.loads(json.dumps(pair.to_json()))) == pair


def test_json_of_another_form():
    targets, made = three_arms()
    choice = choose_winner(targets, made, None, 0).to_json()
    pair = choice["pairs"][0]
    for broken in (pair | {"mood": 1}, {name: pair[name] for name in pair if name != "interval"}):
        with pytest.raises(DataError, match="pair cannot be read"):
            PairedTest.from_json(broken)
    for broken in (choice | {"mood": 1}, {name: choice[name] for name in choice if name != "pairs"}):
        with pytest.raises(DataError, match="choice cannot be read"):
            ArmChoice.from_json(broken)


@pytest.mark.parametrize(
    ("labels", "made", "message"),
    [
        (np.zeros(0, np.int64), {"a": np.zeros((0, 2))}, "1 arms on 0 samples"),
        (np.zeros(3, np.int64), {}, "0 arms on 3 samples"),
        (np.zeros(3, np.int64), {"a": np.ones((3, 2)), "b": np.ones((4, 2))}, r"'b' has .* \(4, 2\); wanted \(3, 2\)"),
        (np.zeros(3, np.int64), {"a": np.full((3, 2), np.nan)}, "without NaN"),
        (np.zeros(3, np.int64) + 2, {"a": np.ones((3, 2))}, "labels run from 2 to 2; wanted 0 to 1"),
        (np.zeros(3, np.int64) - 1, {"a": np.ones((3, 2))}, "labels run from -1 to -1"),
    ],
)
def test_what_cannot_be_compared(labels, made, message):
    targets = Targets.independent(labels)
    with pytest.raises(DataError, match=message):
        compare_pairs(targets, made, 0)
    with pytest.raises(DataError, match=message):
        choose_winner(targets, made, None, 0)
