"""Placement of groups whose samples have several labels: shares of every label, by content and seed."""

from collections import Counter

import numpy as np
import pytest

from headstart.data.label_placement import place_label_groups
from headstart.data.placement import GroupCounts
from headstart.data.samples import Subset

SHARES = {Subset.TEST: 0.2, Subset.VALIDATION: 0.15}


def _draw(samples: int = 400, labels: int = 5) -> list[GroupCounts]:
    chance = np.random.default_rng(0)
    there = chance.random((samples, labels)) < np.geomspace(0.03, 0.5, labels)
    return [
        GroupCounts(f"{number}", Counter(np.flatnonzero(row).tolist()), samples=1) for number, row in enumerate(there)
    ]


def _place(groups: list[GroupCounts], seed: int = 0, shares: dict[Subset, float] = SHARES) -> dict[str, Subset]:
    return dict(place_label_groups(groups, shares, seed=seed, held={}, sizes={}).subsets)


def test_every_label_has_its_share_of_every_subset() -> None:
    groups = _draw()
    placed = _place(groups)
    for subset, share in SHARES.items():
        inside = [group for group in groups if placed[group.key] is subset]
        assert len(inside) == pytest.approx(share * len(groups), abs=3)
        for label in range(5):
            whole = sum(group.counts[label] for group in groups)
            assert sum(group.counts[label] for group in inside) == pytest.approx(share * whole, abs=2)


def test_seed_and_content_decide_and_not_the_order() -> None:
    groups = _draw(100)
    assert _place(groups) == _place(groups[::-1])
    assert _place(groups) != _place(groups, seed=1)


@pytest.mark.parametrize(
    ("rare", "wanted"),
    [(1, {Subset.TRAIN}), (2, {Subset.TRAIN, Subset.TEST}), (3, set(Subset))],
)
def test_a_rare_label_is_in_train_first_then_in_test(rare: int, wanted: set[Subset]) -> None:
    groups = [GroupCounts(f"{number}", {0: 1} if number < rare else {1: 1}, samples=1) for number in range(60)]
    placed = _place(groups)
    assert {placed[f"{number}"] for number in range(rare)} == wanted


@pytest.mark.parametrize("count", [3, 5, 12])
def test_no_subset_is_empty_where_groups_are_few_and_large(count: int) -> None:
    groups = [GroupCounts(f"{number}", {0: 3, number % 2 + 1: 4}, samples=5) for number in range(count)]
    for seed in range(5):
        assert len(Counter(_place(groups, seed).values())) == 3
    train_and_validation = _place(groups, shares={Subset.VALIDATION: 0.15})
    assert len(Counter(train_and_validation.values())) == 2


def test_what_the_subsets_have_counts() -> None:
    groups = [GroupCounts(f"{number}", {0: 1}, samples=1) for number in range(50)]
    held = {Subset.TEST: Counter({0: 12})}
    placed = place_label_groups(groups, SHARES, seed=0, held=held, sizes={Subset.TEST: 12}).subsets
    assert Counter(placed.values())[Subset.TEST] <= 1
