"""A prediction as plain values and as a table; rows of a batch taken out and joined."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from headstart_runtime.inference.classifier import Classifier, load
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.inference.prediction import Prediction, make_failure, make_predictions
from headstart_runtime.modalities.image.load import OpenedPhoto
from headstart_runtime.tasks.classification.postprocessor import make_batch
from tests.fixtures.make import RUN

KEYS = (
    "source label probability probabilities top prediction_set novelty out_of_distribution repaired note error".split()  # noqa: SIM905
)
ROWS = np.array([[0.2, 0.7, 0.1], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], np.float32)
NAMES = ("ant", "bee", "<wasp>")


class Cells(HTMLParser):
    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load(RUN, "onnxruntime")


def predictions(novelty: bool = True) -> list[Prediction]:
    batch = make_batch(
        ROWS, ROWS[:, ::-1], ROWS > 0.2 if novelty else None, np.array([0.5, 2, 1], np.float32) if novelty else None
    )
    return make_predictions([OpenedPhoto(f"{index}.jpg") for index in range(3)], batch, NAMES)


def test_every_key_is_there_in_plain_values() -> None:
    broken = make_failure(OpenedPhoto("a.jpg"), ValueError("zero bytes"), NAMES)
    for prediction in (*predictions(), *predictions(novelty=False), broken):
        record = prediction.to_json()
        assert list(record) == KEYS
        assert json.loads(json.dumps(record)) == record
    first, second, _ = predictions()
    assert first.to_json(top=2) == {
        "source": "0.jpg",
        "label": "bee",
        "probability": pytest.approx(0.7),
        "probabilities": pytest.approx({"ant": 0.2, "bee": 0.7, "<wasp>": 0.1}),
        "top": [
            {"label": "bee", "probability": pytest.approx(0.7)},
            {"label": "ant", "probability": pytest.approx(0.2)},
        ],
        "prediction_set": ["bee"],
        "novelty": 0.5,
        "out_of_distribution": False,
        "repaired": None,
        "note": None,
        "error": None,
    }
    assert second.to_json()["out_of_distribution"] is True
    assert {key: value for key, value in broken.to_json().items() if value is not None} == {
        "source": "a.jpg",
        "error": "zero bytes",
    }


def test_the_first_of_equals_is_first_in_the_top() -> None:
    _, second, _ = predictions()
    assert [label for label, _ in second.top(9)] == ["ant", "bee", "<wasp>"]
    assert second.label == second.top(1)[0][0]


def test_a_prediction_shows_itself_escaped() -> None:
    *_, last = predictions()
    cells = Cells(last._repr_html_())
    assert "<wasp>" in cells.texts
    assert "wasp" not in cells.tags
    assert "80.0%" in cells.texts
    unfamiliar = Cells(predictions()[1]._repr_html_())
    assert "unlike the training data: do not trust this prediction" in unfamiliar.texts
    broken = Cells(make_failure(OpenedPhoto("<b>.jpg"), ValueError("zero bytes"), NAMES)._repr_html_())
    assert broken.texts == ["<b>.jpg", "error", "zero bytes"]


def test_a_long_name_is_cut() -> None:
    page = make_failure(OpenedPhoto("x" * 5000), ValueError("zero bytes"), NAMES)._repr_html_()
    assert len(page) < 1000


def test_a_classifier_shows_itself(classifier: Classifier) -> None:
    cells = Cells(classifier._repr_html_())
    assert cells.tags.count("table") == 1
    assert "3: checks, discs, stripes" in cells.texts
    assert "90% coverage" in cells.texts
    assert "test accuracy" in cells.texts


def test_rows_are_taken_out_and_joined() -> None:
    whole = make_batch(ROWS, ROWS[:, ::-1], ROWS > 0.2, np.array([0.5, 2, 1], np.float32))
    joined = BatchPredictions.concatenate([whole.select(slice(0, 1)), whole.select(slice(1, 3))])
    assert len(whole.select(slice(0, 2))) == 2
    for name in ("probabilities", "uncalibrated", "prediction_set", "novelty"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    plain = make_batch(ROWS, ROWS, None, None)
    again = BatchPredictions.concatenate([plain, plain])
    assert (len(again), again.prediction_set, again.novelty) == (6, None, None)
    assert not again.out_of_distribution.any()
