"""Parts of names that are proposed as the class."""

import re

import pytest

from headstart.data.read import read_source
from headstart.data.readers.folders.name_fields import propose_fields
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.image.recognition import HINTS


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        ([f"{i:04}{'ab'[i % 2]}" for i in range(20)], {"a", "b"}),
        ([f"AF{i:02}{kind}" for i in range(10) for kind in ("ANS", "HAS")], {"ANS", "HAS"}),
        ([f"{20 + i}_{i % 2}_7_201701091505500{i:02}.jpg.chip" for i in range(20)], {"0", "1"}),
        ([f"id={i},label={('ants', 'black bees')[i % 2]}" for i in range(20)], {"ants", "black bees"}),
        ([f"img{i}_grade{1 + i % 2}" for i in range(20)], {"1", "2"}),
    ],
)
def test_the_refusal_shows_one_name_and_the_pattern_that_reads_it(plant, tmp_path, names, classes):
    root = plant(tmp_path / "set", *(f"{name}.png" for name in names))
    with pytest.raises(DataError, match="may say the class") as caught:
        read_source(root)
    message = str(caught.value)
    assert any(repr(f"{name}.png") in message for name in names)
    pattern = re.search(r"--class-pattern ('[^']+'|\"[^\"]+\")", message)[1][1:-1]
    samples = read_source(root, options=DataSettings(class_pattern=pattern))
    assert set(samples.classes) == classes
    assert len(samples) == len(names)


def test_parts_without_class_folders_show_the_pattern_too(plant, tmp_path):
    names = [f"{part}/{i:04}{'ab'[i % 2]}.png" for part in ("train", "test") for i in range(12)]
    with pytest.raises(DataError, match=r"no class folders in them; .* add --class-pattern '\^\\d\+\(\?P<label>"):
        read_source(plant(tmp_path / "set", *names))


def test_several_parts_of_names_are_shown_each_with_its_pattern():
    found = propose_fields([f"{i}_{i % 2}_{i % 3}_{20170109150550000 + i}" for i in range(18)], HINTS)
    assert [field.pattern for field in found] == [r"^\d+_(?P<label>\d+)", r"^\d+_\d+_(?P<label>\d+)"]


@pytest.mark.parametrize(
    "names",
    [
        [f"DSC{i:05}" for i in range(20)],
        [f"IMG_2023050{1 + i % 3}_1015{i:02}" for i in range(20)],
        [f"scan{i}_page{i % 3}" for i in range(20)],
        [f"{i}" for i in range(20)],
        ["ants", "bees", "wasps"],
        [],
    ],
)
def test_names_of_devices_and_counters_are_no_classes(names):
    assert propose_fields(names, HINTS) == []
