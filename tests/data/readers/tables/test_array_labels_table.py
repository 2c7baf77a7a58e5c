"""Arrays whose labels stand in a table beside them."""

from pathlib import Path

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.samples import Samples
from headstart.data.source_items import list_folder_items
from headstart.errors import DataError
from headstart.modalities.modality import get_modality

COUNT = 12
NAMES = [("ant", "bee", "cat")[i % 3] for i in range(COUNT)]
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 6, 5), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "images.npy", IMAGES)
    return tmp_path


def list_labels(samples: Samples) -> list[str]:
    ordered = sorted(samples.samples, key=lambda sample: int(sample.name.rpartition("#")[2]))
    return [samples.classes[sample.target] for sample in ordered]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("labels.csv", ["label", *NAMES]),
        ("labels.txt", NAMES),
        ("targets.csv", ["index,species", *(f"{i},{name}" for i, name in enumerate(NAMES))]),
        ("data.csv", ["id;kind", *(f"{i + 1};{name}" for i, name in enumerate(NAMES))]),
        ("labels.csv", ["index,label", *reversed([f"{i},{name}" for i, name in enumerate(NAMES)])]),
    ],
)
def test_a_row_for_each_item(folder: Path, name: str, lines: list[str]) -> None:
    (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    samples = read_source(folder)
    assert list_labels(samples) == NAMES
    assert any(f"the labels of 'images' are read from {name}" in note for note in samples.ledger.notes)


def test_parts_have_a_table_each(tmp_path: Path) -> None:
    for part, count in (("train", COUNT), ("test", 6)):
        np.save(tmp_path / f"X_{part}.npy", IMAGES[:count] + (part == "test"))
        (tmp_path / f"y_{part}.csv").write_text("\n".join(["label", *NAMES[:count]]) + "\n", "utf-8")
    samples = read_source(tmp_path)
    assert sum(sample.subset == "test" for sample in samples.samples) == 6
    assert len(samples) == COUNT + 6


def test_another_number_of_rows_is_refused(folder: Path) -> None:
    (folder / "labels.csv").write_text("\n".join(["label", *NAMES[:-1]]) + "\n", "utf-8")
    with pytest.raises(DataError, match=r"'labels\.csv' has 11 rows of labels, 'images' has 12 items"):
        read_source(folder)


def test_other_tables_say_nothing(folder: Path) -> None:
    (folder / "notes.txt").write_text("one line\nand more, of words\n", "utf-8")
    with pytest.raises(DataError, match="has the arrays 'images'; wanted images and labels"):
        read_source(folder)
    assert len(list(list_folder_items(folder, get_modality("image")).items)) == COUNT


def test_arrays_of_labels_are_used_before_tables(folder: Path) -> None:
    np.save(folder / "labels.npy", np.arange(COUNT) % 2)
    (folder / "labels.csv").write_text("\n".join(["label", *NAMES]) + "\n", "utf-8")
    samples = read_source(folder)
    assert samples.classes == ("0", "1")
    assert [(it.name, it.reason) for it in samples.ledger.entries if it.reason] == [("labels.csv", "no file of arrays")]
