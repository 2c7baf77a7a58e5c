import json
from dataclasses import dataclass

import numpy as np
import pytest

from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.tasks.multilabel.postprocessor import LabelSetPostprocessor, LabelThreshold, RiskControl
from headstart_runtime.tasks.multilabel.task import MultilabelTask
from headstart_runtime.tasks.task import TargetSpace

SPACE = TargetSpace("multilabel", ("cat", "dog", "<b>"))
TASK = MultilabelTask()
ROWS = np.array([[0.7, 0.95, 0.2], [0.1, 0.05, 0.02]], np.float32)
POSTPROCESSOR = LabelSetPostprocessor(
    thresholds=tuple(LabelThreshold(value, "f1", None, 9) for value in (0.6, 0.5, 0.4)), risk=RiskControl(0.1, 0.15, 50)
)


@dataclass
class _Item:
    name: str
    repaired: str | None = None
    note: str = ""


def _predict():
    batch = BatchPredictions(POSTPROCESSOR.apply(ROWS), np.array([0.5, 1.5], np.float32))
    return TASK.make_predictions([_Item("1.png"), _Item("2.png")], batch, SPACE)


def test_an_answer_is_the_labels_that_are_there_likeliest_first() -> None:
    first, second = _predict()
    assert first.labels == ("dog", "cat")
    assert first.prediction_set == ("dog", "cat", "<b>")
    assert first.describe() == "dog 95.0%, cat 70.0%"
    assert first.describe(3) == "dog 95.0%, cat 70.0% (not <b> 20.0%)"
    assert second.labels == ()
    assert second.describe() == "none of the labels (likeliest cat 10.0%)"
    assert second.out_of_distribution


def test_it_is_json_cells_and_html() -> None:
    first, second = _predict()
    record = json.loads(json.dumps(first.to_json(2)))
    assert record["labels"] == ["dog", "cat"]
    assert list(record["probabilities"]) == list(SPACE.names)
    assert [one["label"] for one in record["top"]] == ["dog", "cat"]
    assert first.to_cells(1) == [("dog", "cat"), "dog", "0.950000", ("dog", "cat", "<b>")]
    html = first._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "unlike the training data" in second._repr_html_()


def test_one_that_cannot_be_read_has_every_key() -> None:
    failed = TASK.make_failure(_Item("x"), ValueError("broken"), SPACE)
    record = failed.to_json()
    assert record.keys() == _predict()[0].to_json().keys()
    assert (record["labels"], record["error"]) == (None, "broken")
    assert "broken" in failed._repr_html_()


def test_a_postprocessor_is_read_as_it_was_written_and_held_to_its_space() -> None:
    record = json.loads(json.dumps(POSTPROCESSOR.to_json()))
    assert TASK.read_postprocessor(record, SPACE) == POSTPROCESSOR
    assert dict(TASK.describe_model(SPACE, POSTPROCESSOR, {}))["thresholds"] == "0.40 to 0.60, for the best F1"
    for wrong in (TargetSpace("multilabel", ("cat",)), TargetSpace("multilabel", ("a", "b", "c", "d"))):
        with pytest.raises(ValueError, match="wanted"):
            TASK.read_postprocessor(record, wrong)
