import numpy as np

from headstart.tasks.multilabel.trust_record import describe_trust, record_counts
from headstart_runtime.modalities.item import Noun

RECORD = {
    "calibration": {"before": {"ece": 0.08}, "after": {"ece": 0.031}},
    "risk": {"promised": 0.1, "test": {"rate": 0.094, "low": 0.07, "high": 0.12, "set_size": 3.25}},
    "label_pairs": [{"first": "cat", "second": "dog", "there": 40, "taken": 70, "wrong": 33, "missed": 3, "p": 0.001}],
}


def test_sentences_say_how_far_answers_can_be_trusted() -> None:
    said = describe_trust(RECORD, Noun("photo", "photos"))
    assert said == [
        "calibration error 3.1% (8.0% before): stated probabilities are off by 3.1 points on average",
        "prediction sets miss 9.4% of the labels of test photos (10% promised); they name 3.2 labels on average",
        "cat and dog are taken together on 70 test photos; 33 of these do not have both",
    ]
    assert describe_trust({"calibration": None, "risk": None}, Noun("photo", "photos")) == []


def test_counts_are_of_each_part_and_unknown_ones_only_where_there_are_some() -> None:
    train, test = np.array([[1, 0], [1, 1]], np.int8), np.array([[0, 1]], np.int8)
    assert record_counts([train, test]) == {"counts": [[2, 0], [1, 1]], "unknown": None}
    assert record_counts([train, -test])["unknown"] == [[0, 0], [0, 1]]
