"""Lists of the parts of a split beside class folders."""

from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from headstart.data.read import read_source
from headstart.data.samples import Samples
from headstart.settings import DataSettings


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Return a folder of two classes, each with photos 0 to 11."""
    for place in range(24):
        file = tmp_path / f"{('cat', 'dog')[place % 2]}/{place // 2}.png"
        file.parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8), place * 9).save(file)
    return tmp_path


def write(table: Path, *rows: str) -> None:
    table.write_text("\n".join(rows) + "\n")


def list_paths(*numbers: int) -> list[str]:
    return [f"{label}/{number}.png" for label in ("cat", "dog") for number in numbers]


def count(samples: Samples) -> dict[str, int]:
    return dict(Counter(str(sample.subset or "") for sample in samples.samples))


def read(folder: Path, **settings: str) -> Samples:
    return read_source(folder, options=DataSettings.model_validate(settings))


def test_lists_of_paths_with_and_without_labels_and_endings(pets: Path) -> None:
    write(pets / "train.txt", *list_paths(*range(8)))
    write(pets / "val_list.txt", *[f"{path} 1" for path in list_paths(8, 9)])
    write(pets / "test.csv", "image", *[path.removesuffix(".png") for path in list_paths(10, 11)])
    samples = read(pets)
    assert count(samples) == {"train": 16, "validation": 4, "test": 4}
    assert samples.ledger.notes[0].startswith("the parts of the split are read from 'test.csv' (4 photos)")
    assert samples.ledger.notes[0].endswith("add --classes-from folder")
    assert count(read(pets, classes_from="folder")) == {"": 24}


def test_a_list_of_train_and_validation_together_is_left_for_the_two(pets: Path) -> None:
    for name, numbers in (("train", range(8)), ("val", (8, 9)), ("trainval", range(10)), ("test", (10, 11))):
        write(pets / f"{name}.txt", *list_paths(*numbers))
    assert count(read(pets)) == {"train": 16, "validation": 4, "test": 4}


def test_the_rest_is_train_where_only_the_others_are_listed(pets: Path) -> None:
    (pets / "meta").mkdir()
    write(pets / "meta/testing_list.txt", *list_paths(10, 11))
    assert count(read(pets)) == {"train": 20, "test": 4}


def test_a_table_of_parts_and_photos_in_none_of_them(pets: Path) -> None:
    rows = [f"{path},{'test' if '1' in path else 'train'}" for path in list_paths(*range(11))]
    write(pets / "split.csv", "file,split", *rows)
    samples = read(pets)
    assert count(samples) == {"train": 18, "test": 4}
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert reasons == {
        "cat/11.png": "in no list of a part",
        "dog/11.png": "in no list of a part",
        "split.csv": "a list of parts, which is read",
    }


@pytest.mark.parametrize(
    ("lists", "reason"),
    [
        ({"train": range(9), "test": (8, 9, 10, 11)}, "is in two parts"),
        ({"train": range(4), "test": (4, 5)}, "only 12 of 24 are in them"),
        ({"train": range(5)}, "only 10 of 24 are in them"),
    ],
)
def test_lists_that_are_not_clear_are_noted(pets: Path, lists: dict[str, range], reason: str) -> None:
    for name, numbers in lists.items():
        write(pets / f"{name}.txt", *list_paths(*numbers))
    samples = read(pets)
    assert count(samples) == {"": 24}
    assert any("are not used: " in note and reason in note for note in samples.ledger.notes)


def test_a_table_of_all_photos_called_train_says_nothing(pets: Path) -> None:
    write(pets / "train.csv", "file,label", *[f"{path},{path[:3]}" for path in list_paths(*range(12))])
    assert not read(pets).ledger.notes
