"""Items as long as they come: of like length in one batch, answered in the order in which they were given."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headstart
from headstart_runtime.modalities.packing import SORTED
from tests.modalities.texts import draw_texts, install_texts, write_table

TEXTS = [text for text, _ in draw_texts(150, seed=3, longest=60)]


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_texts(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="module", params=["net", "windows"])
def classifier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> headstart.Classifier:
    folder = tmp_path_factory.mktemp("runs")
    table = write_table(folder / "texts.csv", draw_texts(60))
    options: dict[str, Any] = {"store": folder / "store", "backbone": f"tinytext:{request.param}"}
    run = headstart.fit(table, progress=False, arms="linear-probe", report=False, out=folder / "run", **options)
    return run.classifier.with_engine("openvino")


def test_answers_come_in_the_order_of_the_items(classifier: headstart.Classifier) -> None:
    together = classifier.predict(TEXTS)
    streamed = list(classifier.stream(iter(TEXTS)))
    alone = [classifier.predict(text) for text in TEXTS]
    for one, other, single in zip(together, streamed, alone, strict=True):
        np.testing.assert_allclose(one.probabilities, single.probabilities, atol=1e-6)
        np.testing.assert_allclose(other.probabilities, single.probabilities, atol=1e-6)


def test_the_parts_of_a_batch_are_of_like_length(
    classifier: headstart.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, modality = classifier._predictors.require_batch().runner, classifier.record.modality
    size = runner.choose_size()
    assert size == SORTED * runner.batch
    assert runner.choose_size(3) == runner.batch
    assert runner.choose_size(10_000) == size
    padded, collate = [], type(modality).collate

    def count(self: object, parts: Any, spec: Any) -> Any:
        made = collate(self, parts, spec)
        if len(parts) > 1:
            padded.append(int((made["mask"] == 0).sum()))
        return made

    monkeypatch.setattr(type(modality), "collate", count)
    spec = classifier.record.spec
    items = [{spec: modality.make_parts(modality.open(text).load(spec), spec)} for text in TEXTS[:size]]
    features = runner.extract(items)[0]
    sorted_padding = sum(padded)
    padded.clear()
    pieces = (items[start : start + runner.batch] for start in range(0, size, runner.batch))
    expected = np.concatenate([runner.extract(piece)[0] for piece in pieces])
    np.testing.assert_allclose(features, expected, atol=1e-5)
    in_windows = any(len(parts) > 1 for item in items for parts in item.values())  # these are of like length already
    assert sorted_padding <= (1 if in_windows else 0.6) * sum(padded)
