"""The settings of classification are a chapter that its task brings; another task may share it."""

from pathlib import Path

from headstart.settings import FitSettings, list_chapters
from headstart.tasks.classification.settings import ClassificationSettings
from headstart_runtime.tasks.task import get_task
from tests.plugins import install_plugin, package_folder


def test_they_are_flat_and_a_chapter() -> None:
    flat = FitSettings.load(class_weights="balanced", label_smoothing=0, calibration="none")
    chapter = {"class_weights": "balanced", "label_smoothing": 0, "calibration": "none"}
    assert FitSettings.load(classification=chapter) == flat
    assert flat.get_chapter(ClassificationSettings).class_weights == "balanced"
    assert "[classification]\n" in flat.to_toml()


def test_another_task_may_share_the_chapter(tmp_path: Path) -> None:
    install_plugin(tmp_path / "site", "amount", "headstart.tasks", "tests.tasks.amount:SHARING")
    with package_folder(tmp_path / "site"):
        assert get_task("amount").settings is ClassificationSettings
        assert list(list_chapters()).count("classification") == 1
