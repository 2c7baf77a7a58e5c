import json
from dataclasses import replace

import numpy as np
import pytest

from headstart.evaluation.evaluation import describe_caveat
from headstart.evaluation.grouping import Targets
from headstart.evaluation.intervals import grouped_wilson_interval, wilson_interval
from headstart.tasks.classification.evaluation import ClassificationEvaluation, score_predictions
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Noun

LABELS = np.array([0, 0, 1, 1, 1])
CHANCE = np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.2, 0.8, 0], [0.1, 0.7, 0.2], [0, 0.5, 0.5]], np.float32)
TARGETS = Targets.independent(LABELS)
NAMES = ["ants", "bees", "wasps"]


def test_every_number_knows_its_part_and_rows():
    found = score_predictions("test", TARGETS, CHANCE, NAMES)
    assert (found.part, found.n, found.classes) == ("test", 5, ("ants", "bees", "wasps"))
    assert found.accuracy == pytest.approx(0.8)
    assert found.accuracy_interval == wilson_interval(4, 5)
    assert found.confusion == ((1, 1, 0), (0, 3, 0), (0, 0, 0))
    # Wasps have no rows and were not predicted: they count in neither mean.
    assert found.balanced_accuracy == pytest.approx((0.5 + 1) / 2)
    assert found.macro_f1 == pytest.approx((2 / 3 + 6 / 7) / 2)
    assert found.log_loss == pytest.approx(-np.log([0.9, 0.4, 0.8, 0.7, 0.5]).mean())
    ants, bees, wasps = found.per_class
    assert (ants.name, ants.support, ants.precision, ants.recall) == ("ants", 2, 1, 0.5)
    assert (bees.support, bees.recall, bees.f1) == (3, 1, pytest.approx(6 / 7))
    assert (bees.recall_interval, found.groups, found.effective_n) == (wilson_interval(3, 3), 5, 5)
    assert (wasps.support, wasps.precision, wasps.recall, wasps.f1, wasps.recall_interval) == (0, *[None] * 4)


def test_a_class_without_rows_is_in_no_mean_even_where_it_was_predicted():
    """Two classes of three are there, as where a classifier is tried on some of its classes only."""
    chance = np.array([[0.9, 0.1, 0], [0.1, 0.2, 0.7], [0, 0.9, 0.1], [0, 0.8, 0.2], [0.1, 0.9, 0]], np.float32)
    found = score_predictions("given", TARGETS, chance, NAMES)
    ants, bees, wasps = found.per_class
    assert (ants.f1, bees.f1) == (pytest.approx(2 / 3), 1)
    assert found.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    assert (wasps.precision, wasps.recall, wasps.f1) == (0, None, None)


def test_photos_that_belong_together_widen_every_interval():
    grouped = Targets(LABELS, np.array([7, 7, 3, 3, 3]))
    found, alone = score_predictions("test", grouped, CHANCE, NAMES), score_predictions("test", TARGETS, CHANCE, NAMES)
    assert (found.groups, found.accuracy) == (2, alone.accuracy)
    assert (found.describe_count(), alone.describe_count()) == ("5 samples in 2 groups", "5 samples")
    assert replace(found, groups=1).describe_count() == "5 samples in 1 group"
    assert replace(alone, n=1, groups=1).describe_count(Noun("photo", "photos")) == "1 photo"
    right = CHANCE.argmax(1) == LABELS
    assert found.accuracy_interval == grouped_wilson_interval(right, grouped.groups)
    assert found.accuracy_interval.low < alone.accuracy_interval.low
    assert found.per_class[1].recall_interval == grouped_wilson_interval(right[2:], grouped.groups[2:])
    assert found.per_class[1].recall_interval.low < alone.per_class[1].recall_interval.low


def test_what_was_chosen_on_the_same_rows_is_said():
    found = score_predictions("validation", TARGETS, CHANCE, NAMES, chosen_on=("epoch", "search", "winner"))
    assert found.optimistic
    assert found.caveat == "optimistic: it also decided when to end the training, the settings and the winner"
    assert describe_caveat(("winner",)) == "optimistic: it also decided the winner"
    plain = score_predictions("test", TARGETS, CHANCE, NAMES)
    assert (plain.optimistic, plain.caveat) == (False, "")


def test_json_and_back():
    found = score_predictions("validation", TARGETS, CHANCE, NAMES)
    text = json.dumps(found.to_json())
    assert json.loads(text)["schema_version"] == 1
    assert ClassificationEvaluation.from_json(json.loads(text)) == found


def test_json_of_another_version_or_form():
    value = score_predictions("test", TARGETS, CHANCE, NAMES).to_json()
    with pytest.raises(DataError, match="schema version 99"):
        ClassificationEvaluation.from_json(value | {"schema_version": 99})
    with pytest.raises(DataError, match="cannot be read"):
        ClassificationEvaluation.from_json({key: item for key, item in value.items() if key != "classes"})
    with pytest.raises(DataError, match="cannot be read"):
        ClassificationEvaluation.from_json(value | {"mood": "fine"})


@pytest.mark.parametrize(
    ("labels", "chance", "message"),
    [
        (LABELS[:0], CHANCE[:0], "has no rows"),
        (LABELS, CHANCE[:4], r"shape \(4, 3\); wanted \(5, 3\)"),
        (LABELS + 2, CHANCE, "labels run from 2 to 3; wanted 0 to 2"),
        (LABELS, CHANCE * np.nan, "5 rows of probabilities hold NaN"),
    ],
)
def test_what_cannot_be_evaluated(labels, chance, message):
    with pytest.raises(DataError, match=message):
        score_predictions("test", Targets.independent(labels), chance, NAMES)
