"""Thresholds for a wish: what they promise holds on new data, by simulation and by brute force."""

import numpy as np
import pytest

from headstart.tasks.classification.decision_fit import (
    count_needed,
    describe_shortage,
    find_cost_threshold,
    find_precision_threshold,
    find_recall_threshold,
    fit_decision,
)
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.classification.operating_point import OperatingPoint, parse_operating_point


@pytest.mark.parametrize(
    ("text", "needed"),
    [("recall=0.95", 19), ("recall=0.9", 9), ("recall=0.99", 99), ("precision=0.9", 10), ("precision=0.8", 5)],
)
def test_so_many_positives_are_needed(text: str, needed: int) -> None:
    assert count_needed(parse_operating_point(text)) == needed


def test_of_single_samples_the_threshold_is_that_of_split_conformal_prediction() -> None:
    chance = np.random.default_rng(0)
    for count in (19, 20, 38, 39, 40, 77):
        scores = chance.random(count).astype(np.float32)
        rank = int((count + 1) * 0.05 + 1e-9)
        assert find_recall_threshold(scores, np.arange(count), 0.95) == np.sort(scores)[rank - 1]


def test_too_few_groups_promise_nothing() -> None:
    with pytest.raises(ValueError, match="18 groups cannot promise"):
        find_recall_threshold(np.ones(18, np.float32), np.arange(18), 0.95)
    with pytest.raises(ValueError, match="18 groups cannot promise"):
        find_recall_threshold(np.ones(180, np.float32), np.arange(180) % 18, 0.95)


@pytest.mark.parametrize("count", [19, 30, 45])
def test_a_wished_recall_holds_on_new_samples(count: int) -> None:
    """The recall of uniform scores above a threshold t is 1 - t."""
    chance = np.random.default_rng(count)
    held = [1 - find_recall_threshold(chance.random(count), np.arange(count), 0.95) for _ in range(2000)]
    assert np.mean(held) >= 0.95 - 2.5 * np.std(held) / np.sqrt(len(held))
    plain = [1 - np.quantile(chance.random(count), 0.05) for _ in range(2000)]
    assert np.mean(plain) < np.mean(held)


def test_a_wished_recall_holds_in_groups() -> None:
    chance = np.random.default_rng(1)
    held = []
    for _ in range(600):
        groups = np.repeat(np.arange(30), chance.integers(1, 9, 30))
        scores = chance.random(30)[groups] * 0.9 + 0.1 * chance.random(len(groups))
        threshold = find_recall_threshold(scores, groups, 0.9)
        held.append(np.mean(chance.random(400) * 0.9 + 0.1 * chance.random(400) >= threshold))
    assert np.mean(held) >= 0.9 - 2.5 * np.std(held) / np.sqrt(len(held))


def test_of_groups_and_equal_scores_the_highest_threshold_is_taken() -> None:
    chance = np.random.default_rng(2)
    for _ in range(20):
        groups = chance.integers(0, 14, 60)
        scores = chance.integers(0, 25, 60).astype(np.float32)
        kept = []
        for threshold in np.unique(scores):
            missed = sum(np.mean(scores[groups == group] < threshold) for group in np.unique(groups))
            if (1 + missed) / (len(np.unique(groups)) + 1) <= 0.2 + 1e-9:
                kept.append(threshold)
        assert find_recall_threshold(scores, groups, 0.8) == max(kept)


def test_of_groups_and_equal_scores_the_lowest_threshold_keeps_a_precision() -> None:
    chance = np.random.default_rng(3)
    for _ in range(20):
        groups, scores = chance.integers(0, 30, 80), chance.integers(0, 25, 80).astype(np.float32)
        wanted = scores + chance.normal(0, 4, 80) > 14
        kept, shares = [], []
        for threshold in np.unique(scores):
            alarms = scores >= threshold
            own = np.unique(groups[alarms])
            false = sum(np.mean(~wanted[alarms & (groups == group)]) for group in own)
            shares.append((1 + false) / len(own))
            if shares[-1] <= 0.3 + 1e-9:
                kept.append(threshold)
        found, best = find_precision_threshold(scores, wanted, groups, 0.7)
        assert found == (min(kept) if kept else None)
        assert best == pytest.approx(1 - min(1.0, *shares))


def test_a_wished_precision_holds_on_new_samples() -> None:
    """Positives are normal around 2, the other 95 % around 0."""
    chance, held = np.random.default_rng(4), []
    wanted, new = np.arange(1500) < 75, np.arange(30_000) < 1500
    for _ in range(150):
        threshold, _ = find_precision_threshold(chance.normal(2.5 * wanted), wanted, np.arange(1500), 0.8)
        if threshold is not None:
            alarms = chance.normal(2.5 * new) >= threshold
            held.append(np.mean(new[alarms]))
    assert len(held) > 100
    assert np.mean(held) >= 0.8 - 2.5 * np.std(held) / np.sqrt(len(held))


def test_a_cost_is_the_threshold_that_calibrated_probabilities_need() -> None:
    labels, said = np.arange(40) % 2, np.full((40, 2), 0.5, np.float32)
    made = fit_decision(labels, said, np.arange(40), 0, OperatingPoint("cost", 9.0), "defect")
    assert made.threshold == pytest.approx(0.1)


def test_of_probabilities_that_are_not_calibrated_the_cheapest_threshold_is_taken() -> None:
    """Odds of a rare class are given 50 times too high, as by a head that weighs classes alike."""
    chance = np.random.default_rng(6)
    wanted = np.arange(3000) < 60
    odds = np.exp(chance.normal(3.0 * wanted) * 2 - 6.5)
    true, given = odds / (1 + odds), 50 * odds / (1 + 50 * odds)
    plain, found = (
        find_cost_threshold(said.astype(np.float32), wanted, np.arange(3000), 10.0) for said in (true, given)
    )
    assert plain == pytest.approx(1 / 11)
    costs = [10 * (wanted & (given < at)).sum() + (~wanted & (given >= at)).sum() for at in (plain, found)]
    assert found > 0.5
    assert costs[1] < costs[0] / 2


def test_too_few_positives_are_refused_with_the_number_needed() -> None:
    labels, groups = np.repeat([0, 1], [12, 500]), np.arange(512)
    said = np.full((512, 2), 0.5, np.float32)
    with pytest.raises(
        DataError, match=r"recall=0\.95 cannot .* takes 19 of 'defect' .* there are 12; add 7 more, or wish for"
    ):
        fit_decision(labels, said, groups, 0, parse_operating_point("recall=0.95"), "defect")
    bursts = np.r_[np.arange(12) // 2, np.arange(12, 512)]
    wish = parse_operating_point("recall=0.95")
    assert "there are 6 groups; add 13 more, or wish for recall=0.85" in describe_shortage(
        wish, "defect", labels == 0, bursts
    )
    assert describe_shortage(parse_operating_point("recall=0.9"), "defect", labels == 0, groups) == ""


def test_a_precision_that_no_threshold_keeps_is_refused() -> None:
    chance = np.random.default_rng(5)
    labels, said = np.repeat([0, 1], [40, 400]), chance.random((440, 2)).astype(np.float32)
    with pytest.raises(
        DataError, match=r"no threshold for 'defect' keeps it, the best promises precision=0\.\d+; wish for"
    ):
        fit_decision(labels, said, np.arange(440), 0, parse_operating_point("precision=0.9"), "defect")
