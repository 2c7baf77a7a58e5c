"""Files beside items whose labels are in a form that is not read."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.data.read import read_source
from headstart_runtime.errors import DataError

NAMES = ("cat", "dog")
COUNT = 12


@pytest.fixture
def flat(tmp_path: Path, plant: Callable[..., Path]) -> Path:
    """Twelve photos whose names say nothing, in a folder of a folder."""
    plant(tmp_path / "set", *(f"images/IMG_{at:04}.png" for at in range(COUNT)))
    return tmp_path / "set"


def refuse(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_source(folder, strict=False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def list_labels(row: str) -> str:
    return "".join(row.format(name=f"IMG_{at:04}.png", label=NAMES[at % 2]) for at in range(COUNT))


@pytest.mark.parametrize("labels", [NAMES, ("1", "2")])
def test_a_line_for_each_photo_in_order(flat: Path, labels: tuple[str, str]) -> None:
    (flat / "labels.txt").write_text("".join(f"{labels[at % 2]}\n" for at in range(COUNT)), "utf-8")
    said = refuse(flat)
    assert f"'labels.txt': it has as many lines as there are photos, 12 ('{labels[0]}' 6, '{labels[1]}' 6)" in said
    assert f"the first row of the table is 'images/IMG_0000.png,{labels[0]}'" in said


def test_a_value_for_each_photo_in_an_array(flat: Path) -> None:
    np.save(flat / "labels.npy", np.arange(COUNT) % 2)
    assert "'labels.npy': it has as many values as there are photos, 12 ('0' 6, '1' 6), but names none" in refuse(flat)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("labels.md", "| {name} | {label} |\n"),
        ("labels.ini", "{name}={label}\n"),
        ("labels.yaml", "{name}: {label}\n"),
        ("labels.txt", "{name}    {label}      Anna B.  {label} x\nnothing\n"),
        ("labels.html", "<tr><td>{name}</td><td>{label}</td></tr>\n"),
    ],
)
def test_a_text_that_names_the_photos(flat: Path, name: str, row: str) -> None:
    (flat / name).write_text(list_labels(row), "utf-8")
    said = refuse(flat)
    assert f"{name!r}: it names 12 of the 12 photos, in a form that is not read; to use it, write a table (CSV)" in said
    assert said.endswith("such as 'images/IMG_0000.png'")


def test_a_database_is_named(flat: Path) -> None:
    with sqlite3.connect(flat / "labels.db") as database:
        database.execute("create table labels (name text, label text)")
    database.close()
    assert "'labels.db': an SQLite database, which is not read: export the table as CSV" in refuse(flat)


def test_files_beside_the_photos_are_named(flat: Path) -> None:
    for at in range(COUNT):
        (flat / f"images/IMG_{at:04}.xmp").write_text("<rdf:li>cat</rdf:li>", "utf-8")
    assert "'*.xmp': .xmp files lie beside the photos, one for each, and are not read (exiftool" in refuse(flat)


def test_answers_of_volunteers_are_named(flat: Path) -> None:
    rows = [
        f'{at},"[{{""value"": ""cat""}}]","{{""9"": {{""Filename"": ""IMG_{at:04}.png""}}}}"' for at in range(COUNT)
    ]
    (flat / "answers.csv").write_text("\n".join(["id,annotations,subject_data", *rows]), "utf-8")
    assert "'answers.csv': answers of volunteers (Zooniverse), a row for each" in refuse(flat)


def test_other_files_are_not_named(flat: Path) -> None:
    (flat / "notes.txt").write_text("taken in May\nby Anna\n", "utf-8")
    np.save(flat / "mean.npy", np.zeros(3))
    samples = read_source(flat, strict=False)
    assert not samples.classes


def test_they_stop_no_clear_folders(tmp_path: Path, plant: Callable[..., Path]) -> None:
    folder = plant(tmp_path / "set", *(f"{NAMES[at % 2]}/IMG_{at:04}.png" for at in range(COUNT)))
    (folder / "labels.md").write_text(list_labels("| {name} | {label} |\n"), "utf-8")
    (folder / "order.txt").write_text("".join(f"{NAMES[at % 2]}\n" for at in range(COUNT)), "utf-8")
    assert read_source(folder).classes == NAMES


def test_an_array_for_each_photo_in_folders_is_explained(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).mkdir()
        for at in range(3):
            np.save(tmp_path / name / f"{at}.npy", np.zeros((8, 8, 3), np.uint8))
    said = refuse(tmp_path)
    assert "has 6 arrays in 2 folders, such as 'cat/0.npy'; an array for each photo is not read; put those of" in said
    assert "numpy.save('cat.npy', numpy.stack(arrays)), and give the folder of these files" in said


def test_a_stack_for_each_class_is_explained(tmp_path: Path) -> None:
    for seed, name in enumerate(NAMES):
        pages = [Image.fromarray(np.full((9, 9, 3), 10 * seed + at, np.uint8)) for at in range(3)]
        pages[0].save(tmp_path / f"{name}.tif", save_all=True, append_images=pages[1:])
    said = refuse(tmp_path)
    assert "has no class folders but 2 files that hold several photos each, such as 'cat.tif' (page 1 of 3)" in said
    assert "if each file is a class, write the photos in it into a folder of its name" in said
