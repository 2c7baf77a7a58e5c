"""A head on terms as a way to transfer: fitted, averaged, refitted, saved, answered alike."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.selection import terms
from headstart_runtime.errors import SettingError
from tests.conftest import Warm
from tests.modalities.text.tinybert import install_networks
from tests.modalities.texts import draw_texts, write_table


@pytest.fixture(scope="module", autouse=True)
def networks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_networks(tmp_path_factory.mktemp("site")) as folder:
        yield folder


def fit(folder: Path, texts: list[tuple[str, str]], **options: object) -> headstart.Run:
    table = write_table(folder / "texts.csv", texts)
    given = {"store": folder / "store", "out": folder / "run", "backbone": "tinybert:net", "modality": "text"}
    return headstart.fit(table, progress=False, report=False, **{**given, **options})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> headstart.Run:
    return fit(tmp_path_factory.mktemp("terms"), draw_texts(120), arms="tfidf")


def test_it_answers_without_a_network(run: headstart.Run) -> None:
    assert run.test.score > 0.9
    texts = [text for text, _ in draw_texts(20, seed=5)]
    labels = [label for _, label in draw_texts(20, seed=5)]
    answers = run.classifier.predict(texts)
    assert np.mean([answer.label == label for answer, label in zip(answers, labels, strict=True)]) > 0.9
    (record,) = run.classifier.record.branches
    assert record.spec.to_json()["reads"] == "terms"


def test_files_of_the_saved_classifier(run: headstart.Run) -> None:
    assert (run.folder / "model" / "terms.json").is_file()
    assert not (run.folder / "model" / "tokenizer.json").exists()
    again = headstart.load(run.folder / "model")
    text = draw_texts(1, seed=9)[0][0]
    assert again.predict([text])[0].probabilities.tolist() == run.classifier.predict([text])[0].probabilities.tolist()


def test_auto_averages_it_with_a_probe(tmp_path: Path) -> None:
    run = fit(tmp_path, draw_texts(80, longest=12))
    names = [arm["name"] for arm in json.loads((run.folder / "run.json").read_text("utf-8"))["arms"]]
    assert names == ["linear-probe", "intermediate-probe", "tfidf", "average"]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_of_very_many_a_draw_chooses_and_all_are_fitted(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = {"sea": "1.5", "wood": "4.25"} if task == "regression" else {"sea": "sea", "wood": "wood"}
    texts = [(text, numbers[label]) for text, label in draw_texts(120)]
    whole = fit(tmp_path, texts, out=tmp_path / "whole", arms="tfidf", task=task)
    monkeypatch.setattr(terms, "MOST", 60)
    many = fit(tmp_path, texts, out=tmp_path / "many", arms="tfidf", task=task)
    said = [note for note in many.notes if note.startswith("tfidf: ")]
    assert said
    assert said[0].endswith("texts chose its penalty")
    found, wanted = (
        np.array([list(answer.probabilities if task == "classification" else [answer.value]) for answer in answers])
        for answers in (run.classifier.predict([text for text, _ in texts]) for run in (many, whole))
    )
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    ("task", "labels"),
    [("ordinal", ("1", "2")), ("multilabel", ("sea;old", "wood;old")), ("regression", ("1.5", "4.25"))],
)
def test_other_tasks(task: str, labels: tuple[str, str], tmp_path: Path) -> None:
    kinds = {"sea": labels[0], "wood": labels[1]}
    texts = [(text, kinds[label]) for text, label in draw_texts(100)]
    texts += [(text, "sea") for text, label in draw_texts(30, seed=4) if label == "sea" and task == "multilabel"]
    run = fit(tmp_path, texts, arms="tfidf", task=task)
    assert run.classifier.predict([texts[0][0]])[0].error is None


def test_what_has_no_terms_or_no_head_is_refused(tmp_path: Path, small: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="tfidf counts words, and photos have none"):
        small.fit(out=tmp_path / "run", arms="tfidf")
    with monkeypatch.context() as patch:
        patch.setattr(terms, "can_read_kernel_rows", lambda _: False)
        with pytest.raises(SettingError, match="tfidf has no head for"):
            fit(tmp_path, draw_texts(60), arms="tfidf")
    with pytest.raises(SettingError, match="tfidf takes no detail"):
        fit(tmp_path, draw_texts(60), arms="tfidf:words", out=tmp_path / "other")
