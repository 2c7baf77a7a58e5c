"""Workers for a server: the answers are those of the classifier, whatever is computed together."""

import numpy as np
import pytest

import headstart_runtime
from headstart_runtime.hardware import count_cores
from headstart_runtime.inference.batch_worker import PARTS, SPARE_THREADS, SizedPredictor, time_calls
from tests.conftest import Small


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_worker_answers_as_the_classifier_does(small: Small, engine) -> None:
    classifier = headstart_runtime.load(small.run, engine)
    photos = sorted(small.photos.glob("*/*.jpg"))[:9]
    worker = classifier.make_worker()
    assert worker.engine == engine
    assert worker.size in (1, PARTS)
    assert worker.threads == count_cores() + SPARE_THREADS
    for several in (photos, photos[:1]):
        found = worker.predict([dict] * len(several), several)
        for one, other in zip(found, classifier.predict(several), strict=True):
            np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)
    (bad,) = worker.predict([dict], [b"no photo"])
    assert bad.error


class Taking:
    """A predictor that says which it is."""

    def __init__(self, name: str, batch: int):
        self.name = name
        self.runner = type("Runner", (), {"batch": batch})()

    def predict(self, items):
        return self.name


@pytest.mark.parametrize(("worth", "size", "taken"), [(3, 8, "ssffffff"), (9, 1, "ssssssss"), (1, 8, "ffffffff")])
def test_a_full_call_is_made_where_it_is_the_quicker_one(worth: int, size: int, taken: str) -> None:
    sized = SizedPredictor(Taking("f", 8), Taking("s", 1), worth)  # type: ignore[arg-type]
    assert sized.size == size
    assert "".join(sized.predict([{}] * count) for count in range(1, 9)) == taken  # type: ignore[misc]


def test_the_worth_of_a_full_call_is_timed(small: Small) -> None:
    classifier = headstart_runtime.load(small.run, "openvino")
    full, single = (classifier._predictors.compile_batch(parts) for parts in (PARTS, 1))
    assert full is not None
    assert single is not None
    assert (full.runner.batch, single.runner.batch) == (PARTS, 1)
    assert time_calls(full, single).worth >= 1
