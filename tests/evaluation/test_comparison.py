import json
from fractions import Fraction
from itertools import combinations
from math import comb, inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from headstart.errors import DataError, SettingError
from headstart.evaluation import metrics
from headstart.evaluation.comparison import (
    Choice,
    Pair,
    choose_winner,
    compare_pairs,
    holm,
    mcnemar_exact,
    paired_interval,
    score_interval,
    smallest_difference,
    standard_error,
)

RIGHTS = st.integers(2, 60).flatmap(lambda n: st.tuples(hnp.arrays(bool, n), hnp.arrays(bool, n)))


def rights(both: int, only_a: int, only_b: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    counts = [both, only_a, only_b, neither]
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def sure(right: np.ndarray, chance: float = 0.9) -> np.ndarray:
    """Probabilities over two classes, of photos that are all of class 0."""
    first = np.where(right, chance, 1 - chance)
    return np.stack([first, 1 - first], axis=1)


def arms(n: int, **wrong: range) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Labels, and arms that are wrong on the photos given."""
    return np.zeros(n, np.int64), {
        name.replace("_", "-"): sure(~np.isin(np.arange(n), list(rows))) for name, rows in wrong.items()
    }


# --- McNemar -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [1, 2, 7, 40, 301, 2000])
def test_mcnemar_is_the_binomial_test_of_scipy(total):
    for only_a in {0, 1, total // 4, total // 2 - 1, total // 2, total - 1, total} - {-1}:
        found = mcnemar_exact(*rights(5, only_a, total - only_a, 3))
        assert found == pytest.approx(stats.binomtest(only_a, total).pvalue, rel=1e-9, abs=1e-300)


def test_mcnemar_of_a_hundred_thousand_photos():
    found = mcnemar_exact(*rights(10, 49_500, 50_500, 10))
    assert found == pytest.approx(stats.binomtest(49_500, 100_000).pvalue, rel=1e-8)


def test_mcnemar_where_nothing_differs():
    assert mcnemar_exact(*rights(4, 0, 0, 4)) == 1
    assert mcnemar_exact(*rights(4, 3, 3, 4)) == 1


@given(RIGHTS)
def test_mcnemar_is_even_handed_and_exact(pair):
    a, b = pair
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    n, k = only_a + only_b, min(only_a, only_b)
    wanted = min(Fraction(1), Fraction(2 * sum(comb(n, i) for i in range(k + 1)), 2**n))
    assert mcnemar_exact(a, b) == mcnemar_exact(b, a) == pytest.approx(float(wanted), rel=1e-12)


# --- Holm ----------------------------------------------------------------------------------------------------------


def closed_testing(p: list[float]) -> list[float]:
    """Holm by its definition: the largest Bonferroni p over all sets of hypotheses that hold the one in question."""
    sets = [set(chosen) for size in range(1, len(p) + 1) for chosen in combinations(range(len(p)), size)]
    return [max(min(1, len(each) * min(p[i] for i in each)) for each in sets if one in each) for one in range(len(p))]


@given(st.lists(st.floats(0, 1), max_size=6))
def test_holm_is_closed_testing_with_bonferroni(p):
    assert holm(p) == pytest.approx(tuple(closed_testing(p)))


def test_holm_keeps_the_order_given():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx((0.06, 0.03, 0.06))
    assert holm([]) == ()


# --- standard error and the rule of one standard error -------------------------------------------------------------


@given(RIGHTS)
def test_standard_error_is_that_of_a_mean(pair):
    a, b = pair
    assert standard_error(a, b) == pytest.approx(stats.sem(a.astype(float) - b), abs=1e-15)


def test_standard_error_of_one_photo_is_its_difference():
    assert standard_error(np.array([False]), np.array([True])) == 1
    assert standard_error(np.array([True]), np.array([True])) == 0


@pytest.mark.parametrize("n", [2, 3, 11])
def test_told_is_a_difference_above_one_standard_error(n):
    """In fractions, as floating point would decide the case of one photo by rounding."""
    for only_a in range(n // 2 + 1):
        for only_b in range(n // 2 + 1):
            a, b = rights(n - only_a - only_b, only_a, only_b, 0)
            pair = compare_pairs(np.zeros(n, np.int64), {"a": sure(a), "b": sure(b)}, 0)[0]
            mean = Fraction(only_a - only_b, n)
            variance = (only_a + only_b - n * mean**2) / (n - 1) / n
            assert float(variance) == pytest.approx(standard_error(a, b) ** 2)
            assert pair.told == (mean**2 > variance)


# --- intervals -----------------------------------------------------------------------------------------------------


def test_paired_interval_is_that_of_scipy():
    random = np.random.default_rng(1)
    a = random.gamma(2.0, size=150)
    b = a + random.normal(0.3, 1.0, 150)
    found = paired_interval(a, b, 0, draws=20_000)
    wanted = stats.bootstrap((a - b,), np.mean, n_resamples=20_000, method="percentile", rng=random)
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval), abs=0.01)
    assert found.low < (a - b).mean() < found.high
    assert found.level == 0.95


def test_paired_interval_knows_that_photos_are_the_same():
    """Values that vary much but differ by a constant leave nothing open."""
    a = np.arange(50.0)
    found = paired_interval(a + 2, a, 3)
    assert (found.low, found.high) == pytest.approx((2, 2))


def test_paired_interval_of_many_photos_is_drawn_in_chunks(monkeypatch):
    random = np.random.default_rng(2)
    a, b = random.random(90), random.random(90)
    whole = paired_interval(a, b, 5, draws=101)
    monkeypatch.setattr("headstart.evaluation.comparison._CHUNK", 700)  # 7 draws, and 3 that are left
    assert paired_interval(a, b, 5, draws=101).low == pytest.approx(whole.low, abs=1e-12)
    monkeypatch.setattr("headstart.evaluation.comparison._CHUNK", 10)  # fewer than the photos
    assert paired_interval(a, b, 5, draws=101).high == pytest.approx(whole.high, abs=1e-12)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(3)
    met = 0
    for seed in range(200):
        a, b = random.random(80) < 0.8, random.random(80) < 0.7
        found = paired_interval(a, b, seed, draws=400, level=0.9)
        met += found.low <= 0.1 <= found.high
    assert 165 <= met <= 192  # 180 wanted, binomial standard deviation 4.2, and percentile intervals are a bit narrow


def accuracy_of(labels, predicted):
    return float((labels == predicted).mean())


def macro_f1_of(labels, predicted):
    return metrics.macro_f1(metrics.confusion_matrix(labels, predicted, 3))


def test_score_interval_of_a_mean_is_the_paired_interval():
    random = np.random.default_rng(4)
    labels, a, b = random.integers(0, 3, 120), random.random((120, 3)), random.random((120, 3))
    a[np.arange(120), labels] += 0.4
    found = score_interval(accuracy_of, labels, a, b, 0)
    wanted = paired_interval(a.argmax(1) == labels, b.argmax(1) == labels, 1)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=0.02)


def test_score_interval_of_macro_f1_against_scipy():
    random = np.random.default_rng(5)
    labels, a, b = random.integers(0, 3, 90), random.random((90, 3)), random.random((90, 3))
    a[np.arange(90), labels] += 0.5
    found = score_interval(macro_f1_of, labels, a, b, 0, draws=3000, level=0.9)
    predicted = np.stack([a.argmax(1), b.argmax(1)])
    wanted = stats.bootstrap(
        (labels, *predicted),
        lambda y, one, other: macro_f1_of(y, one) - macro_f1_of(y, other),
        paired=True,
        vectorized=False,
        n_resamples=3000,
        method="percentile",
        confidence_level=0.9,
        rng=random,
    )
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval), abs=0.02)
    assert score_interval(macro_f1_of, labels, a, a, 0).high == 0


# --- pairs ---------------------------------------------------------------------------------------------------------


def three_arms(n=200):
    random = np.random.default_rng(6)
    labels = random.integers(0, 4, n)
    made = {}
    for name, lift in (("cheap", 0.3), ("middle", 0.5), ("dear", 0.9)):
        raw = random.random((n, 4))
        raw[np.arange(n), labels] += lift
        made[name] = (raw / raw.sum(1, keepdims=True)).astype(np.float32)
    return labels, made


def test_pairs_hold_what_their_parts_say():
    labels, made = three_arms()
    pairs = compare_pairs(labels, made, 9)
    assert [(pair.a, pair.b) for pair in pairs] == [("cheap", "middle"), ("cheap", "dear"), ("middle", "dear")]
    assert [pair.p_holm for pair in pairs] == pytest.approx(holm([pair.p for pair in pairs]))
    for pair in pairs:
        a, b = made[pair.a], made[pair.b]
        right_a, right_b = a.argmax(1) == labels, b.argmax(1) == labels
        assert pair.n == 200
        assert pair.difference == pytest.approx(right_a.mean() - right_b.mean())
        assert pair.only_a - pair.only_b == round(200 * pair.difference)
        assert pair.only_a + pair.only_b == (right_a != right_b).sum()
        assert (pair.p, pair.standard_error) == (mcnemar_exact(right_a, right_b), standard_error(right_a, right_b))
        assert pair.loss_difference == pytest.approx(metrics.log_loss(labels, a) - metrics.log_loss(labels, b))
        own = [-np.log(it[np.arange(200), labels].astype(float)) for it in (a, b)]
        for found, wanted in (
            (pair.interval, paired_interval(right_a, right_b, 9)),
            (pair.loss_interval, paired_interval(*own, 9)),
        ):
            assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_a_seed_decides_the_intervals():
    labels, made = three_arms()
    assert compare_pairs(labels, made, 1) == compare_pairs(labels, made, 1)
    assert compare_pairs(labels, made, 1)[0].loss_interval != compare_pairs(labels, made, 2)[0].loss_interval


def test_json_and_back():
    labels, made = three_arms()
    choice = choose_winner(labels, made, "cheap", 0)
    assert Choice.from_json(json.loads(json.dumps(choice.to_json()))) == choice
    pair = choice.pairs[0]
    assert Pair.from_json(json.loads(json.dumps(pair.to_json()))) == pair


def test_json_of_another_form():
    labels, made = three_arms()
    choice = choose_winner(labels, made, None, 0).to_json()
    pair = choice["pairs"][0]
    for broken in (pair | {"mood": 1}, {name: pair[name] for name in pair if name != "interval"}):
        with pytest.raises(DataError, match="pair cannot be read"):
            Pair.from_json(broken)
    for broken in (choice | {"mood": 1}, {name: choice[name] for name in choice if name != "pairs"}):
        with pytest.raises(DataError, match="choice cannot be read"):
            Choice.from_json(broken)


@pytest.mark.parametrize(
    ("labels", "made", "message"),
    [
        (np.zeros(0, np.int64), {"a": np.zeros((0, 2))}, "1 arms on 0 photos"),
        (np.zeros(3, np.int64), {}, "0 arms on 3 photos"),
        (np.zeros(3, np.int64), {"a": np.ones((3, 2)), "b": np.ones((4, 2))}, r"'b' has .* \(4, 2\); wanted \(3, 2\)"),
        (np.zeros(3, np.int64), {"a": np.full((3, 2), np.nan)}, "without NaN"),
        (np.zeros(3, np.int64) + 2, {"a": np.ones((3, 2))}, "labels run from 2 to 2; wanted 0 to 1"),
        (np.zeros(3, np.int64) - 1, {"a": np.ones((3, 2))}, "labels run from -1 to -1"),
    ],
)
def test_what_cannot_be_compared(labels, made, message):
    with pytest.raises(DataError, match=message):
        compare_pairs(labels, made, 0)
    with pytest.raises(DataError, match=message):
        choose_winner(labels, made, None, 0)


# --- the winner ----------------------------------------------------------------------------------------------------


def test_a_clear_winner_says_so():
    found = choose_winner(*arms(200, linear_probe=range(40), partial_finetune=range(10)), "linear-probe", 0)
    assert (found.winner, found.best, found.told_apart, found.too_small) == (
        "partial-finetune",
        "partial-finetune",
        True,
        False,
    )
    assert "partial-finetune wins with 95.0% of 200 photos right." in found.reason
    assert "15.0 points ahead of linear-probe (95 % interval 1" in found.reason
    assert "McNemar p below 0.001 after Holm): beyond chance." in found.reason
    assert "not beyond" not in found.reason


def test_the_cheaper_arm_wins_where_no_difference_can_be_seen():
    # 6 photos against 4: (6 - 4)² is less than 6 + 4.
    found = choose_winner(*arms(100, probe=range(10, 26), dear=range(16, 30)), "probe", 0)
    (pair,) = found.pairs
    assert (pair.a, pair.b, pair.only_a, pair.only_b, pair.told) == ("dear", "probe", 6, 4, False)
    assert (found.winner, found.best, found.told_apart, found.too_small) == ("probe", "dear", False, False)
    assert "the cheapest arm that cannot be told from the best, dear" in found.reason
    assert "dear is 2.0 points ahead of probe" in found.reason
    assert "within one standard error (3.2 points): no difference could be seen" in found.reason


def test_more_than_a_standard_error_but_not_beyond_chance():
    # 8 photos against 2: 36 > 10, and McNemar's p is 0.11.
    found = choose_winner(*arms(100, probe=range(10, 30), dear=range(18, 32)), "probe", 0)
    assert (found.winner, found.told_apart) == ("dear", True)
    assert found.pairs[0].p_holm == pytest.approx(stats.binomtest(2, 10).pvalue)
    assert "McNemar p 0.11 after Holm): more than one standard error" in found.reason
    assert "but not beyond chance" in found.reason


def test_one_photo_tells_nothing_and_two_tell_by_the_rule():
    assert choose_winner(*arms(50, probe=range(20), dear=range(1, 20)), None, 0).winner == "probe"
    assert choose_winner(*arms(50, probe=range(20), dear=range(2, 20)), None, 0).winner == "dear"


def test_the_cheapest_of_those_that_cannot_be_told_from_the_best():
    labels, made = arms(300, worst=range(100), cheap=range(41), middle=range(40), best=range(1, 40))
    found = choose_winner(labels, made, None, 0)
    assert (found.winner, found.best, found.told_apart) == ("middle", "best", False)
    assert [(pair.a, pair.b) for pair in found.pairs] == [("best", "worst"), ("best", "cheap"), ("best", "middle")]
    assert [pair.p_holm for pair in found.pairs] == pytest.approx(holm([pair.p for pair in found.pairs]))


def test_an_arm_that_does_not_beat_the_baseline_never_wins():
    # "scratch" is cheap and equal to the probe, though with another photo wrong; "flips" is a little worse.
    labels, made = arms(100, scratch=range(1, 21), probe=range(20), flips=range(21))
    assert choose_winner(labels, made, None, 0).winner == "scratch"
    found = choose_winner(labels, made, "probe", 0)
    assert (found.winner, found.best, found.told_apart) == ("probe", "probe", False)
    assert "no other arm beats it" in found.reason
    assert "probe and scratch have as many photos right" in found.reason


def test_equal_to_the_baseline_is_not_better_even_with_a_lower_loss():
    labels, made = arms(60, probe=range(12))
    made["tuned"] = sure(made["probe"][:, 0] > 0.5, 0.99)
    made["tuned"][:12] = made["probe"][:12]
    assert metrics.log_loss(labels, made["tuned"]) < metrics.log_loss(labels, made["probe"])
    assert choose_winner(labels, made, None, 0).best == "tuned"
    assert choose_winner(labels, made, "probe", 0).best == "probe"


def test_the_words_speak_of_rival_and_baseline():
    found = choose_winner(*arms(400, probe=range(90), tuned=range(40), blend=range(30)), "probe", 0)
    assert found.winner == "blend"
    assert "ahead of tuned" in found.reason
    assert "ahead of probe" in found.reason


def test_too_small_is_when_perfection_would_not_show():
    few, enough = (choose_winner(*arms(40, probe=range(n), dear=range(n - 1)), "probe", 0) for n in (5, 6))
    assert (few.too_small, enough.too_small) == (True, False)  # 2 / 2**5 is 0.0625, 2 / 2**6 is 0.03125
    assert "These 40 photos are too few to tell: probe makes 5 mistakes" in few.reason
    assert "would have p 0.062 after Holm; wanted below 0.05" in few.reason
    assert "too few" not in enough.reason


def test_too_small_counts_the_pairs():
    labels, made = arms(40, probe=range(6), dear=range(5), dearer=range(5))
    assert choose_winner(labels, made, "probe", 0).too_small  # 2 × 0.03125
    one = arms(40, probe=range(1), dear=range(0))
    assert "probe makes 1 mistake on them" in choose_winner(*one, None, 0).reason
    assert choose_winner(*arms(40, probe=range(0), dear=range(0)), None, 0).too_small


def test_an_only_arm():
    found = choose_winner(*arms(40, probe=range(1)), "probe", 0)
    assert (found.winner, found.best, found.pairs, found.too_small) == ("probe", "probe", (), False)
    assert found.reason == "probe is the only arm; it has 97.5% of 40 photos right."


def test_a_baseline_that_is_not_there():
    with pytest.raises(SettingError, match="baseline 'prob' is not among the arms; did you mean 'probe'"):
        choose_winner(*arms(40, probe=range(1)), "prob", 0)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(bool, st.tuples(st.integers(1, 5), st.integers(1, 25))), st.booleans())
def test_the_rule_by_brute_force(right, with_baseline):
    names = [f"arm{number}" for number in range(len(right))]
    baseline = names[len(names) // 2] if with_baseline else None
    made = {name: sure(row) for name, row in zip(names, right, strict=True)}
    found = choose_winner(np.zeros(right.shape[1], np.int64), made, baseline, 0)
    hits = dict(zip(names, right.sum(1), strict=True))
    able = [name for name in names if baseline in (None, name) or hits[name] > hits[baseline]]
    assert hits[found.best] == max(hits.values())
    assert found.best == next(name for name in able if hits[name] == hits[found.best])  # equal hits are equal losses
    best = right[names.index(found.best)]

    def within(name):
        deficit = float(best.mean() - right[names.index(name)].mean())
        return deficit <= standard_error(best, right[names.index(name)]) + 1e-12

    assert found.winner == next(name for name in able if within(name))
    assert found.told_apart == all(not within(name) for name in names if name != found.best)


# --- what a part can tell ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [6, 30, 250, 1000, 100_000])
def test_smallest_difference_has_the_power_it_claims(n):
    found = smallest_difference(n, 1.0)
    counts = np.arange(min(n, 200) + 1)
    telling = counts[[stats.binomtest(0, int(count)).pvalue < 0.05 if count else False for count in counts]]
    assert stats.binom.sf(telling.min() - 1, n, found) == pytest.approx(0.8, abs=1e-3)


def test_smallest_difference_in_a_simulation():
    random = np.random.default_rng(7)
    share = smallest_difference(120, 0.3)
    shown = [mcnemar_exact(np.ones(120, bool), random.random(120) >= share) < 0.05 for _ in range(2000)]
    assert np.mean(shown) == pytest.approx(0.8, abs=4 * sqrt(0.8 * 0.2 / 2000))


def test_no_difference_can_be_shown_where_there_are_too_few_mistakes():
    assert smallest_difference(5, 1.0) == inf
    assert smallest_difference(100, 0.05) == inf  # 5 mistakes
    assert smallest_difference(100, 0.1) == pytest.approx(0.078, abs=0.001)
