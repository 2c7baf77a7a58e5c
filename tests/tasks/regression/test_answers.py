import json
from types import SimpleNamespace
from typing import Any

import numpy as np

from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.tasks.regression.task import RegressionTask

from .drawn import make_space

TASK = RegressionTask()
ONE = make_space("weight (g)", values=[[1.5], [2.0]])
BOTH = make_space("weight (g)", "age", values=[[1.5, 3], [2.0, 4]])
ITEM: Any = SimpleNamespace(name="a.png", repaired=None, note="")


def batch(outputs: int, *, intervals: bool = True) -> BatchPredictions:
    value = np.array([[12.35, 7.0]], np.float32)[:, :outputs]
    ends = {"interval": np.stack([value - 1, value + 2], axis=2)} if intervals else {}
    return BatchPredictions({"value": value, **ends}, np.array([1.4], np.float32))


def test_one_number_has_its_unit_and_its_interval() -> None:
    (answer,) = TASK.make_predictions([ITEM], batch(1), ONE)
    assert (answer.value, answer.interval, answer.unit) == (12.35, (11.35, 14.35), "g")
    assert answer.describe() == "12.35 g (11.35 to 14.35)"
    assert answer.to_cells() == ["12.35", "11.35", "14.35"]
    assert TASK.answer_columns(1, ONE) == ("value", "low", "high")
    assert answer.out_of_distribution
    record = json.loads(json.dumps(answer.to_json()))
    assert (record["value"], record["interval"], record["unit"]) == (12.35, [11.35, 14.35], "g")
    html = answer._repr_html_()
    assert "weight (g)" in html
    assert "12.35 g" in html
    assert "unlike the training data" in html


def test_several_numbers_go_by_their_names() -> None:
    (answer,) = TASK.make_predictions([ITEM], batch(2), BOTH)
    assert answer.value == {"weight (g)": 12.35, "age": 7.0}
    assert answer.describe() == "weight (g) 12.35 (11.35 to 14.35), age 7 (6 to 9)"
    assert len(answer.to_cells()) == len(TASK.answer_columns(1, BOTH)) == 6
    assert TASK.answer_columns(1, BOTH)[3:] == ("age", "age low", "age high")
    record = json.loads(json.dumps(answer.to_json()))
    assert record["interval"] == {"weight (g)": [11.35, 14.35], "age": [6, 9]}
    assert record["unit"] == {"weight (g)": "g", "age": ""}


def test_without_intervals_there_is_the_number() -> None:
    (answer,) = TASK.make_predictions([ITEM], batch(1, intervals=False), ONE)
    assert answer.interval is None
    assert answer.describe() == "12.35 g"
    assert answer.to_cells() == ["12.35", "", ""]


def test_a_failure_has_the_keys_of_an_answer() -> None:
    failed = TASK.make_failure(ITEM, ValueError("it is cut off"), ONE)
    (answer,) = TASK.make_predictions([ITEM], batch(1), ONE)
    assert failed.to_json().keys() == answer.to_json().keys()
    assert failed.to_json()["error"] == "it is cut off"
    assert failed.value is None
    assert "it is cut off" in failed._repr_html_()
