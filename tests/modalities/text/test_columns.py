"""Columns of tables with texts: those that fit read are known from the saved classifier, and can be named."""

import csv
import io
import json
from pathlib import Path

import pytest

import headstart
from headstart.cli.main import run as run_command
from headstart_runtime import fitting_parts
from headstart_runtime.command.main import main
from headstart_runtime.errors import DataError, SettingError
from tests.modalities.texts import draw_texts

TEXTS = draw_texts(80, seed=3, longest=12)


def write_rows(file: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    return file


@pytest.fixture(scope="module")
def joined(networks: Path, tmp_path_factory: pytest.TempPathFactory) -> headstart.Run:
    """A run on texts of two columns, whose text is told by the second."""
    folder = tmp_path_factory.mktemp("joined")
    rows = [(str(at), "one of many", text, label) for at, (text, label) in enumerate(TEXTS)]
    table = write_rows(folder / "t.csv", ("nr", "head line", "words", "label"), rows)
    options = {"store": folder / "store", "out": folder / "run", "backbone": "tinybert:net"}
    return headstart.fit(table, progress=False, text_column="head line,words", **options)  # type: ignore[arg-type]


def test_the_columns_are_saved(joined: headstart.Run, run: headstart.Run) -> None:
    record = json.loads((joined.folder / "model" / "model.json").read_text())
    assert record["item_columns"] == ["head line", "words"]
    assert headstart.load(joined.folder).record.item_columns == ("head line", "words")
    assert run.classifier.record.item_columns == ("text",)


def test_a_table_is_read_as_fit_read_it(
    joined: headstart.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        ("one of many", text, "a long remark of nobody on nothing at all, which goes on and on") for text, _ in TEXTS
    ]
    table = write_rows(tmp_path / "new.csv", ("Head-Line", "words", "remark"), rows[:8])
    found = headstart.predict(joined, table)
    assert [one.label for one in found] == [label for _, label in TEXTS[:8]]
    said = "8 texts read from columns 'Head-Line' and 'words', as those that the classifier was made from"
    assert found.notes[0].endswith(said)
    wanted = joined.classifier.predict(f"head line: one of many\nwords: {TEXTS[0][0]}").probability
    assert run_command(["predict", str(joined.folder), str(table), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[0])["probability"] == pytest.approx(wanted, abs=0.02)  # the name's capitals
    assert "read from columns 'Head-Line' and 'words'" in err
    lines = "\n".join(json.dumps({"words": text, "head line": "one of many", "id": 1}) for text, _ in TEXTS[:2])
    for command in (lambda words: run_command(["predict", *words]), main):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
        assert command([str(joined.folder), "-", "--json", "--engine", "onnxruntime"]) == 0
        first = json.loads(capsys.readouterr().out.splitlines()[0])
        assert first["probability"] == pytest.approx(wanted, abs=1e-6)
    assert (
        headstart.evaluate(
            joined,
            write_rows(
                tmp_path / "e.csv",
                ("head line", "words", "label"),
                [("one of many", text, label) for text, label in TEXTS],
            ),
            progress=False,
        ).score
        > 0.9
    )


def test_columns_can_be_named(
    joined: headstart.Run, run: headstart.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(text, "an owl under the oak and the fern") for text, _ in TEXTS[:6]]
    table = write_rows(tmp_path / "t.csv", ("first", "second"), rows)
    labels = [str(run.classifier.predict(text).label) for text, _ in TEXTS[:6]]
    for column, wanted in (("first", labels), ("second", ["wood"] * 6)):
        assert [one.label for one in headstart.predict(run, table, text_column=column)] == wanted
        assert run_command(["predict", str(run.folder), str(table), "--text-column", column, "--csv"]) == 0
        assert capsys.readouterr().out.count("wood") >= wanted.count("wood")
    found = headstart.predict(joined, table, text_column="first,second")
    assert found.notes[0].endswith("t.csv: 6 texts read from columns 'first' and 'second'")
    with pytest.raises(DataError, match="has no column 'third'"):
        headstart.predict(run, table, text_column="third")


def test_another_column_than_that_of_fit_is_told(joined: headstart.Run, tmp_path: Path) -> None:
    table = write_rows(tmp_path / "t.csv", ("text",), [(text,) for text, _ in TEXTS[:3]])
    (note, *_) = headstart.predict(joined, table).notes
    made = "the classifier was made from columns 'head line' and 'words', which this table does not have"
    assert note.endswith(f"3 texts read from column 'text'; {made}")


def test_explain_reads_the_same(joined: headstart.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("one of many", text) for text, _ in TEXTS[:2]]
    table = write_rows(tmp_path / "t.csv", ("head line", "words"), rows)
    assert len(headstart.explain(joined, table)) == 2
    assert run_command(["explain", str(joined.folder), str(table), "--text-column", "words"]) == 0
    assert "2 texts read from column 'words'" in capsys.readouterr().err


def test_what_has_no_such_columns(run: headstart.Run, small, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("the ship and a wave")
    with pytest.raises(SettingError, match="text_column is for tables and arrays"):
        headstart.predict(run, tmp_path / "texts", text_column="text")
    table = write_rows(tmp_path / "t.csv", ("text",), [("a",)])
    with pytest.raises(SettingError, match="text_column is for classifiers of texts, and this one reads photos"):
        headstart.predict(small.run, table, text_column="text")


def test_without_headstart_a_table_is_no_text(
    run: headstart.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_rows(tmp_path / "t.csv", ("text",), [("the ship and a wave",)])
    monkeypatch.setattr(fitting_parts, "find_spec", lambda _: None)
    assert main([str(run.folder / "model"), str(table)]) == 2
    assert "a table, which is read where headstart is installed" in capsys.readouterr().out
