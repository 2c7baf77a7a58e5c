"""Folders of lists that are joined by numbers, as CUB has them."""

from collections import Counter
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.samples import Subset
from headstart_runtime.errors import DataError

BIRDS = ("001.Albatross", "002.Auklet", "003.Bunting")


@pytest.fixture
def cub(tmp_path: Path, plant) -> Path:
    """Eighteen photos of three birds, every third one for the test, in a folder that wraps them."""
    paths = [f"{BIRDS[i % 3]}/b{i}.png" for i in range(18)]
    root = plant(tmp_path / "cub", *(f"CUB_200_2011/images/{path}" for path in paths)) / "CUB_200_2011"
    lists = {
        "images.txt": paths,
        "image_class_labels.txt": [1 + i % 3 for i in range(18)],
        "classes.txt": BIRDS,
        "train_test_split.txt": [int(i < 12) for i in range(18)],
    }
    for name, cells in lists.items():
        (root / name).write_text("".join(f"{i} {cell}\n" for i, cell in enumerate(cells, 1)))
    return root


def test_lists_of_paths_labels_names_and_parts(cub):
    for source in (cub, cub.parent):
        samples = read_source(source)
        assert samples.classes == BIRDS
        assert Counter(sample.subset for sample in samples.samples) == {Subset.TRAIN: 12, Subset.TEST: 6}
        assert any("train and test are read from train_test_split.txt" in note for note in samples.ledger.notes)


def test_every_file_and_line_is_in_the_ledger(cub, plant):
    plant(cub, "images/odd.png", first_seed=90)
    lines = (cub / "image_class_labels.txt").read_text().splitlines()[:-1]
    (cub / "image_class_labels.txt").write_text("\n".join(lines))
    samples = read_source(cub)
    assert {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason} == {
        "003.Bunting/b17.png": "no label: image_class_labels.txt has no 18",
        "images/odd.png": "in no line of images.txt",
    }


def test_a_list_with_a_number_twice_is_refused(cub):
    (cub / "images.txt").write_text("1 a.png\n1 b.png\n")
    with pytest.raises(DataError, match="has the number 1 again in line 2"):
        read_source(cub)
