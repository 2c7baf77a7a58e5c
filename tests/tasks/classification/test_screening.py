"""How well the positive class is predicted: counts, shares, areas and cost, and the evaluation that holds them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics

from headstart.evaluation.grouping import Targets
from headstart.tasks.classification.evaluation import ClassificationEvaluation
from headstart.tasks.classification.scoring import ClassScoring
from headstart.tasks.classification.screening import measure_screening
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.modalities.item import SAMPLE, Noun
from headstart_runtime.tasks.classification.decision import ClassDecision
from headstart_runtime.tasks.classification.operating_point import OperatingPoint
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor

PHOTO = Noun("photo", "photos")
SPACE = make_class_space(["defect", "ok"])


def draw(n: int = 400) -> tuple[Targets, np.ndarray]:
    chance = np.random.default_rng(0)
    labels = (chance.random(n) >= 0.1).astype(np.int64)
    defect = 1 / (1 + np.exp(-chance.normal(np.where(labels == 0, 0.3, -2.5))))
    return Targets.independent(labels), np.stack([defect, 1 - defect], axis=1).astype(np.float32)


def score(decision: ClassDecision | None) -> ClassificationEvaluation:
    targets, said = draw()
    made = ClassPostprocessor(decision=decision)
    return ClassScoring().score_answers("test", targets, made.apply(said), SPACE, made)


@pytest.mark.parametrize("threshold", [None, 0.1, 0.9])
def test_shares_and_areas_are_those_of_scikit_learn_and_scipy(threshold: float | None) -> None:
    targets, said = draw()
    wanted = targets.values == 0
    told = said[:, 0] >= np.float32(threshold) if threshold is not None else said[:, 0] >= said[:, 1]
    evaluation = score(ClassDecision(0, threshold))
    found = evaluation.screening
    assert found is not None
    (cleared, alarms), (missed, right) = metrics.confusion_matrix(wanted, told)
    assert (found.found, found.missed, found.false_alarms, found.cleared) == (right, missed, alarms, cleared)
    shares = {
        "sensitivity": (right, right + missed),
        "specificity": (cleared, cleared + alarms),
        "precision": (right, right + alarms),
        "negative_predictive_value": (cleared, cleared + missed),
    }
    for name, (part, whole) in shares.items():
        one = getattr(found, name)
        interval = binomtest(int(part), int(whole)).proportion_ci(0.95, "wilson")
        assert (one.share, one.low, one.high) == pytest.approx((part / whole, interval.low, interval.high))
    assert found.roc_area is not None
    assert found.average_precision is not None
    assert found.roc_area.value == pytest.approx(metrics.roc_auc_score(wanted, said[:, 0]))
    assert found.average_precision.value == pytest.approx(metrics.average_precision_score(wanted, said[:, 0]))
    assert found.roc_area.interval.low < found.roc_area.value < found.roc_area.interval.high
    assert evaluation.accuracy == pytest.approx((right + cleared) / 400), "scores are of the predicted class"
    assert evaluation.confusion == ((right, missed), (alarms, cleared))


def test_an_evaluation_says_what_its_answers_were_taken_by_and_comes_back() -> None:
    wish = OperatingPoint("recall", 0.95)
    found = score(ClassDecision(0, 0.1, wish))
    assert found.describe().endswith("on 400 samples, 'defect' predicted from a probability of 0.1 on")
    table = found.tabulate(SAMPLE, 9)
    assert table is not None
    assert "'defect' predicted from a probability of 0.1 on\nsensitivity " in table.note
    assert "\nAUROC 0.9" in table.note
    assert ClassificationEvaluation.from_json(json.loads(json.dumps(found.to_json()))) == found
    plain = score(None)
    assert plain.screening is None
    older = {name: value for name, value in plain.to_json().items() if name != "screening"}
    assert ClassificationEvaluation.from_json(older) == plain


def test_a_cost_is_told_beside_that_of_telling_all_or_none() -> None:
    targets, _ = draw()
    found = score(ClassDecision(0, 0.1, OperatingPoint("cost", 9.0))).screening
    assert found is not None
    assert found.cost is not None
    wanted = targets.values == 0
    assert found.cost.predicted == pytest.approx((9 * found.missed + found.false_alarms) / 400)
    assert found.cost.all_positive == pytest.approx((~wanted).mean())
    assert found.cost.none_positive == pytest.approx(9 * wanted.mean())


def test_what_was_wished_for_is_told_first() -> None:
    targets, said = draw()
    wanted, told = targets.values == 0, said[:, 0] >= np.float32(0.1)
    recall, precision = np.mean(told[wanted]), np.mean(wanted[told])
    by_recall = score(ClassDecision(0, 0.1, OperatingPoint("recall", 0.9))).describe_wanted(PHOTO)
    assert by_recall.startswith(f"{recall:.1%} of the test photos of 'defect' found (")
    assert by_recall.endswith(f"{precision:.1%} of the alarms right")
    by_precision = score(ClassDecision(0, 0.1, OperatingPoint("precision", 0.8))).describe_wanted(PHOTO)
    assert by_precision.startswith(f"{precision:.1%} of the alarms for 'defect' right ({(told & wanted).sum()} of ")
    assert by_precision.endswith(f"{recall:.1%} of the test photos of 'defect' found")
    by_cost = score(ClassDecision(0, 0.1, OperatingPoint("cost", 9.0))).describe_wanted(PHOTO)
    each = (9 * (wanted & ~told).sum() + (told & ~wanted).sum()) / 400
    assert by_cost.startswith(f"each test photo costs {each:.3g} false alarms on average, where a miss costs 9 (if all")
    none_told = score(ClassDecision(0, 1.0, OperatingPoint("precision", 0.8)))
    assert none_told.describe_wanted(PHOTO).startswith("0.0% of the test photos of 'defect' found (0 of ")
    assert score(ClassDecision(0)).describe_wanted(PHOTO) == score(ClassDecision(0)).describe_rule() == ""


def test_without_a_positive_there_is_no_sensitivity_and_no_area() -> None:
    targets, said = draw()
    ok = replace(targets, values=np.ones(400, np.int64))
    found = measure_screening(ok, said, said.argmax(axis=1), "defect", ClassDecision(0))
    assert (found.sensitivity, found.roc_area, found.average_precision) == (None, None, None)
    assert found.specificity is not None
