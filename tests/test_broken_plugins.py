"""Packages that register None everywhere stop nothing, unless they are asked for by name."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart.cli.main import run as run_command
from headstart_runtime.errors import PluginError, UserError
from tests.conftest import Warm
from tests.plugins import GROUPS, install_broken_plugins, package_folder


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("site")
    install_broken_plugins(folder)
    with package_folder(folder, "bad_plugins"):
        yield folder


def test_the_verbs_work_and_say_once_what_is_left_out(
    small: Warm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options: dict[str, Any] = {"store": small.store, "out": tmp_path / "run", "report": True}
    run = small.fit(**options)
    headstart.check(small.photos, progress=False)
    headstart.features(small.photos, backbone=small.name, store=small.store, progress=False)
    headstart.report(run)
    headstart.models("lite")
    headstart.evaluate(run, small.photos, progress=False)
    assert not headstart.predict(run.folder, next(small.photos.glob("*/*")))[0].error
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: left out: ")]
    assert len(notes) == len(GROUPS)
    assert {group for group in GROUPS if f"of the package bad-{group} 1.0 (headstart.{group}, " in "".join(notes)} == {
        *GROUPS
    }


def test_help_and_predict_work_in_a_process_of_their_own(small: Warm, site: Path) -> None:
    photo = next(small.photos.glob("*/*"))
    command = f"from headstart.cli.main import run; print(run(['predict', {str(small.run)!r}, {str(photo)!r}]))"
    command += "; import sys; print('bad_plugins' in sys.modules, 'pydantic' in sys.modules); run(['fit', '--help'])"
    environment = {"PYTHONPATH": f"{site}:{Path(headstart.__file__).parents[1]}", "COLUMNS": "200"}
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines()[1:3] == ["0", "False False"], "predicting loads none of them"
    assert "--class-weights" in done.stdout
    assert done.stderr.count("note: left out: ") == 2, "of modalities and tasks, which may bring flags"


ASKED = {
    "modality": "bad_modalities",
    "task": "bad_tasks",
    "head": "bad_heads",
    "strategy": "bad_strategies",
    "arms": "linear-probe,bad_strategies",
    "engine": "bad_engines",
    "backbone": "bad_providers:net",
}


@pytest.mark.parametrize("setting", ASKED)
def test_asked_for_it_is_an_error_before_anything_is_read(setting: str, tmp_path: Path) -> None:
    options: Any = {setting: ASKED[setting], "out": tmp_path / "run"}
    with pytest.raises(PluginError, match=r"of the package bad-\w+ 1\.0 .* cannot be used: it is None; wanted "):
        headstart.fit(tmp_path / "nowhere", progress=False, **options)
    assert not list(tmp_path.iterdir())


UNKNOWN = {
    "modality": ("imag", r"unknown modality 'imag'; did you mean 'image'\? Known: auto, image, "),
    "task": ("clasification", r"unknown task 'clasification'; did you mean 'classification'\? Known: auto, class"),
    "head": ("rigde", r"unknown head 'rigde'; did you mean 'ridge'\? Known: logistic, "),
    "strategy": ("liner-probe", r"unknown strategy 'liner-probe'; did you mean 'linear-probe'\? Known: auto, "),
    "arms": ("scrach", r"unknown arm 'scrach'; did you mean 'scratch'\? Known: linear-probe, "),
    "engine": ("openvin", r"unknown engine 'openvin'; did you mean 'openvino'\? Known: auto, openvino, "),
    "backbone": ("timn:resnet18", r"unknown scheme 'timn' of a backbone; did you mean 'timm'\? Known: .*bad_"),
}


@pytest.mark.parametrize("setting", UNKNOWN)
def test_an_unknown_name_is_the_first_thing_said(
    setting: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, said = UNKNOWN[setting]
    options: Any = {setting: name, "out": tmp_path / "run"}
    with pytest.raises((UserError, headstart.errors.EngineError), match=f"^{said}"):
        headstart.fit(tmp_path / "nowhere", progress=False, **options)
    assert run_command(["fit", str(tmp_path / "nowhere"), f"--{setting}", name]) == 2
    assert f"headstart: {said[:9]}" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(("setting", "wanted"), [("engine", "openvin"), ("backbone", "nonsens")])
def test_other_verbs_say_it_first_too(setting: str, wanted: str, tmp_path: Path) -> None:
    options: Any = {setting: wanted}
    with pytest.raises(UserError, match=f"^unknown {setting} '{wanted}'; "):
        headstart.features(tmp_path / "nowhere", progress=False, **options)
    with pytest.raises(UserError, match=f"^unknown {setting} '{wanted}'; "):
        headstart.check(tmp_path / "nowhere", label_table=tmp_path / "fixes.csv", progress=False, **options)
