"""Arrays whose labels stand in a table beside them."""

from pathlib import Path

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.samples import Samples
from headstart.data.source_items import list_folder_items
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import get_modality

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


ORDER = [place * 5 % COUNT for place in range(COUNT)]  # not that of the items


def write_rows(folder: Path, header: str, pattern: str = "{},{}", order: list[int] = ORDER, first: int = 0) -> None:
    rows = [pattern.format(place + first, NAMES[place]) for place in order]
    (folder / "labels.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")


@pytest.mark.parametrize("column", ["image_id", "ImageID", "img idx", "Unnamed: 0", "nr", "sample_index"])
@pytest.mark.parametrize("first", [0, 1])
def test_numbers_called_ids_are_the_places_of_the_rows(folder: Path, column: str, first: int) -> None:
    write_rows(folder, f"{column},label", first=first)
    samples = read_source(folder)
    assert list_labels(samples) == NAMES
    assert f"in the order of its column {column!r}" in " ".join(samples.ledger.notes)
    assert "of the rows" not in " ".join(samples.ledger.notes)


@pytest.mark.parametrize(
    ("header", "pattern", "column", "seen"),
    [
        ("image,label", "{},{}", "image", "'0' in the first row"),
        ("patient,slice,label", "a,{},{}", "slice", "'0' in the first row"),
        ("patient_id,label", "{},{}", "patient_id", "'0' in the first row"),
        ("file,label", "{}.png,{}", "file", "'0.png' in the first row"),
        ("label,image_id", "{1},img_{0:03}", "image_id", "'img_000' in the first row"),
    ],
)
def test_numbers_in_another_order_and_names_of_files_are_asked_for(
    folder: Path, header: str, pattern: str, column: str, seen: str
) -> None:
    write_rows(folder, header, pattern)
    with pytest.raises(DataError, match=rf"{seen}.*--path-column {column} to go by the.*--path-column none"):
        read_source(folder)
    by_column = read_source(folder, options=DataSettings(path_column=column))
    assert list_labels(by_column) == NAMES
    as_they_stand = read_source(folder, options=DataSettings(path_column="none", label_column="label"))
    assert list_labels(as_they_stand) == [NAMES[place] for place in ORDER]


def test_ids_that_go_up_beside_others_that_do_not_are_asked_for(folder: Path) -> None:
    rows = [f"{row},{place},{NAMES[place]}" for row, place in enumerate(ORDER)]
    (folder / "labels.csv").write_text("\n".join(["id,image_id,label", *rows]) + "\n", "utf-8")
    with pytest.raises(DataError, match="column 'image_id' of"):
        read_source(folder)
    (folder / "labels.csv").write_text("\n".join([",image_id,label", *rows]) + "\n", "utf-8")
    assert list_labels(read_source(folder)) == NAMES


@pytest.mark.parametrize("header", ["image,label", "id,label", "rank,label"])
def test_numbers_in_the_order_of_the_rows_leave_no_doubt(folder: Path, header: str) -> None:
    write_rows(folder, header, order=list(range(COUNT)))
    samples = read_source(folder)
    assert list_labels(samples) == NAMES
    assert "in the order of the rows" in " ".join(samples.ledger.notes)


def test_sorted_names_of_files_are_asked_for_without_a_list_of_them(folder: Path) -> None:
    write_rows(folder, "filename,label", "leaf_{:03}.jpg,{}", order=list(range(COUNT)))
    with pytest.raises(DataError, match="nothing says which item of 'images' is which file") as caught:
        read_source(folder)
    assert "--path-column filename" not in str(caught.value)
    write_rows(folder, "id,filename,label", "{0},leaf_{0:03}.jpg,{1}", order=list(range(COUNT)))
    assert list_labels(read_source(folder)) == NAMES


@pytest.mark.parametrize("kind", ["npy", "txt"])
def test_a_list_of_names_says_the_order(folder: Path, kind: str) -> None:
    write_rows(folder, "filename,label", "leaf_{:03}.jpg,{}")
    names = [f"leaf_{place:03}.jpg" for place in range(COUNT)]
    if kind == "npy":
        np.save(folder / "filenames.npy", np.array(names))
    else:
        (folder / "filenames.txt").write_text("\n".join(names) + "\n", "utf-8")
    samples = read_source(folder)
    assert list_labels(samples) == NAMES
    notes = " ".join(samples.ledger.notes)
    assert "in the order of 'filenames" in notes
    assert "not read" not in notes


def test_a_column_without_places_is_refused(folder: Path) -> None:
    write_rows(folder, "patient,slice,label", "p,{},{}")
    with pytest.raises(DataError, match=r"column 'patient' of 'labels\.csv' does not number the 12 items of 'images'"):
        read_source(folder, options=DataSettings(path_column="patient"))
