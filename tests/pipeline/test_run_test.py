"""The test of a run: some photos from their files, the rest by stored features where these agree."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import headstart
from headstart import events
from headstart.data.load import load_item
from headstart.data.read import read_source
from headstart.data.samples import LedgerEntry, Sample, Samples
from headstart.events import RunLog
from headstart.pipeline import run_test as testing
from headstart.pipeline.run_test import describe_difference, run_test, select_from_bytes
from headstart.pipeline.testing import score_classifier
from headstart_runtime.arrays import Floats
from headstart_runtime.inference.classifier import Classifier, load
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.image import load as photos
from tests.conftest import Small, Warm


@pytest.fixture(scope="module")
def classifier(small: Small) -> Classifier:
    return load(small.run)


@pytest.fixture(scope="module")
def samples(small: Small) -> Samples:
    return read_source(small.photos)


def extract(classifier: Classifier, samples: Sequence[Sample]) -> list[Floats]:
    """The features of samples by the networks of the saved classifier, as a store has them."""
    batch = classifier._predictors.require_batch()
    specs = tuple(dict.fromkeys(branch.spec for branch in classifier.record.branches))
    modality = classifier.record.modality
    parts = [
        {spec: modality.make_parts(load_item(sample.source, spec).value, spec) for spec in specs} for sample in samples
    ]
    size = batch.runner.batch
    rows = [batch.runner.extract(parts[start : start + size]) for start in range(0, len(parts), size)]
    return [np.concatenate(each) for each in zip(*rows, strict=True)]


def count_decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[bytes]:
    decoded: Counter[bytes] = Counter()
    true = photos.decode

    def counted(content: bytes, spec: object) -> object:
        decoded[content] += 1
        return true(content, spec)  # type: ignore[arg-type]

    monkeypatch.setattr(photos, "decode", counted)
    return decoded


def test_stored_features_answer_the_rest_as_files_would(
    classifier: Classifier, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "FROM_BYTES", 10)
    test = samples.samples
    whole = score_classifier(classifier, test)
    rows = extract(classifier, test)
    decoded = count_decoded(monkeypatch)
    told: list[events.Event] = []
    log = RunLog(told.append)
    result = run_test(classifier, samples, test, lambda some: rows, 0, log)
    assert (result.from_bytes, len(decoded), set(decoded.values())) == (10, 10, {1})
    assert result.samples == test
    np.testing.assert_allclose(result.answers.probabilities, whole.answers.probabilities, atol=1e-6)
    assert result.evaluation.n == len(test)
    assert result.evaluation.score == whole.evaluation.score
    assert result.engines is not None
    assert (result.engines.items, result.engines.scored_by) == (10, "openvino")
    stages = [(it.stage, it.seconds) for it in told if isinstance(it, events.Finished)]
    assert stages == [("test", log.seconds["test"]), ("second engine", result.second_seconds)]
    assert not [it for it in told if isinstance(it, events.Note)]


def test_features_of_another_kind_answer_nothing(
    classifier: Classifier, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "FROM_BYTES", 10)
    test = samples.samples
    rows = [np.roll(each, 1, axis=0) for each in extract(classifier, test)]
    told: list[events.Event] = []
    result = run_test(classifier, samples, test, lambda some: rows, 0, RunLog(told.append))
    assert result.from_bytes == len(test)
    np.testing.assert_array_equal(
        result.answers.probabilities, score_classifier(classifier, test).answers.probabilities
    )
    (note,) = [it.text for it in told if isinstance(it, events.Note)]
    assert note.startswith("stored features and files differ in ")
    assert note.endswith(f" on 10 photos, so that all {len(test)} test photos are answered from their files")


def test_few_test_photos_are_all_opened(classifier: Classifier, samples: Samples) -> None:
    test = samples.samples[:30]

    def load_features(some: Sequence[Sample]) -> list[Floats]:
        raise AssertionError("no stored feature is needed")

    result = run_test(classifier, samples, test, load_features, 0, RunLog(events.ignore))
    assert (result.from_bytes, result.evaluation.n) == (30, 30)


def test_every_way_of_being_stored_is_opened(samples: Samples) -> None:
    test = [replace(samples.samples[0], name=f"{index}.jpg") for index in range(500)]
    entry = replace(samples.ledger.entries[0], format="JPEG", variant="", reason="", note="")
    ways: dict[int, Any] = {
        7: {"variant": "CMYK"},
        99: {"format": "PNG"},
        210: {"reason": "truncated: 31% of its rows decode"},
        211: {"reason": "truncated: 47% of its rows decode"},
        499: {"variant": "orientation 6", "note": "page 1 of 3"},
    }
    entries = [replace(entry, name=sample.name, **ways.get(index, {})) for index, sample in enumerate(test)]
    others = [LedgerEntry("another.txt", entry.status)]
    for seed in range(20):
        chosen = select_from_bytes(test, [*others, *entries], seed)
        assert chosen.sum() == testing.FROM_BYTES
        assert chosen[[7, 99, 499]].all()
        assert chosen[[210, 211]].any()
    assert not np.array_equal(chosen, select_from_bytes(test, entries, 0))
    many = [
        replace(one, variant=f"a{index}".translate(str.maketrans("0123456789", "klmnopqrst")))
        for index, one in enumerate(entries)
    ]
    assert select_from_bytes(test, many, 0).all()


@pytest.mark.slow
def test_the_saved_network_gives_the_stored_features_to_the_bit(warm: Warm) -> None:
    """One layer alone, which in bf16 OpenVINO would compute in other steps than all of them."""
    stored = headstart.features(warm.photos, backbone=warm.name, store=warm.store, layer="all", progress=False)
    samples = sorted(read_source(warm.photos).samples, key=lambda sample: stored.names.index(sample.name))
    classifier = load(warm.run)
    for branch, rows in zip(classifier.record.branches, extract(classifier, samples), strict=True):
        np.testing.assert_array_equal(rows, np.concatenate([stored.layers[layer] for layer in branch.layers], axis=1))
    assert any(branch.taps for branch in classifier.record.branches) == (branch.precision == "bf16")


def make_predictions(novelty: float = 0.5, **changes: Any) -> BatchPredictions:
    outputs = {
        "probabilities": np.float32([[0.9, 0.1], [0.5002, 0.4998]]),
        "prediction_set": np.array([[True, False], [True, True]]),
    }
    return BatchPredictions({**outputs, **changes}, np.float32([0.1, novelty]))


def test_what_differs_is_named(classifier: Classifier) -> None:
    difference = partial(describe_difference, make_predictions(), task=classifier.task)
    assert difference(make_predictions()) == ""
    assert difference(make_predictions(0.99)) == ""
    assert difference(make_predictions(1.01)) == "out of distribution"
    assert difference(make_predictions(probabilities=np.float32([[0.9, 0.1], [0.4998, 0.5002]]))) == "answers"
    assert difference(make_predictions(probabilities=np.float32([[0.898, 0.102], [0.5002, 0.4998]]))) == "probabilities"
    assert difference(make_predictions(probabilities=np.float32([[0.8995, 0.1005], [0.5002, 0.4998]]))) == ""
    assert difference(make_predictions(prediction_set=np.array([[True, True], [True, True]]))) == "prediction set"
