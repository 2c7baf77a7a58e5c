import re
import sys
from pathlib import Path

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.readers import walk
from headstart_runtime.errors import DataError
from tests.plugins import install_plugin

READER = '''
import numpy as np

from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.samples import Subset
from headstart.data.sources import ArraySource


class StripesReader:
    """Reads text files of the lines "label grey"."""

    suffixes = (".stripes",)
    label_place = "its lines"

    def accepts(self, source, tree):
        return tree is None and getattr(source, "suffix", "") == ".stripes"

    def list(self, source, tree, context):
        rows = [line.split() for line in source.read_text().splitlines()]
        images = np.array([np.full((4, 4), int(grey), np.uint8) for _, grey in rows])
        samples = [
            RawSample(f"line {number}", label, ArraySource(images, number), None, f"g{number % 5}")
            for number, (label, _) in enumerate(rows)
        ]
        return SourceListing(str(source), tuple(samples), frozenset(it.label for it in samples))


READER = StripesReader()
'''


@pytest.fixture
def packages(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    yield tmp_path / "packages"
    sys.modules.pop("stripes", None)


def write_stripes(file: Path, count: int = 20) -> Path:
    file.write_text("".join(f"{'light' if number % 2 else 'dark'} {number * 5}\n" for number in range(count)))
    return file


def test_a_package_adds_a_reader(packages, tmp_path):
    install_plugin(packages, "stripes", "headstart.readers", "stripes:READER")
    (packages / "stripes.py").write_text(READER)
    samples = read_source(write_stripes(tmp_path / "a.stripes"))
    assert samples.classes == ("dark", "light")
    assert [sample.name for sample in samples.samples][:2] == ["line 0", "line 1"]
    assert {sample.group.given_name for sample in samples.samples} == {f"g{number}" for number in range(5)}
    assert np.array_equal(samples.samples[3].source.read(), np.full((4, 4), 15, np.uint8))
    with pytest.raises(DataError, match=r"is a file of no kind that is read; wanted .* ending in \.stripes, \.csv, "):
        read_source(Path(__file__))


def test_a_reader_that_cannot_be_loaded_is_named_and_left_out(packages, tmp_path, capsys):
    install_plugin(packages, "stripes", "headstart.readers", "stripes:READER")
    with pytest.raises(DataError, match="is a file of no kind that is read"):
        read_source(write_stripes(tmp_path / "a.stripes"))
    said = capsys.readouterr().err
    assert re.search(r"left out: the reader 'stripes' of the package stripes 1\.0 .* cannot be loaded: ", said)


def test_a_reader_that_raises_is_passed_over(packages, plant, tmp_path, capsys):
    install_plugin(packages, "stripes", "headstart.readers", "stripes:READER")
    (packages / "stripes.py").write_text(
        READER.replace(
            "    def accepts(self, source, tree):",
            "    def accepts(self, source, tree):\n        raise KeyError('which')",
        )
    )
    names = [f"{label}/{number}.png" for label in "ab" for number in range(9)]
    assert len(read_source(plant(tmp_path / "set", *names)).samples) == 18
    assert "raises KeyError: 'which'" in capsys.readouterr().err


def test_without_the_package_the_file_is_of_no_kind(tmp_path):
    with pytest.raises(DataError, match=r"a\.stripes' is a file of no kind that is read"):
        read_source(write_stripes(tmp_path / "a.stripes"))


def test_an_object_that_no_reader_accepts():
    with pytest.raises(DataError, match="got int without labels; wanted a path, or items with labels="):
        read_source(3)


def test_a_folder_is_scanned_once(plant, tmp_path, monkeypatch):
    names = [f"{subset}/{label}/{number}.png" for subset in ("train", "test") for label in "ab" for number in range(3)]
    root = plant(tmp_path / "set", *names)
    scanned, scan = [], walk._scan
    monkeypatch.setattr(walk, "_scan", lambda path: scanned.append(path) or scan(path))
    assert len(read_source(root).samples) == 12
    assert sorted(scanned) == sorted({root, *(path for path in root.rglob("*") if path.is_dir())})
