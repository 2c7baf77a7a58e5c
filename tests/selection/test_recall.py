"""A second run of the same command solves nothing anew, and answers alike; any other command does."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart.heads import class_problems, logistic
from headstart.selection import recall
from headstart.storage import results
from tests.modalities.text.tinybert import install_networks
from tests.modalities.texts import draw_texts, write_table


@pytest.fixture(scope="module", autouse=True)
def networks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_networks(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture
def fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., headstart.Run]:
    """Fit drawn texts; all is kept."""
    monkeypatch.setattr(results, "WORTH", 0.0)
    table = write_table(tmp_path / "texts.csv", draw_texts(80, longest=12))

    def run(name: str, **options: Any) -> headstart.Run:
        given = {"store": tmp_path / "store", "backbone": "tinybert:net", "modality": "text", "report": False}
        return headstart.fit(table, progress=False, out=tmp_path / name, **{**given, **options})

    return run


def forbid_solving(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> int:
        raise AssertionError("solved again")

    monkeypatch.setattr(class_problems, "minimise", fail)
    monkeypatch.setattr(logistic, "minimise", fail)


def read(run: headstart.Run) -> Any:
    found = json.loads((run.folder / "evaluation.json").read_text("utf-8"))
    trust = json.loads((run.folder / "trust.json").read_text("utf-8"))
    return found["parts"], {name: trust[name] for name in ("labels", "learning_curve", "calibration")}


@pytest.mark.slow
def test_a_second_run_answers_alike_and_solves_nothing(
    fit: Callable[..., headstart.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fit("first")
    with monkeypatch.context() as patch:
        forbid_solving(patch)
        second = fit("second", workers=1, arms="linear-probe,intermediate-probe,tfidf,average")
    assert read(second) == read(first)
    texts = [text for text, _ in draw_texts(20, seed=3)]
    seen = [[answer.probabilities.tolist() for answer in run.classifier.predict(texts)] for run in (first, second)]
    assert seen[0] == seen[1]


@pytest.mark.slow
@pytest.mark.parametrize("changed", [{"seed": 1}, {"c_points": 5}, {"folds": 3}, {"class_weights": "balanced"}])
def test_another_setting_is_solved(
    changed: dict[str, Any], fit: Callable[..., headstart.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    fit("first", arms="linear-probe")
    forbid_solving(monkeypatch)
    with pytest.raises(AssertionError, match="solved again"):
        fit("second", arms="linear-probe", **changed)


def test_heads_of_other_packages_are_not_ours() -> None:
    def brought() -> None: ...

    assert recall.is_ours(logistic.fit_logistic)
    brought.__module__ = "headstart_plus.heads"
    assert not recall.is_ours(brought)
    assert not recall.is_ours(None)
