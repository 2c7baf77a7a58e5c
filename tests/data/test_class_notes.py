"""Notes on classes: misspelt names, numbers that measure, classes that a part lacks, ragged folders."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.class_notes import find_near_names
from headstart.data.read import read_source
from headstart.settings import DataSettings

Plant = Callable[..., Path]


def list_notes(source: Path) -> str:
    return "\n".join(read_source(source).ledger.notes)


def lay(plant: Plant, root: Path, counts: dict[str, int]) -> Path:
    return plant(root, *(f"{name}/{i}.png" for name, count in counts.items() for i in range(count)))


def test_a_misspelt_folder_of_few_photos_is_noted(tmp_path: Path, plant: Plant) -> None:
    source = lay(plant, tmp_path, {"cardboard": 8, "cardbord": 3, "glass": 8, "grass": 8})
    assert "differ by a letter: 'cardbord' (3) and 'cardboard' (8);" in list_notes(source)


@pytest.mark.parametrize(
    "names", [("cat", "bat"), ("class1", "class2"), ("male", "female"), ("Cat", "cat"), ("a", "b")]
)
def test_other_words_are_not_near(names: tuple[str, str]) -> None:
    assert not find_near_names(names)


def lay_table(plant: Plant, root: Path, column: str, labels: list[str]) -> Path:
    plant(root, *(f"{i}.png" for i in range(4 * len(labels))))
    rows = "".join(f"{i}.png,{labels[i // 4]}\n" for i in range(4 * len(labels)))
    (root / "labels.csv").write_text(f"file,{column}\n{rows}")
    return root / "labels.csv"


@pytest.mark.parametrize(
    ("column", "labels", "noted"),
    [
        ("label", ["20.5", "21.5"], True),
        ("stars", ["1", "2", "3"], True),
        ("label", [str(age) for age in (18, 21, 25, 30, 33, 40, 51, 60)], True),
        ("label", ["0", "1", "2"], False),
        ("label", [str(number) for number in range(10)], False),
    ],
)
def test_numbers_that_measure_are_noted(
    tmp_path: Path, plant: Plant, column: str, labels: list[str], noted: bool
) -> None:
    told = list_notes(lay_table(plant, tmp_path, column, labels))
    assert ("each is a class of its own here" in told or "they may be meant for another task" in told) is noted


def test_a_test_part_without_a_class_is_noted(tmp_path: Path, plant: Plant) -> None:
    source = lay(plant, tmp_path, {"train/cat": 6, "train/dog": 6, "test/cat": 2})
    assert "the test part has no photo of 'dog': nothing is measured for it" in list_notes(source)


def test_folders_in_some_classes_are_noted(tmp_path: Path, plant: Plant) -> None:
    source = lay(plant, tmp_path, {"cats": 4, "dogs": 4, "insects/ant": 4, "insects/bee": 4})
    assert "'insects' is one class of all folders in it, such as 'ant', 'bee'" in list_notes(source)
    views = lay(plant, tmp_path / "views", {"cats": 4, "dogs": 4, "birds/left": 4, "birds/right": 4})
    assert "is one class of all folders" not in list_notes(views)


def test_what_is_no_word_is_not_compared():
    long = "a" * 1_000_000
    assert find_near_names([long, long + "b", "heron", "herron"]) == [("heron", "herron")]


def test_ordered_classes_are_noted_as_classes_are_but_not_as_numbers(tmp_path: Path, plant: Plant) -> None:
    source = lay(plant, tmp_path, {"train/10": 8, "train/20": 8, "train/35": 8, "test/10": 2, "test/20": 2})
    told = "\n".join(read_source(source, options=DataSettings.model_validate({"task": "ordinal"})).ledger.notes)
    assert "the test part has no photo of '35'" in told
    assert "each is a class of its own" not in told
