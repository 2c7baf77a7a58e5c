"""A second run of the same command solves nothing anew, and answers alike; any other command does."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import headstart
from headstart.heads import class_problems, logistic
from headstart.heads.head import TrainingSet
from headstart.selection import recall
from headstart.settings import FitSettings
from headstart.storage import results
from headstart_runtime.tasks.task import get_task
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

    def run(name: str, source: Path = table, **options: Any) -> headstart.Run:
        given = {"store": tmp_path / "store", "backbone": "tinybert:net", "modality": "text", "report": False}
        return headstart.fit(source, progress=False, out=tmp_path / name, **{**given, **options})

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
    assert first.record["recalled"] == {}
    recalled = second.record["recalled"]
    assert recalled.keys() == {"head", "terms", "terms-held-out", "label-issues", "learning-curve"}
    count = sum(known["count"] for known in recalled.values())
    assert any(note.startswith(f"{count} results of this run were known") for note in second.notes)
    assert not any("were known" in note for note in first.notes)
    spent = sum(arm["seconds"] for arm in second.record["arms"] if arm["name"] != "average")
    assert spent > recalled["head"]["seconds"], "a way that is known from before is no cheaper than it was"
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
    assert not recall.is_ours(wraps(logistic.fit_logistic)(brought))


ROWS = TrainingSet(
    np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1]), 2, np.arange(4, dtype=np.int64), balanced=False, seed=0
)


@pytest.mark.parametrize("more", [None, {"test": np.zeros((2, 4), np.float32)}])
@pytest.mark.parametrize(
    "changed",
    [
        {"features": 2 * ROWS.features},
        {"targets": ROWS.targets[::-1]},
        {"groups": ROWS.groups // 2},
        {"outputs": 3},
        {"balanced": True},
        {"seed": 1},
        {"tolerance": 1e-6},
    ],
)
def test_all_of_a_training_set_is_asked(changed: dict[str, Any], more: Any) -> None:
    context: Any = SimpleNamespace(settings=FitSettings(), task=get_task("classification"))
    keys = {recall.ask_of_rows(context, "any", rows, [], more).make_key() for rows in (ROWS, replace(ROWS, **changed))}
    assert len(keys) == 2


def test_scores_of_another_package_are_made_each_time() -> None:
    task = get_task("regression")
    assert recall.can_recall_scores(task)
    brought = SimpleNamespace(targets=task.targets, scoring=task.scoring)
    assert not recall.can_recall_scores(brought)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_learning_curve_is_of_its_training_texts(fit: Callable[..., headstart.Run], tmp_path: Path) -> None:
    """Labels, groups, test texts and C stay as they are: nothing else tells the training texts from the others."""
    parts = ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    given = {"c_points": 1, "folds": 3, "arms": "linear-probe", "near_duplicates": "report"}

    def fit_drawn(name: str, seed: int, store: str) -> Any:
        drawn = zip(draw_texts(120, longest=9), draw_texts(120, longest=9, seed=seed), strict=True)
        rows = [(parts[7 * place % 10], pair, place) for place, pair in enumerate(drawn)]
        lines = [f"{','.join(pair[part != 'test'])},{part},p{place}" for part, pair, place in rows]
        table = tmp_path / "split.csv"
        table.write_text("\n".join(["text,label,split,patient", *lines]), "utf-8")
        run = fit(name, source=table, store=tmp_path / store, **given)
        return json.loads((run.folder / "trust.json").read_text("utf-8"))["learning_curve"]

    first = fit_drawn("first", 0, "store")
    second = fit_drawn("second", 9, "store")
    assert second == fit_drawn("fresh", 9, "fresh") != first
