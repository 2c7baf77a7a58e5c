import numpy as np
import pytest

from headstart.evaluation.grouping import Targets
from headstart.tasks.multilabel.comparison import compare_label_arms, score_label_arms
from headstart.tasks.multilabel.scoring import LabelSetScoring
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import SAMPLE

from .drawn import draw_probabilities


def _arms(rows: int = 200, seed: int = 0):
    truth, good = draw_probabilities(rows, 3, seed=seed)
    chance = np.random.default_rng(seed + 1000)
    logits = np.log(good / (1 - good)) + chance.normal(0, 3, good.shape)
    return truth, {"good": good, "worse": (1 / (1 + np.exp(-logits))).astype(np.float32)}


def test_the_mean_of_the_scores_is_the_mean_average_precision():
    from sklearn.metrics import average_precision_score

    truth, arms = _arms()
    scored = score_label_arms(Targets.independent(truth), arms)
    for name, rows in arms.items():
        assert scored[name].scores.mean() == pytest.approx(average_precision_score(truth, rows))


def test_a_better_arm_is_told_from_a_worse_one_and_not_from_itself():
    truth, arms = _arms()
    targets = Targets.independent(truth)
    scored = score_label_arms(targets, {**arms, "same": arms["good"]})
    better, same = compare_label_arms(targets, scored, [("good", "worse"), ("good", "same")], 0)
    assert better.significant
    assert better.exceeds_one_se
    assert better.interval.low > 0
    assert better.loss_interval.high < 0
    assert better.only_a > better.only_b
    assert (same.difference, same.p, same.exceeds_one_se, same.standard_error) == (0, 1, False, 0)
    assert compare_label_arms(targets, scored, [], 0) == ()


def test_the_linear_spread_of_the_scores_is_that_of_resamples():
    truth, arms = _arms(400)
    targets = Targets.independent(truth)
    scored = score_label_arms(targets, arms)
    (pair,) = compare_label_arms(targets, scored, [("good", "worse")], 0)
    apart = scored["good"].scores - scored["worse"].scores
    assert apart.std() / np.sqrt(len(apart)) == pytest.approx(pair.standard_error, rel=0.15)


def test_rows_of_a_group_are_drawn_together():
    truth, arms = _arms(60)
    truth = np.repeat(truth, 4, axis=0)
    arms = {name: np.repeat(rows, 4, axis=0) for name, rows in arms.items()}
    pairs = [("good", "worse")]
    alone, together = (
        compare_label_arms(targets, score_label_arms(targets, arms), pairs, 0)[0]
        for targets in (Targets.independent(truth), Targets(truth, np.repeat(np.arange(60), 4)))
    )
    assert together.standard_error > 1.5 * alone.standard_error


def test_sentences_say_how_far_arms_are_apart():
    truth, arms = _arms()
    targets, scoring = Targets.independent(truth), LabelSetScoring()
    scored = scoring.score_arms(targets, arms)
    (pair,) = scoring.run_paired_tests(targets, scored, [("good", "worse")], 0)
    assert "points of mean average precision ahead of worse" in scoring.describe_pair(pair, SAMPLE)
    assert scoring.describe_score(scored["good"], SAMPLE).endswith("on 200 samples")
    assert scoring.describe_too_few(targets, "good", scored["good"], 1, SAMPLE) == ""
    few = Targets.independent(truth[:4])
    scored = scoring.score_arms(few, {"good": arms["good"][:4]})
    assert "too few to tell" in scoring.describe_too_few(few, "good", scored["good"], 1, SAMPLE)


def test_arms_that_do_not_belong_together_are_refused():
    truth, arms = _arms(20)
    with pytest.raises(DataError, match="0 arms on 20"):
        score_label_arms(Targets.independent(truth), {})
    with pytest.raises(DataError, match="arm 'good'"):
        score_label_arms(Targets.independent(truth), {"good": arms["good"][:5]})
