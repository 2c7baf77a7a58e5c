"""Knobs of the service, and the commands that have them."""

import sys
from dataclasses import fields
from pathlib import Path

import pytest

from headstart.cli.main import run
from headstart_runtime.command import serve
from headstart_runtime.errors import SettingError
from headstart_runtime.service.settings import KEYS_VARIABLE, ServiceSettings, describe_settings, read_api_keys


def test_values_that_cannot_be_meant_are_refused(tmp_path: Path) -> None:
    for given, said in (
        ({"port": 70_000}, "--port is 70000; wanted 0 to 65535"),
        ({"wait": float("nan")}, "--wait is nan"),
        ({"cert": tmp_path}, "belong together"),
        ({"api_keys": tmp_path / "none"}, "no such file"),
    ):
        with pytest.raises(SettingError, match=said):
            ServiceSettings(**given).check_files()  # type: ignore[arg-type]


def test_keys_come_from_a_file_and_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_api_keys(None) == ()
    file = tmp_path / "keys"
    file.write_text("# of the door\nfirst-key\n\nsecond-key\n", "utf-8")
    monkeypatch.setenv(KEYS_VARIABLE, "third-key, first-key")
    assert read_api_keys(file) == ("third-key", "first-key", "second-key")
    file.write_text("short\n", "utf-8")
    with pytest.raises(SettingError, match="API key 3 is not usable"):
        read_api_keys(file)
    file.write_text("# none\n", "utf-8")
    with pytest.raises(SettingError, match="has no key"):
        read_api_keys(file)


def test_both_commands_have_every_knob(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(describe_settings()) == {one.name for one in fields(ServiceSettings)}
    asked = []
    monkeypatch.setattr(serve, "serve_models", lambda models, settings: asked.append((models, settings)) or 0)
    monkeypatch.setattr("headstart.cli.serve.serve_models", serve.serve_models)
    words = ["a", "b=c", "--port", "0", "--wait", "2.5", "--no-page", "--engine", "onnxruntime"]
    assert serve.run_command(words) == 0
    assert run(["serve", *words]) == 0
    expected = ServiceSettings(port=0, wait=2.5, page=False, engine="onnxruntime")
    assert asked == [(["a", "b=c"], expected)] * 2
    with pytest.raises(SystemExit):
        serve.run_command(["--help"])
    told = capsys.readouterr().out
    assert all(f"--{one.name.replace('_', '-')}" in told for one in fields(ServiceSettings))


def test_what_is_missing_or_wrong_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert serve.run_command([str(tmp_path), "--port", "0"]) == 2
    assert "is not a saved classifier" in capsys.readouterr().err
    assert serve.run_command([str(tmp_path), "--port", "-1"]) == 2


def test_without_the_extra_the_command_that_installs_it_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert serve.run_command(["model"]) == 2
    assert "serving a model needs the package 'uvicorn'; install it with: pip install" in capsys.readouterr().err
