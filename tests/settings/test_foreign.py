"""Settings of another modality or task are refused in a line, however they are given."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart.cli.main import run as run_command
from headstart.settings import FitSettings, refuse_foreign_settings
from headstart_runtime.errors import SettingError
from headstart_runtime.plugins import forget_plugins
from tests.modalities.texts import draw_texts, install_texts, write_table
from tests.plugins import install_plugin

TOLD = "of photos (--modality image), and here are texts, single-label classification; leave"


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_texts(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("texts") / "texts.csv", draw_texts(40))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"rotation": 10}, f"--rotation is a setting {TOLD} it out"),
        ({"augment": {"rotation": 10, "zoom": 0.1}}, f"--rotation and --zoom are settings {TOLD} them out"),
        ({"view_size": 0.9}, f"--view-size is a setting {TOLD} it out"),
        ({"augmentation": "standard"}, f"--augmentation is a setting {TOLD} it out"),  # the default, but said so
    ],
)
def test_keywords_and_chapters(given: dict[str, Any], told: str) -> None:
    settings = FitSettings.load(**given)
    with pytest.raises(SettingError) as caught:
        refuse_foreign_settings(settings, "verse", "classification")
    assert str(caught.value) == told
    refuse_foreign_settings(settings, "image", "classification")


def test_defaults_are_not_given() -> None:
    refuse_foreign_settings(FitSettings(), "verse", "classification")
    refuse_foreign_settings(FitSettings.load(augment={}, calibration="auto"), "verse", "classification")


def test_settings_of_another_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_plugin(tmp_path, "amount", "headstart.tasks", "tests.tasks.amount:TASK")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget_plugins()
    told = "--class-weights and --calibration are settings of single-label classification (--task classification), "
    with pytest.raises(SettingError, match=re.escape(told)):
        refuse_foreign_settings(FitSettings.load(calibration="isotonic", class_weights="balanced"), "verse", "amount")
    refuse_foreign_settings(FitSettings.load(seed=1), "verse", "amount")
    forget_plugins()


def test_flags_files_and_keywords_of_a_fit(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("[augment]\nflip-vertical = true\n")
    common = [str(table), "--backbone", "tinytext:net", "--store", str(tmp_path / "store")]
    for words, name in ((["--zoom", "0.1"], "--zoom"), (["--config", str(config)], "--flip-vertical")):
        assert run_command(["fit", *common, *words, "--out", str(tmp_path / "run"), "--quiet"]) == 2
        assert f"headstart: {name} is a setting {TOLD} it out" in capsys.readouterr().err
    with pytest.raises(SettingError, match=r"^zoom is a setting of photos \(modality image\)"):
        headstart.fit(table, zoom=0.1, out=tmp_path / "run", store=tmp_path / "store", progress=False)
    assert not (tmp_path / "run").exists()
    assert run_command(["check", str(table), "--augment", str(tmp_path / "sheet.png"), "--rotation", "5"]) == 2
    assert f"--rotation is a setting {TOLD} it out" in capsys.readouterr().err


def test_a_run_keeps_what_was_chosen_and_repeats_from_it(table: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"store": tmp_path / "store", "progress": False, "report": False}
    first = headstart.fit(table, backbone="tinytext:net", seed=3, out=tmp_path / "first", **options)
    config = first.folder / "settings.toml"
    saved = config.read_text("utf-8")
    assert 'modality = "verse"\ntask = "classification"\n' in saved
    assert "[augment]" not in saved
    assert first.record["settings"]["modality"] == "auto"
    second = headstart.fit(table, config=config, out=tmp_path / "second", **options)
    for name in ("settings.toml", "split.json", "evaluation.json", "model/head.safetensors"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes(), name
