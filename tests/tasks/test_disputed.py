"""The part of a wrong answer that a report explains: the label or number in which it is wrong."""

import numpy as np

from headstart.evaluation.grouping import Targets
from headstart.tasks.classification.scoring import ClassScoring
from headstart.tasks.classification.targets import make_class_space
from headstart.tasks.multilabel.scoring import LabelSetScoring
from headstart_runtime.tasks.classification.decision import ClassDecision
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor
from headstart_runtime.tasks.multilabel.explanation import LabelSetExplanation
from headstart_runtime.tasks.regression.explanation import NumberExplanation
from headstart_runtime.tasks.task import TargetSpace, get_task

LABELS = TargetSpace("multilabel", ("a", "b", "c"))


def test_of_several_labels_the_one_that_is_most_wrong_is_explained() -> None:
    targets = np.array([[1, 0, 0], [1, 0, 1], [1, 0, -1], [1, 1, 0]])
    said = np.array([[0.9, 0.3, 0.1], [0.9, 0.6, 0.05], [0.9, 0.1, 0.99], [0.4, 0.3, 0.2]], np.float32)
    outputs = {"probabilities": said, "labels": said >= np.float32(0.5)}
    found = LabelSetExplanation().find_disputed(LABELS, targets, outputs)
    assert list(found) == [None, "c", None, "b"], "what is unknown cannot be wrong"


def test_of_several_numbers_the_one_that_is_furthest_off_is_explained() -> None:
    space = TargetSpace("regression", ("long", "short"), {"low": [0.0, 0.0], "high": [1000.0, 1.0]})
    targets = np.array([[500.0, 0.5], [500.0, np.nan], [500.0, 0.5]])
    outputs = {"value": np.array([[520.0, 0.9], [700.0, 0.1], [900.0, 0.6]], np.float32)}
    assert NumberExplanation().find_disputed(space, targets, outputs) == ["short", "long", "long"]
    one = TargetSpace("regression", ("long",), {"low": [0.0], "high": [1.0]})
    assert NumberExplanation().find_disputed(one, targets[:, :1], {"value": targets[:, :1]}) == [None] * 3


def test_classes_and_grades_are_explained_as_they_are_answered() -> None:
    for name in ("classification", "ordinal"):
        explanation = get_task(name).explanation
        assert explanation is not None
        assert explanation.find_disputed(make_class_space(["a", "b"]), np.array([0, 1]), {}) == [None, None]


def test_the_worst_answers_are_those_that_the_threshold_gives() -> None:
    """Of classes 0 and 1 the second is told from 0.1 on: rows 1 and 2 are false alarms, row 3 is missed."""
    rare = np.array([0.02, 0.15, 0.4, 0.08, 0.9], np.float32)
    outputs = {"probabilities": np.stack([1 - rare, rare], axis=1), "predicted": (rare >= 0.1).astype(np.int64)}
    targets = Targets.independent(np.array([0, 0, 0, 1, 1]))
    scoring = ClassScoring()
    assert scoring.rank_rows(targets, outputs).tolist() == [1, 2, 3, 0, 4]
    assert scoring.pick_rows(targets, outputs, 3).tolist() == [3, 2, 1, 4]
    by_distance = scoring.pick_rows(targets, outputs, 3, ClassPostprocessor(decision=ClassDecision(1, 0.1)))
    assert by_distance.tolist() == [2, 3, 1], "0.4 is furthest from 0.1; next to it are 0.15, 0.08 and 0.4"
    likeliest = {"probabilities": outputs["probabilities"]}
    assert scoring.rank_rows(targets, likeliest).tolist()[0] == 3


def test_several_labels_are_wrong_by_their_own_thresholds() -> None:
    said = np.array([[0.3, 0.1, 0.1], [0.9, 0.1, 0.1]], np.float32)
    targets = Targets.independent(np.array([[1, 0, 0], [1, 0, 0]]))
    by_thresholds = {"probabilities": said, "labels": said >= np.float32(0.2)}
    even = {"probabilities": said}
    worst = LabelSetScoring().pick_rows(targets, even, 1).tolist()
    assert worst[0] == 0
    assert LabelSetScoring().pick_rows(targets, by_thresholds, 0).tolist() == []
