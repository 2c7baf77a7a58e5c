"""The place of answers: files of others stay, and what was taken away is answered again."""

from pathlib import Path

import pytest

import headstart
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
