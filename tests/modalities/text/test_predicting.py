"""Texts are predicted as they are given: strings, files, tables, lines and JSON Lines on standard input."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.cli.main import run as run_command
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import NamedItem
from tests.modalities.texts import draw_texts, write_table

SEA, WOOD = "the ship and a wave in the tide", "an owl under the oak and the fern"


@pytest.fixture
def model(run: headstart.Run) -> str:
    return str(run.folder / "model")


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))


def read_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_in_python(run: headstart.Run, tmp_path: Path) -> None:
    answer = run.classifier.predict(SEA)
    assert (answer.source, answer.label) == (SEA, "sea")
    file = tmp_path / "text.txt"
    file.write_text(SEA, "utf-16")
    for given in (file, SEA.encode(), io.BytesIO(SEA.encode()), io.StringIO(SEA), np.str_(SEA), "\ufeff" + SEA):
        assert run.classifier.predict(given).probability == answer.probability  # type: ignore[arg-type]
    named = run.classifier.predict(NamedItem("a message", SEA))
    assert (named.source, named.probability) == ("a message", answer.probability)
    for several in ([SEA, WOOD], np.array([SEA, WOOD]), np.array([SEA, WOOD], object), iter((SEA, WOOD))):
        assert [one.label for one in run.classifier.predict(several)] == ["sea", "wood"]
    assert [one.label for one in headstart.predict(run, [SEA, file])] == ["sea", "sea"]
    assert ">sea " in headstart.predict(run, [SEA])._repr_html_()


def test_what_is_no_text_says_so(run: headstart.Run) -> None:
    for empty, said in (
        ("", "an empty text"),
        (" \n\t", "white space"),
        ("\u200b\x00\x01", "no character that is seen"),
    ):
        with pytest.raises(DataError, match=said):
            run.classifier.predict(empty)
    found = run.classifier.predict([SEA, "", b"\x89PNG\r\n\0\0\1\2\3", 3.5])  # type: ignore[list-item]
    assert [one.label is None for one in found] == [False, True, True, True]
    assert str(found[3].error).startswith("a text cannot be of type float; wanted a str, ")


def test_long_names_of_texts_are_shortened(run: headstart.Run) -> None:
    answer = run.classifier.predict(f"{SEA}\n" * 9)
    assert len(answer.source) == 60
    assert answer.source.endswith("…")
    assert "\n" not in answer.source


def test_a_text_in_the_place_of_a_file_is_told_how_texts_are_given(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["predict", model, SEA]) == 2
    out, err = capsys.readouterr()
    assert out.endswith("error: cannot be read: No such file or directory\n")
    assert err.endswith("1 of 1 texts could not be read; their rows say why; give a text itself with --text\n")


def test_a_text_on_the_command_line(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["predict", model, "--text", SEA, "--text", "-1 owl, oak and fern"]) == 0
    first, second = read_lines(capsys)
    assert first.startswith(f"{SEA}: sea ")
    assert second.startswith("-1 owl, oak and fern: wood ")


def test_lines_on_standard_input(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, f"{SEA}\r\n\n{WOOD}\n".encode())
    assert run_command(["predict", model, "-"]) == 0
    assert [line.split(": ")[1][:4] for line in read_lines(capsys)] == ["sea ", "wood"]
    feed(monkeypatch, f"caf\xe9, {SEA}\n".encode("latin-1"))
    assert run_command(["predict", model, "-", "--json"]) == 0
    (line,) = read_lines(capsys)
    assert json.loads(line)["source"].startswith("caf?, the ship")


def test_names_on_standard_input(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text(WOOD)
    feed(monkeypatch, f"{tmp_path / 'a.txt'}\n".encode())
    assert run_command(["predict", model, "-", "--lines", "names"]) == 0
    assert f"{tmp_path / 'a.txt'}: wood" in read_lines(capsys)[0]


def test_json_lines_in_and_out(model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        json.dumps({"id": 7, "text": f"{SEA}\nship", "stars": 5}),
        json.dumps({"Review": WOOD}),
        json.dumps(SEA),
        "{broken",
        json.dumps({"a": 1}),
        json.dumps({"id": "x", "text": ""}),
    ]
    feed(monkeypatch, "\n".join(rows).encode())
    assert run_command(["predict", model, "-", "--json"]) == 2
    found = [json.loads(line) for line in read_lines(capsys)]
    assert [(one["source"], one["label"]) for one in found[:3]] == [("7", "sea"), ("line 2", "wood"), ("line 3", "sea")]
    assert found[3]["error"] == "'{broken' is no JSON object; wanted one in each line"
    assert found[4]["error"].startswith("no text in it: it has 'a'; wanted a key such as 'text'")
    assert (found[5]["source"], found[5]["error"]) == ("x", "an empty text")
    feed(monkeypatch, json.dumps({"title": "owl", "words": WOOD}).encode())
    assert run_command(["predict", model, "-", "--path-column", "title,words"]) == 0
    assert "wood" in read_lines(capsys)[0]


def test_a_line_that_looks_like_json_is_a_text_where_it_is_said(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, json.dumps({"sail": "anchor"}).encode())
    assert run_command(["predict", model, "-", "--lines", "texts"]) == 0
    assert read_lines(capsys)[0].startswith('{"sail": "anchor"}: ')


def test_files_and_tables(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = draw_texts(30, seed=4)
    write_table(tmp_path / "new.csv", texts)
    (tmp_path / "new.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text, _ in texts))
    found = []
    for name in ("new.csv", "new.jsonl"):
        assert run_command(["predict", model, str(tmp_path / name), "--json"]) == 0
        found.append([json.loads(line)["probability"] for line in read_lines(capsys)])
    assert found[0] == found[1]
    assert len(found[0]) == 30


def test_classifiers_of_photos_take_no_texts(small, monkeypatch: pytest.MonkeyPatch, capsys) -> None:  # type: ignore[no-untyped-def]
    assert run_command(["predict", str(small.run), "--text", SEA]) == 2
    said = "--text is for classifiers of texts, and this one reads photos; give the files of photos"
    assert said in capsys.readouterr().err
    feed(monkeypatch, b"a\n")
    assert run_command(["predict", str(small.run), "-", "--lines", "json"]) == 2
    assert "--lines json is for texts, and this classifier reads photos; drop it" in capsys.readouterr().err
    assert run_command(["predict", str(small.run)]) == 2
    assert "nothing to predict is given; name files of photos, or give - for a list" in capsys.readouterr().err
