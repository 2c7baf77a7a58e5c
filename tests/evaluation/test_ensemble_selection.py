from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from headstart.errors import DataError
from headstart.evaluation import metrics
from headstart.evaluation.ensemble_selection import select_ensemble


@st.composite
def stacks(draw, most=5):
    shape = draw(st.tuples(st.integers(1, most), st.integers(1, 8), st.integers(2, 4)))
    raw = draw(hnp.arrays(np.float64, shape, elements=st.floats(0.01, 1)))
    return raw / raw.sum(axis=2, keepdims=True)


def drawn(members, photos, classes, seed=0, lift=1.0):
    """Labels and members that are right rather often."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, photos)
    logits = random.normal(size=(members, photos, classes))
    logits[:, np.arange(photos), labels] += lift
    raw = np.exp(logits)
    return labels, raw / raw.sum(axis=2, keepdims=True)


@pytest.mark.parametrize("stack", [np.ones((3, 2)), np.ones((0, 3, 2)), np.full((1, 3, 2), np.nan)])
def test_what_is_no_stack(stack):
    with pytest.raises(DataError, match="wanted \\(members, photos, classes\\)"):
        select_ensemble(stack, np.zeros(3, np.int64))


def loss_of(labels, stack, weights):
    return metrics.log_loss(labels, np.tensordot(weights / np.sum(weights), stack, axes=1))


@settings(deadline=None)
@given(stacks(), st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_greedy_is_never_worse_than_the_best_member(stack, seed, rounds):
    labels = np.random.default_rng(seed).integers(0, stack.shape[2], stack.shape[1])
    weights = select_ensemble(stack, labels, rounds=rounds)
    assert weights.shape == (len(stack),)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    assert loss_of(labels, stack, weights) <= min(metrics.log_loss(labels, one) for one in stack) + 1e-9


def slow_greedy(stack, labels, rounds):
    """The published steps, member by member, with means made anew; the same early end."""
    losses = [metrics.log_loss(labels, one) for one in stack]
    ranked = sorted(range(len(stack)), key=lambda member: (losses[member], member))

    def loss(chosen):
        return metrics.log_loss(labels, np.mean([stack[member] for member in chosen], axis=0))

    chosen = min((ranked[: size + 1] for size in range(len(stack))), key=loss)
    best, since = list(chosen), 0
    for _ in range(rounds):
        chosen = min(([*chosen, member] for member in range(len(stack))), key=loss)
        since += 1
        if loss(chosen) < loss(best) - 1e-9:
            best, since = list(chosen), 0
        if since == 5:
            break
    return np.bincount(best, minlength=len(stack)) / len(best)


@pytest.mark.parametrize("seed", range(12))
def test_greedy_step_by_step(seed):
    labels, stack = drawn(5, 40, 3, seed)
    assert select_ensemble(stack, labels, rounds=15) == pytest.approx(slow_greedy(stack, labels, 15))


@pytest.mark.parametrize("seed", range(6))
def test_greedy_comes_close_to_the_best_of_all_ensembles(seed):
    """Against every multiset of up to 6 of 3 members."""
    labels, stack = drawn(3, 30, 3, seed)
    every = [
        np.bincount(chosen, minlength=3) / size
        for size in range(1, 7)
        for chosen in combinations_with_replacement(range(3), size)
    ]
    lowest = min(loss_of(labels, stack, weights) for weights in every)
    assert loss_of(labels, stack, select_ensemble(stack, labels)) <= lowest + 2e-3


def test_greedy_picks_members_that_complement_each_other():
    """Two experts of one half each; beside them the best single member, which is good at nothing."""
    labels = np.tile([0, 1], 50)
    first_half = np.arange(100) < 50

    def member(chance):
        chance = np.broadcast_to(chance, 100)
        return np.where(labels[:, None] == np.arange(2), chance[:, None], 1 - chance[:, None])

    left, right = member(np.where(first_half, 0.999, 0.3)), member(np.where(first_half, 0.3, 0.999))
    fair = member(0.62)
    stack = np.stack([fair, left, right])
    assert metrics.log_loss(labels, fair) < metrics.log_loss(labels, left)
    weights = select_ensemble(stack, labels)
    # The best single member is where it starts from, is never taken again, and fades.
    assert weights[0] < 0.02
    assert weights[1] == pytest.approx(weights[2])
    assert loss_of(labels, stack, weights) < 0.99 * loss_of(labels, stack, np.ones(3))


@pytest.mark.parametrize("seed", range(8))
def test_of_equals_the_cheaper_member_alone(seed):
    """However the rounding of their sums falls."""
    labels, stack = drawn(1, 31, 3, seed)
    assert select_ensemble(np.concatenate([stack] * 7), labels).tolist() == [1, 0, 0, 0, 0, 0, 0]


def test_a_useless_member_is_left_out():
    labels, stack = drawn(1, 200, 3, lift=3.0)
    wrong = np.roll(stack, 1, axis=2)
    assert select_ensemble(np.concatenate([wrong, stack]), labels).tolist() == [0, 1]


def test_a_member_counts_more_than_once():
    labels, stack = drawn(2, 400, 3, seed=1)
    stack[1] = 0.35 * stack[1] + 0.65 / 3  # much less sure
    weights = select_ensemble(stack, labels)
    assert 0 < weights.min() < 0.5
    assert loss_of(labels, stack, weights) < loss_of(labels, stack, np.ones(2))


def test_single_precision_and_certainty_that_is_wrong():
    labels = np.array([0, 1])
    stack = np.array([[[0, 1], [0, 1]], [[0.5, 0.5], [0.5, 0.5]]], np.float32)
    weights = select_ensemble(stack, labels)
    assert np.isfinite(loss_of(labels, stack, weights))
    assert weights[1] > 0


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 2], [-1, 0, 1]])
def test_labels_that_do_not_belong(labels):
    with pytest.raises(DataError, match=r"wanted \(3,\), each in 0 to 1"):
        select_ensemble(np.full((2, 3, 2), 0.5), np.array(labels))
