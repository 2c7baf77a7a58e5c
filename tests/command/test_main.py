"""``headstart-predict`` beside ``headstart predict``: the same lines, and refusals in one."""

import io
import json
import sys
from pathlib import Path

import pytest

from headstart.cli.main import run
from headstart_runtime import fitting_parts
from headstart_runtime.command.main import main
from tests.conftest import Small


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json", "--top", "2")])
def test_it_says_what_headstart_says(
    small: Small, form: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [str(small.run / "model"), str(small.photos), "--engine", "onnxruntime", *form]
    assert run(["predict", *words]) == 0
    wanted = capsys.readouterr().out
    assert main(words) == 0
    assert capsys.readouterr().out == wanted
    monkeypatch.setattr(fitting_parts, "find_spec", lambda _: None)
    assert main(words) == 0  # a folder is walked by the runtime itself
    assert capsys.readouterr().out == wanted


def test_names_on_standard_input(
    small: Small, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = str(next(small.photos.rglob("*.png")))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{photo}\nnowhere.png\n".encode())))
    assert main([str(small.run), "-", "--json"]) == 2
    out, err = capsys.readouterr()
    answered, failed = map(json.loads, out.splitlines())
    assert answered["source"] == photo
    assert answered["label"] in ("dots", "stripes")
    assert failed["error"] == "cannot be read: No such file or directory"
    assert err == "headstart-predict: 1 of 2 photos could not be read; their rows say why\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing to predict is given"),
        (["--text", "hello"], "--text is for classifiers of texts, and this one reads photos"),
        (["--top", "0"], "top is 0; wanted 1 or more"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    small: Small, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(small.run / "model"), *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"headstart-predict: {said}")
    assert err.count("\n") == 1


def test_a_folder_without_items(small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("none")
    assert main([str(small.run / "model"), str(tmp_path)]) == 2
    assert "no photos found in" in capsys.readouterr().err


def test_a_folder_that_is_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "x.png"]) == 2
    assert capsys.readouterr().err.startswith("headstart-predict: ")
