"""Folders that are pieces of one class."""

import re

import pytest

from headstart.data.read import read_source
from headstart.data.readers.folders.folder_pieces import find_pieces
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError


@pytest.mark.parametrize(
    "folders",
    [
        ("ants_part1", "ants_part2", "bees_part1", "bees_part2"),
        ("ants (part 1)", "ants (part 2)", "bees (part 1)"),
        ("ants-batch-1", "ants-batch-2", "bees"),
        ("batch1_ants", "batch2_ants", "batch1_bees"),
        ("batch1_ants", "batch2_ants", "bees"),
        ("train/ants_part1", "train/ants_part2", "train/bees", "test/ants_part2", "test/bees"),
    ],
)
def test_pieces_of_a_class_are_asked_about(plant, tmp_path, folders):
    root = plant(tmp_path / "set", *(f"{folder}/{i}.png" for folder in folders for i in range(5)))
    with pytest.raises(DataError, match="pieces of one class") as caught:
        read_source(root)
    pattern = re.search(r"--class-pattern ('[^']+'|\"[^\"]+\")", str(caught.value))[1][1:-1]
    merged = read_source(root, options=DataSettings(class_pattern=pattern))
    assert merged.classes == ("ants", "bees")
    assert len(merged) == 5 * len(folders)
    apart = read_source(root, options=DataSettings(classes_from="folder"))
    assert len(apart.classes) == len({folder.rpartition("/")[2] for folder in folders})


@pytest.mark.parametrize(
    "names",
    [
        ("type_1", "type_2", "type_3"),
        ("engine_part1", "wheel_part2"),
        ("raw", "cooked"),
        ("part1", "part2"),
        ("ants", "bees"),
        ("ants_part1", "ants_part2"),
    ],
)
def test_other_folders_are_no_pieces(names):
    assert find_pieces(names) is None
