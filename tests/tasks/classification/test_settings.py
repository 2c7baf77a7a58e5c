"""The settings of classification are a chapter that its task brings; another task may share it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headstart.settings import FitSettings, list_chapters
from headstart.settings.registry import list_chapters as found_chapters
from headstart.tasks.classification.settings import ClassificationSettings
from headstart.tasks.task import get_task
from tests.plugins import install_plugin


@pytest.fixture
def _chapters_anew() -> Iterator[None]:
    found_chapters.cache_clear()
    get_task.cache_clear()
    yield
    found_chapters.cache_clear()
    get_task.cache_clear()


def test_they_are_flat_and_a_chapter() -> None:
    flat = FitSettings.load(coverage=0.8, class_weights="balanced", label_smoothing=0, calibration="none")
    chapter = {"coverage": 0.8, "class_weights": "balanced", "label_smoothing": 0, "calibration": "none"}
    assert FitSettings.load(classification=chapter) == flat
    assert flat.get_chapter(ClassificationSettings).coverage == 0.8
    assert "[classification]\n" in flat.to_toml()


@pytest.mark.usefixtures("_chapters_anew")
def test_another_task_may_share_the_chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_plugin(tmp_path / "site", "amount", "headstart.tasks", "tests.tasks.amount:SHARING")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert get_task("amount").settings is ClassificationSettings
    assert list(list_chapters()).count("classification") == 1
