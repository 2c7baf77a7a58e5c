import json

import numpy as np
import pytest

from headstart.errors import DataError
from headstart.evaluation.evaluation import Evaluation, evaluate
from headstart.evaluation.intervals import wilson

LABELS = np.array([0, 0, 1, 1, 1])
CHANCE = np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.2, 0.8, 0], [0.1, 0.7, 0.2], [0, 0.5, 0.5]], np.float32)
NAMES = ["ants", "bees", "wasps"]


def test_every_number_knows_its_part_and_rows():
    found = evaluate("test", LABELS, CHANCE, NAMES)
    assert (found.part, found.n, found.classes) == ("test", 5, ("ants", "bees", "wasps"))
    assert found.accuracy == pytest.approx(0.8)
    assert found.accuracy_interval == wilson(4, 5)
    assert found.confusion == ((1, 1, 0), (0, 3, 0), (0, 0, 0))
    # Wasps have no rows and were not predicted: they count in neither mean.
    assert found.balanced_accuracy == pytest.approx((0.5 + 1) / 2)
    assert found.macro_f1 == pytest.approx((2 / 3 + 6 / 7) / 2)
    assert found.log_loss == pytest.approx(-np.log([0.9, 0.4, 0.8, 0.7, 0.5]).mean())
    ants, bees, wasps = found.per_class
    assert (ants.name, ants.support, ants.precision, ants.recall) == ("ants", 2, 1, 0.5)
    assert (bees.support, bees.recall, bees.f1) == (3, 1, pytest.approx(6 / 7))
    assert (wasps.support, wasps.precision, wasps.recall, wasps.f1) == (0, 0, 0, 0)


def test_json_and_back():
    found = evaluate("validation", LABELS, CHANCE, NAMES)
    text = json.dumps(found.to_json())
    assert json.loads(text)["schema_version"] == 1
    assert Evaluation.from_json(json.loads(text)) == found


def test_json_of_another_version_or_form():
    value = evaluate("test", LABELS, CHANCE, NAMES).to_json()
    with pytest.raises(DataError, match="schema version 99"):
        Evaluation.from_json(value | {"schema_version": 99})
    with pytest.raises(DataError, match="cannot be read"):
        Evaluation.from_json({key: item for key, item in value.items() if key != "classes"})
    with pytest.raises(DataError, match="cannot be read"):
        Evaluation.from_json(value | {"mood": "fine"})


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
        evaluate("test", labels, chance, NAMES)
