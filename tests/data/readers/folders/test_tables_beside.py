"""Notes on tables and lists beside class folders that are about the photos and not used."""

from pathlib import Path

import pytest
from PIL import Image

from headstart.data.read import read_source
from headstart.data.relabel import apply_relabels

NAMES = tuple(f"{label}/{label}{number}.png" for label in ("elm", "oak") for number in range(12))
OTHERS = {"elm": "oak", "oak": "elm"}


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    for shade, name in enumerate(NAMES):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8), shade * 9).save(tmp_path / name)
    return tmp_path


def read_notes(root: Path, table: str, *lines: str) -> str:
    (root / table).write_text("\n".join(lines) + "\n")
    samples = read_source(root)
    assert len(samples.samples) == len(NAMES)
    return "\n".join(samples.ledger.notes)


def test_corrections_are_noted_and_can_be_used(trees: Path) -> None:
    rows = [f"{name},{OTHERS[name[:3]]}" for name in NAMES[:4]]
    note = read_notes(trees, "relabelled.csv", "file,label", *rows)
    assert "'relabelled.csv' gives 4 of its 4 photos another class than the folders, such as 'oak' to 'elm/" in note
    assert "fit with --relabel" in note
    corrected = apply_relabels(read_source(trees), trees / "relabelled.csv")
    assert {one.name for one in corrected.relabels} == set(NAMES[:4])


def test_a_table_of_all_that_differs_in_a_few_is_noted(trees: Path) -> None:
    rows = [f"{name},{OTHERS[name[:3]] if at < 2 else name[:3]}" for at, name in enumerate(NAMES)]
    assert "gives 2 of its 24 photos another class" in read_notes(trees, "labels_final.csv", "file,label", *rows)


@pytest.mark.parametrize(
    ("table", "header", "cell", "says"),
    [
        ("exclude.csv", "file,reason", "blurred", "lists 3 photos that are to be left out, by its name"),
        ("bad_images.txt", "", "", "lists 3 photos that are to be left out, by its name"),
        ("patients.csv", "file,patient_id", "P1", "to keep them together, add a column label to it"),
        ("folds.csv", "file,fold", "1", "--split-column fold"),
    ],
)
def test_lists_and_columns_are_noted(trees: Path, table: str, header: str, cell: str, says: str) -> None:
    rows = [f"{name},{cell}" if cell else name for name in NAMES[:3]]
    note = read_notes(trees, table, *([header] if header else []), *rows)
    assert repr(table) in note
    assert says in note
    assert "is not used" in note


@pytest.mark.parametrize(
    ("table", "header", "cell"),
    [
        ("labels.csv", "file,label", ""),
        ("exif.csv", "file,make", "Leica"),
        ("exclude.csv", "recipe,reason", "salty"),
        ("names.txt", "", ""),
    ],
)
def test_tables_that_say_the_same_or_something_else_are_not_noted(
    trees: Path, table: str, header: str, cell: str
) -> None:
    names = [f"cake {at}" for at in range(12)] if "recipe" in header else NAMES
    rows = [f"{name},{cell or name[:3]}" if header else name for name in names]
    assert read_notes(trees, table, *([header] if header else []), *rows) == ""
