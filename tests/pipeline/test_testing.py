"""The score of a saved classifier, and how its two engines answer the same photos."""

import importlib.util
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart import events
from headstart.data.read import read_source
from headstart.data.samples import Sample
from headstart.data.sources import FileSource
from headstart.evaluation import metrics
from headstart.pipeline.evaluate import evaluate
from headstart.pipeline.testing import describe_second_engine, describe_test, score_classifier
from headstart_runtime.errors import HeadstartError
from headstart_runtime.inference.classifier import BATCH_FROM, Classifier, load
from headstart_runtime.inference.engine_agreement import EngineAgreement
from headstart_runtime.modalities.image import load as photos
from headstart_runtime.modalities.item import Noun
from tests.conftest import Small

PHOTO = Noun("photo", "photos")


@pytest.fixture(scope="module")
def classifier(small: Small) -> Classifier:
    return load(small.run)


@pytest.fixture(scope="module")
def samples(small: Small) -> tuple[Sample, ...]:
    return read_source(small.photos).samples


@pytest.mark.parametrize(("count", "main"), [(BATCH_FROM + 10, "openvino"), (BATCH_FROM - 1, "onnxruntime")])
def test_each_engine_is_scored_on_the_same_photos(
    classifier: Classifier, samples: tuple[Sample, ...], count: int, main: str
) -> None:
    judged = score_classifier(classifier, samples[:count], twice=np.ones(count, bool))
    engines = judged.engines
    assert engines is not None
    assert (engines.scored_by, engines.items, set(engines.scores)) == (main, count, {"onnxruntime", "openvino"})
    files = [sample.source.path for sample in samples[:count]]  # type: ignore[union-attr]
    labels = np.array([sample.target for sample in samples[:count]])
    rows = {}
    for engine, score in engines.scores.items():
        answers = classifier.with_engine(engine).predict(files)  # type: ignore[arg-type]
        rows[engine] = np.stack([it.probabilities for it in answers])
        assert score.score == (rows[engine].argmax(axis=1) == labels).mean()
        assert score.loss == pytest.approx(metrics.log_loss(labels, rows[engine]))
    np.testing.assert_array_equal(judged.answers.probabilities, rows[main])
    assert judged.samples == samples[:count]
    same = rows["onnxruntime"].argmax(axis=1) == rows["openvino"].argmax(axis=1)
    assert engines.same_answers == same.mean()
    assert engines.mean_difference == pytest.approx(np.abs(rows["onnxruntime"] - rows["openvino"]).mean())
    assert judged.second_seconds > 0


def test_a_share_of_equal_answers_below_one_is_said(classifier: Classifier, samples: tuple[Sample, ...]) -> None:
    judged = score_classifier(classifier, samples, twice=np.ones(len(samples), bool))
    assert judged.engines is not None
    engines = replace(judged.engines, same_answers=0.75, items=len(samples) - 1)
    said = describe_second_engine(replace(judged, engines=engines), PHOTO)
    assert said is not None
    assert said.startswith("ONNX Runtime: accuracy ")
    assert said.endswith("; 75.0% same answers")
    assert f" on {len(samples) - 1} of these photos, OpenVINO " in said
    assert describe_test(judged, PHOTO).endswith(" photos, answered by OpenVINO")


def test_only_so_many_go_twice_and_the_order_stays(classifier: Classifier, samples: tuple[Sample, ...]) -> None:
    alone = score_classifier(classifier, samples)
    assert (alone.engines, alone.second_seconds, alone.from_bytes) == (None, 0, len(samples))
    assert " answered by " not in describe_test(alone, PHOTO)
    twice = np.arange(len(samples)) % 3 == 0
    judged = score_classifier(classifier, samples, twice=twice)
    assert judged.engines is not None
    assert judged.engines.items == twice.sum()
    assert judged.samples == samples
    np.testing.assert_array_equal(judged.answers.probabilities, alone.answers.probabilities)


def test_both_engines_answer_from_one_decoding(
    classifier: Classifier, samples: tuple[Sample, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: Counter[bytes] = Counter()
    true = photos.decode

    def counted(content: bytes, spec: object) -> object:
        decoded[content] += 1
        return true(content, spec)  # type: ignore[arg-type]

    monkeypatch.setattr(photos, "decode", counted)
    score_classifier(classifier, samples, twice=np.ones(len(samples), bool))
    assert set(decoded.values()) == {1}
    assert len(decoded) == len(samples)


def test_where_there_is_one_engine_its_score_stands_alone(
    small: Small, samples: tuple[Sample, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    judged = score_classifier(load(small.run), samples, twice=np.ones(len(samples), bool))
    assert judged.engines is not None
    assert (judged.engines.scored_by, list(judged.engines.scores)) == ("onnxruntime", ["onnxruntime"])
    assert (judged.engines.same_answers, judged.engines.mean_difference) == (None, None)
    assert (judged.second_seconds, describe_second_engine(judged, PHOTO)) == (0, None)


def test_a_photo_that_cannot_be_read_any_more(
    classifier: Classifier, samples: tuple[Sample, ...], tmp_path: Path
) -> None:
    gone = replace(samples[5], source=FileSource(tmp_path / "gone.jpg"))
    given = [*samples[:5], gone, *samples[6:]]
    with pytest.raises(HeadstartError, match="could be read before and now cannot: cannot be read: No such file"):
        score_classifier(classifier, given, twice=np.ones(len(given), bool))
    notes: list[events.Event] = []
    judged = score_classifier(classifier, given, notes.append, twice=np.ones(len(given), bool), strict=False)
    assert judged.samples == (*samples[:5], *samples[6:])
    assert judged.engines is not None
    assert judged.engines.items == len(samples) - 1
    assert [it.text for it in notes if isinstance(it, events.Note)] == [
        f"{gone.name} is left out: cannot be read: No such file or directory"
    ]


def test_a_run_keeps_it_in_the_model_folder(small: Small) -> None:
    engines = load(small.run).record.engines
    assert engines is not None
    assert set(engines.scores) == {"onnxruntime", "openvino"}
    assert EngineAgreement.from_json(asdict(engines)) == engines


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_evaluate_asks_the_engine_that_is_named(small: Small, samples: tuple[Sample, ...], engine: Any) -> None:
    files = [sample.source.path for sample in samples]  # type: ignore[union-attr]
    rows = np.stack([it.probabilities for it in load(small.run, engine).predict(files)])
    labels = np.array([sample.target for sample in samples])
    result = evaluate(small.run, small.photos, engine=engine)
    assert result.log_loss == pytest.approx(metrics.log_loss(labels, rows), abs=1e-12)
