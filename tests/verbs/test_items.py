"""Items as people give them to predict and explain: paths, texts, folders and tables, of photos and of texts."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import headstart
from headstart import events
from headstart.cli.main import run as run_command
from headstart.sklearn import Classifier, FeatureExtractor
from headstart_runtime.errors import DataError, SettingError, UserError
from tests.modalities.texts import draw_texts, install_texts, write_folder, write_table


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_texts(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="module")
def run(site: Path, tmp_path_factory: pytest.TempPathFactory) -> headstart.Run:
    folder = tmp_path_factory.mktemp("runs")
    table = write_table(folder / "texts.csv", draw_texts(80))
    options: Any = {"store": folder / "store", "out": folder / "run", "backbone": "tinytext:net", "report": False}
    return headstart.fit(table, progress=False, **options)


def run_json(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str, int]:
    code = run_command(arguments)
    done = capsys.readouterr()
    return [json.loads(line) for line in done.out.splitlines()], done.err, code


def test_what_is_given_to_a_command_is_a_path_and_never_a_text(run, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("wave ship tide sail")
    given = ["./a.txt", "nothere.csv", "", "the ship", "https://example.org/a.txt"]
    answers, _, code = run_json(["predict", str(run.folder), *given, "--json"], capsys)
    assert code == 2
    assert [answer["source"] for answer in answers] == given
    assert answers[0]["label"] == "sea"
    assert [answer["error"] for answer in answers[1:]] == [
        "cannot be read: No such file or directory",
        "an empty path; wanted the path of a file",
        "cannot be read: No such file or directory",
        "is a URL, and nothing is fetched; wanted the bytes, or the path of a file",
    ]


def test_in_python_a_path_is_a_path_and_a_str_a_text(run, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ship.txt").write_text("oak moss fern owl")
    Path("tide").mkdir()
    found = headstart.predict(run.folder, ["ship.txt", Path("ship.txt"), b"oak moss owl", "tide", Path("gone.txt")])
    assert [one.label for one in found] == ["sea", "wood", "wood", "sea", None]
    assert found[4].source == "gone.txt"
    assert found[4].error == "cannot be read: No such file or directory"
    assert headstart.predict(run.folder, "oak moss fern owl")[0].label == "wood"
    with pytest.raises(DataError, match=r"gone\.txt: cannot be read: No such file"):
        run.classifier.predict(Path("gone.txt"))


def test_a_folder_of_texts_is_read_by_its_path_only(run, tmp_path) -> None:
    folder = write_folder(tmp_path / "texts", draw_texts(6, seed=4))
    found = headstart.predict(run.folder, folder)
    assert [Path(one.source).parent.name for one in found] == [one.label for one in found]
    assert len(found) == 6
    assert [one.source for one in headstart.predict(run.folder, str(folder))] == ["a text"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_of_texts_is_read_as_fit_reads_it(form, run, tmp_path, capsys) -> None:
    texts = draw_texts(30, seed=5)
    cells = {"note": ["x"] * 32, "Text": [text for text, _ in texts] + ["", texts[0][0]]}
    file = tmp_path / f"new.{form}"
    if form == "csv":
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([cells.keys(), *zip(*cells.values(), strict=True)])
    else:
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pytest.importorskip("pyarrow").table(cells), file)
    answers, told, code = run_json(["predict", str(run.folder), str(file), "--json"], capsys)
    first = 2 if form == "csv" else 1
    assert [answer["source"] for answer in answers] == [f"row {first + number}" for number in range(32)]
    assert code == 2
    assert "new." in told
    assert "32 texts read from column 'Text'" in told
    assert answers[30]["error"] == "an empty text"
    alone = run.classifier.predict([text for text, _ in texts])
    assert [answer["label"] for answer in answers[:30]] == [one.label for one in alone]
    assert answers[31]["label"] == answers[0]["label"]
    found = headstart.predict(run.folder, file)
    assert [one.source for one in found] == [answer["source"] for answer in answers]
    assert "column 'Text'" in found.notes[0]


def test_a_table_of_photos_is_read_as_fit_reads_it(small, tmp_path, capsys) -> None:
    files = sorted(small.photos.rglob("*.*"))[:4]
    names = [*(str(file) for file in files), "gone.jpg", "", str(files[0])]
    table = tmp_path / "new.tsv"
    table.write_text("\n".join(["filename\tsplit", *(f"{name}\ttrain" for name in names)]), "utf-8")
    answers, told, code = run_json(["predict", str(small.run), str(table), "--json"], capsys)
    assert "7 photos read from column 'filename'" in told
    assert code == 2
    assert [answer["source"] for answer in answers[:4]] == names[:4]
    assert answers[4]["error"] == "cannot be read: No such file or directory"
    assert answers[5]["error"] == "empty path"
    assert answers[6]["label"] == answers[0]["label"]
    found = headstart.predict(small.run, [str(table), str(files[0])])
    assert [one.label for one in found] == [answer["label"] for answer in [*answers, answers[0]]]
    assert [one.source for one in found[:2]] == [f"{table}: {names[0]}", f"{table}: {names[1]}"]
    told_in_python = headstart.explain(small.run, table)
    assert [one.source for one in told_in_python] == [answer["source"] for answer in answers]
    assert "column 'filename'" in told_in_python.notes[0]


def test_what_is_no_item_is_said_to_be_none(run) -> None:
    (one,) = headstart.predict(run.folder, 3)
    assert (one.source, one.error) == ("int", "a text cannot be of type int")
    labels = [one.label for one in headstart.predict(run.folder, (3, "wave ship"))]
    assert labels == [None, "sea"]


def test_a_table_without_a_column_of_items_is_refused(run, small, tmp_path) -> None:
    table = tmp_path / "numbers.csv"
    table.write_text("width,label\n1,a\n")
    with pytest.raises(DataError, match=r"none for texts; call one 'text', 'sentence', 'path'"):
        headstart.predict(run.folder, table)
    with pytest.raises(DataError, match="none for photos"):
        headstart.predict(small.run, table)


def test_evaluating_another_kind_of_data_is_one_line(run, small, tmp_path) -> None:
    table = write_table(tmp_path / "texts.csv", draw_texts(10, seed=6))
    folder = write_folder(tmp_path / "folder", draw_texts(10, seed=6))
    with pytest.raises(DataError, match=r"^this model reads texts; '.*photos' holds \d+ photos$"):
        headstart.evaluate(run.folder, small.photos)
    for source, name in ((table, "texts.csv"), (folder, "folder")):
        with pytest.raises(DataError, match=rf"^this model reads photos; '.*{name}' holds 10 texts$"):
            headstart.evaluate(small.run, source)
    with pytest.raises(SettingError, match="this model reads photos; modality verse is given; drop it"):
        headstart.evaluate(small.run, table, modality="verse")


def test_evaluating_reads_what_the_model_reads_where_a_table_has_both(run, tmp_path) -> None:
    texts = draw_texts(20, seed=7)
    table = tmp_path / "both.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("image", "text", "label"), *(("a.jpg", *row) for row in texts)])
    told: list[Any] = []
    assert headstart.evaluate(run.folder, table, listener=told.append).n == 20
    assert events.Note("the texts are read from column 'text'") in told
    notes = headstart.check(table, progress=False).data.samples.ledger.notes
    assert "the photos are read; column 'text' holds texts: --modality verse reads those" in notes


def test_runs_of_two_kinds_are_not_compared(run, small, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"is a run on photos and .* one on texts, which cannot be compared"):
        headstart.report(small.run, run.folder)
    assert not list(tmp_path.iterdir())


def test_the_split_of_another_kind_of_run_is_refused(run, small, tmp_path) -> None:
    table = write_table(tmp_path / "texts.csv", draw_texts(20))
    options: Any = {"backbone": "tinytext:net", "store": tmp_path / "store", "out": tmp_path / "run"}
    for earlier in (small.run, small.run / "split.json"):
        with pytest.raises(DataError, match=r"^split_from '.*' is a run on photos, and these are texts"):
            headstart.fit(table, split_from=earlier, progress=False, **options)
    assert not (tmp_path / "run").exists()


def test_a_table_of_texts_is_checked_in_rows(tmp_path, capsys) -> None:
    table = write_table(tmp_path / "texts.csv", [*draw_texts(40, seed=8), ("", "sea"), ("...", "wood")])
    assert run_command(["check", str(table)]) == 0
    out = capsys.readouterr().out
    assert "42 rows seen: 40 accepted" in out
    assert "row 42: skipped: an empty text" in out
    assert "the text is read from column 'text'" in out
    for word in ("file", "unknown", "path"):
        assert word not in out.replace(str(tmp_path), ""), word
    table = write_table(tmp_path / "empty.csv", [("", "sea"), ("", "wood")])
    assert run_command(["check", str(table)]) == 2
    out = capsys.readouterr().out
    assert "formats" not in out
    assert headstart.check(table).data.samples.ledger.unit.many == "rows"


@pytest.mark.parametrize("give", [list, np.array, lambda texts: np.array(texts, object)])
def test_texts_in_memory_are_learnt_from(give, tmp_path) -> None:
    texts, labels = zip(*draw_texts(80, seed=9), strict=True)
    options: Any = {"backbone": "tinytext:net", "store": tmp_path / "store", "progress": False}
    rows = headstart.features(give(texts), labels=labels, **options)
    told: list[Any] = []
    table = write_table(tmp_path / "texts.csv", draw_texts(80, seed=9))
    same = headstart.features(table, **{**options, "listener": told.append})
    assert events.Note("the texts are read from column 'text'") in told
    assert sorted(same.ids) == sorted(rows.ids)
    assert (rows.noun.many, len(rows.ids)) == ("texts", 80)
    assert headstart.check(give(texts), labels=list(labels), progress=False).data.usable == {"sea": 40, "wood": 40}


def test_scikit_learn_learns_from_texts(tmp_path) -> None:
    texts, labels = zip(*draw_texts(80, seed=10), strict=True)
    extractor = FeatureExtractor("tinytext:net", store=tmp_path / "store")
    pipeline = make_pipeline(extractor, LogisticRegression())
    assert cross_val_score(pipeline, list(texts), labels, cv=3).mean() > 0.7
    files = [tmp_path / f"{number}.txt" for number in range(80)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    rows = extractor.fit(list(texts)).transform(np.array(texts, object))
    np.testing.assert_array_equal(extractor.fit(files).transform(files), rows)
    model = Classifier("tinytext:net", store=tmp_path / "store", settings={"report": False}).fit(list(texts), labels)
    assert model.score(np.array(texts), labels) > 0.8
    assert list(model.predict(files)) == list(model.predict(texts))
