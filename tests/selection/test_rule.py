"""Which arm wins, and why."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from headstart.evaluation import metrics
from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.grouping import Targets
from headstart.evaluation.intervals import Interval
from headstart.evaluation.paired import adjust_holm, standard_error
from headstart.selection.rule import _describe_verdict
from headstart_runtime.errors import SettingError
from headstart_runtime.modalities.item import Noun
from tests.evaluation.drawn import arms, sure
from tests.selection.choosing import choose_winner


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
    assert "p below 0.001 by McNemar's test with Holm's correction): more than chance." in found.reason
    assert "can be chance" not in found.reason


def test_the_cheaper_arm_wins_where_no_difference_can_be_seen():
    # 6 photos against 4: (6 - 4)² is less than 6 + 4.
    found = choose_winner(*arms(100, probe=range(10, 26), dear=range(16, 30)), "probe", 0)
    (pair,) = found.pairs
    assert (pair.a, pair.b, pair.only_a, pair.only_b, pair.exceeds_one_se) == ("dear", "probe", 6, 4, False)
    assert (found.winner, found.best, found.told_apart, found.too_small) == ("probe", "dear", False, False)
    assert "the quickest way that does as well as dear, as far as can be told" in found.reason
    assert "dear is 2.0 points ahead of probe" in found.reason
    assert "within one standard error (3.2 points): this difference can be chance" in found.reason


def test_more_than_a_standard_error_but_not_beyond_chance():
    # 8 photos against 2: 36 > 10, and McNemar's p is 0.11.
    found = choose_winner(*arms(100, probe=range(10, 30), dear=range(18, 32)), "probe", 0)
    assert (found.winner, found.told_apart) == ("dear", True)
    assert found.pairs[0].p_holm == pytest.approx(stats.binomtest(2, 10).pvalue)
    assert "p 0.11 by McNemar's test with Holm's correction): more than one standard error" in found.reason
    assert "but this difference can be chance" in found.reason


def test_one_photo_tells_nothing_and_two_tell_by_the_rule():
    assert choose_winner(*arms(50, probe=range(20), dear=range(1, 20)), None, 0).winner == "probe"
    assert choose_winner(*arms(50, probe=range(20), dear=range(2, 20)), None, 0).winner == "dear"


def test_the_cheapest_of_those_that_cannot_be_told_from_the_best():
    targets, made = arms(300, worst=range(100), cheap=range(41), middle=range(40), best=range(1, 40))
    found = choose_winner(targets, made, None, 0)
    assert (found.winner, found.best, found.told_apart) == ("middle", "best", False)
    assert [(pair.a, pair.b) for pair in found.pairs] == [("best", "worst"), ("best", "cheap"), ("best", "middle")]
    assert [pair.p_holm for pair in found.pairs] == pytest.approx(adjust_holm([pair.p for pair in found.pairs]))


def test_an_arm_that_does_not_beat_the_baseline_never_wins():
    # "scratch" is cheap and equal to the probe, though with another photo wrong; "vote" is a little worse.
    targets, made = arms(100, scratch=range(1, 21), probe=range(20), vote=range(21))
    assert choose_winner(targets, made, None, 0).winner == "scratch"
    found = choose_winner(targets, made, "probe", 0)
    assert (found.winner, found.best, found.told_apart) == ("probe", "probe", False)
    assert "no other way beats it" in found.reason
    assert "probe and scratch have as many photos right" in found.reason


def test_equal_to_the_baseline_is_not_better_even_with_a_lower_loss():
    targets, made = arms(60, probe=range(12))
    made["tuned"] = sure(made["probe"][:, 0] > 0.5, 0.99)
    made["tuned"][:12] = made["probe"][:12]
    assert metrics.log_loss(targets.values, made["tuned"]) < metrics.log_loss(targets.values, made["probe"])
    assert choose_winner(targets, made, None, 0).best == "tuned"
    assert choose_winner(targets, made, "probe", 0).best == "probe"


def test_the_words_speak_of_rival_and_baseline():
    found = choose_winner(*arms(400, probe=range(90), tuned=range(40), blend=range(30)), "probe", 0)
    assert found.winner == "blend"
    assert "ahead of tuned" in found.reason
    assert "ahead of probe" in found.reason


def test_too_small_is_when_perfection_would_not_show():
    few, enough = (choose_winner(*arms(40, probe=range(n), dear=range(n - 1)), "probe", 0) for n in (5, 6))
    assert (few.too_small, enough.too_small) == (True, False)  # 2 / 2**5 is 0.0625, 2 / 2**6 is 0.03125
    assert "These 40 photos are too few to tell: probe makes 5 mistakes" in few.reason
    assert "could be better by chance (p 0.062 with Holm's correction; wanted below 0.05)." in few.reason
    assert "too few" not in enough.reason


def test_too_small_counts_the_pairs():
    targets, made = arms(40, probe=range(6), dear=range(5), dearer=range(5))
    assert choose_winner(targets, made, "probe", 0).too_small  # 2 × 0.03125
    one = arms(40, probe=range(1), dear=range(0))
    assert "probe makes 1 mistake on them" in choose_winner(*one, None, 0).reason
    assert choose_winner(*arms(40, probe=range(0), dear=range(0)), None, 0).too_small


def test_an_only_arm():
    found = choose_winner(*arms(40, probe=range(1)), "probe", 0)
    assert (found.winner, found.best, found.pairs, found.too_small) == ("probe", "probe", (), False)
    assert found.reason == "probe is the only way; it has 97.5% of 40 photos right."


def test_a_baseline_that_is_not_there():
    with pytest.raises(SettingError, match="baseline 'prob' is not among the arms; did you mean 'probe'"):
        choose_winner(*arms(40, probe=range(1)), "prob", 0)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(bool, st.tuples(st.integers(1, 5), st.integers(1, 25))), st.booleans())
def test_the_rule_by_brute_force(right, with_baseline):
    names = [f"arm{number}" for number in range(len(right))]
    baseline = names[len(names) // 2] if with_baseline else None
    made = {name: sure(row) for name, row in zip(names, right, strict=True)}
    found = choose_winner(Targets.independent(np.zeros(right.shape[1], np.int64)), made, baseline, 0)
    hits = dict(zip(names, right.sum(1), strict=True))
    able = [name for name in names if baseline in (None, name) or hits[name] > hits[baseline]]
    assert hits[found.best] == max(hits.values())
    assert found.best == next(name for name in able if hits[name] == hits[found.best])  # equal hits are equal losses
    best = right[names.index(found.best)]

    def within(name):
        deficit = float(best.mean() - right[names.index(name)].mean())
        return deficit <= standard_error(best, right[names.index(name)], np.arange(len(best))) + 1e-12

    assert found.winner == next(name for name in able if within(name))
    assert found.told_apart == all(not within(name) for name in names if name != found.best)


# --- arms that cost the same, and photos that belong together --------------------------------------------------------


def test_of_arms_that_cost_the_same_the_lower_cross_validated_loss_wins():
    """However small its lead is, and though the other has more validation photos right."""
    targets, made = arms(100, linear=range(9), deep=range(11))
    found = choose_winner(targets, made, "linear", 0, [{"linear": 0.31, "deep": 0.309}])
    assert (found.winner, found.best, found.told_apart, found.too_small) == ("deep", "deep", True, False)
    assert [(pair.a, pair.b, pair.difference) for pair in found.pairs] == [("deep", "linear", pytest.approx(-0.02))]
    assert found.reason == (
        "deep is taken, with 89.0% of 100 photos right: of ways that cost about the same it had the lowest loss in "
        "cross-validation (log loss 0.309 over train and validation, against 0.310 of linear)."
    )
    (equal,) = found.equals
    assert (equal.best, equal.behind) == ("deep", ("linear",))


def test_an_arm_that_costs_more_has_to_beat_the_one_that_stands_for_its_equals():
    """The dear arm beats the linear probe, but not the deep one, by a standard error."""
    targets, made = arms(200, linear=range(40), deep=range(30), dear=range(1, 30))
    equal = [{"linear": 0.5, "deep": 0.4}]
    found = choose_winner(targets, made, "linear", 0, equal)
    assert (found.winner, found.best) == ("deep", "dear")
    assert "Of ways that cost about the same, deep took part" in found.reason
    clearly = {**made, "dear": sure(np.arange(200) >= 10)}
    assert choose_winner(targets, clearly, "linear", 0, equal).winner == "dear"
    worse = {**made, "dear": sure(np.arange(200) >= 35)}
    assert choose_winner(targets, worse, "linear", 0, equal).winner == "deep"


def test_of_bursts_a_lead_is_worth_as_much_as_their_number():
    """12 photos against 2 are told apart one by one; all of one burst, they are one lead against two."""
    groups = np.arange(100)
    groups[:12] = 0
    targets, made = arms(100, probe=range(12), dear=range(12, 14))
    assert choose_winner(targets, made, "probe", 0).winner == "dear"
    found = choose_winner(Targets(targets.values, groups), made, "probe", 0)
    assert (found.winner, found.best, found.too_small) == ("probe", "dear", True)
    assert "probe makes 12 mistakes in 1 group on them" in found.reason


def pair(other, *, p=1.0, exceeds=False):
    zero = Interval(-0.1, 0.1, 0.95)
    return PairedTest("best", other, 120, 0.02, zero, 3, 1, p, p, 0.02, 0.0, zero, exceeds)


@pytest.mark.parametrize(
    ("winner", "rivals", "ways", "too_few", "said"),
    [
        ("best", [], 1, False, "best was the only way that was tried."),
        (
            "quick",
            [pair("quick")],
            2,
            False,
            "Two ways did equally well, as far as 120 validation photos can tell; the quicker one, quick, was kept.",
        ),
        (
            "best",
            [pair("a"), pair("b")],
            3,
            False,
            (
                "Three ways did equally well, as far as 120 validation photos can tell; the quickest of them, best, "
                "was kept."
            ),
        ),
        ("best", [pair("a", p=0.001, exceeds=True)], 2, False, "best had the best score, by more than chance."),
        ("best", [pair("a", p=0.2, exceeds=True)], 2, False, "best had the best score, but its lead can be chance."),
        (
            "best",
            [],
            2,
            False,
            "best was kept: of two ways that cost about the same it was the better one in cross-validation.",
        ),
        (
            "best",
            [],
            3,
            False,
            "best was kept: of three ways that cost about the same it was the best in cross-validation.",
        ),
        (
            "best",
            [pair("a", p=0.2, exceeds=True)],
            2,
            True,
            "best had the best score, but its lead can be chance. These photos are too few to tell ways apart surely.",
        ),
    ],
)
def test_the_choice_is_said_in_a_sentence(winner, rivals, ways, too_few, said):
    noun = Noun("photo", "photos")
    assert _describe_verdict(winner, rivals, noun, ways=ways, too_few=too_few) == said
