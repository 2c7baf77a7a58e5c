import os
import shutil

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.reading_table import check_reading_table, write_reading_table
from headstart.data.samples import FileStatus
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, SettingError


def _read(source, **settings):
    return read_source(source, strict=False, options=DataSettings.model_validate(settings))


def _facts(samples):
    """What a split, and so a fit, looks at."""
    return [
        (sample.id, samples.describe(sample), sample.subset, sample.group)
        for sample in sorted(samples.samples, key=lambda sample: sample.id)
    ]


def _write(tmp_path, samples, store="store"):
    table = tmp_path / "photos.csv"
    write_reading_table(table, samples, [tmp_path / store])
    return table


def test_the_table_of_a_folder_is_the_same_samples(tmp_path, plant):
    plant(tmp_path / "pets", *(f"{name}/{i}.png" for name in ("2", "10", "Ünï, x", "=1+1", "-x") for i in range(3)))
    shutil.copy(tmp_path / "pets/2/0.png", tmp_path / "pets/2/=copy.png")
    (tmp_path / "pets/2/broken.png").write_text("none")
    samples = _read(tmp_path / "pets")
    table = _write(tmp_path, samples)
    again = _read(table)
    assert table.read_text("utf-8").startswith("path,label\npets/")
    assert again.classes == samples.classes
    assert _facts(again) == _facts(samples)
    assert again.ledger.counts()[FileStatus.SKIPPED] == 0


@pytest.mark.parametrize("parts", [("train", "val", "test"), ("train", "valid"), ("train",)])
def test_parts_are_the_same(tmp_path, plant, parts):
    plant(tmp_path / "pets", *(f"{part}/{name}/{i}.png" for part in parts for name in "ab" for i in range(3)))
    samples = _read(tmp_path / "pets")
    assert _facts(_read(_write(tmp_path, samples))) == _facts(samples)


def test_groups_are_the_same_and_a_table_can_be_written_again(tmp_path, plant):
    plant(tmp_path / "ward", *(f"p{n}/{name}/{i}.png" for n in range(4) for name in "ab" for i in range(2)))
    samples = _read(tmp_path / "ward", classes_from="parent", group_from="folder")
    again = _read(_write(tmp_path, samples))
    assert _facts(again) == _facts(samples)
    other = tmp_path / "elsewhere" / "again.csv"
    write_reading_table(other, again, [])
    assert _facts(_read(other)) == _facts(samples)


def test_what_has_no_paths_is_told_what_to_do(tmp_path, pets, monkeypatch):
    monkeypatch.setenv("HEADSTART_STORE", str(tmp_path / "store"))
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 4), dtype=np.uint8)
    with pytest.raises(DataError, match=r"lie in it themselves and have no paths .* fit --relabel"):
        _write(tmp_path, read_source(images, labels=[0, 1] * 3))
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", pets)
    with pytest.raises(DataError, match=r"are packed in it and have no paths .*; unpack it and give the folder"):
        _write(tmp_path, _read(packed))
    assert not (tmp_path / "photos.csv").exists()


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
def test_names_that_no_cell_holds(tmp_path, plant):
    plant(tmp_path / "pets", *(f"{name}/{i}\n.png" for name in "ab" for i in range(3)))
    with pytest.raises(DataError, match=r"6 photos of .* have names that a table cannot hold"):
        _write(tmp_path, _read(tmp_path / "pets"))


def test_nothing_is_overwritten(tmp_path, pets):
    samples = _read(pets)
    table = _write(tmp_path, samples)
    before = table.read_bytes()
    with pytest.raises(SettingError, match="is there already and is not overwritten"):
        _write(tmp_path, samples)
    with pytest.raises(SettingError, match="is there already"):
        check_reading_table(table)
    with pytest.raises(SettingError, match=r"ends in '.txt'; wanted .csv"):
        check_reading_table(tmp_path / "photos.txt")
    assert table.read_bytes() == before
