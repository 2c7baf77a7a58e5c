"""The place of answers: files of others stay, and what was taken away is answered again."""

import io
import os
import sys
from pathlib import Path

import pytest

import headstart
from headstart_runtime.command.main import main
from headstart_runtime.inference.classifier import Classifier
from tests.answer_files.made import draw_many, read_rows, write
from tests.conftest import Small


@pytest.fixture(scope="module")
def classifier(small: Small) -> Classifier:
    return headstart.load(small.run, "onnxruntime")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw_many(folder := tmp_path_factory.mktemp("many"), 7)
    return folder


@pytest.mark.parametrize("part", [0, 2])
def test_a_part_that_was_taken_away_from_finished_answers_is_answered_again(classifier, photos, tmp_path, part) -> None:
    write(classifier, tmp_path / "a", photos)
    before = read_rows(tmp_path / "a")
    (tmp_path / "a" / f"part-00000{part}.parquet").unlink()
    written = write(classifier, tmp_path / "a", photos)
    assert (written.items, written.answered) == (7, 1 if part == 2 else 3)
    assert read_rows(tmp_path / "a") == before


def test_files_of_others_beside_the_parts_of_a_joined_file_stay(classifier, photos, tmp_path) -> None:
    write(classifier, tmp_path / "a.parquet", photos)
    notes = tmp_path / "a.parquet.unfinished" / "mine" / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    assert write(classifier, tmp_path / "a.parquet", photos).answered == 0
    assert [path.name for path in notes.parent.parent.iterdir()] == ["mine"]
    assert notes.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names of files are text there")
@pytest.mark.parametrize("name", ["\udcffout\n", "\udcff.parquet", "file:a", "s3:b.parquet", "é😀"])
def test_a_place_may_be_called_anything(classifier, photos, tmp_path, name: str) -> None:
    assert write(classifier, tmp_path / name, photos).answered == 7
    assert write(classifier, tmp_path / name, photos).answered == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names of files are text there")
def test_names_that_are_no_text_are_printed_where_the_stream_has_utf_8_alone(
    small, photos, tmp_path, monkeypatch
) -> None:
    item = tmp_path / "\udcff.png"
    item.write_bytes((photos / "0.png").read_bytes())
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(told := io.BytesIO(), "utf-8", "strict"))
    assert main([str(small.run), str(item), "--engine", "onnxruntime"]) == 0
    assert b"\\udcff.png" in told.getvalue()
