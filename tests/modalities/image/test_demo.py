import pytest
from PIL import Image

from headstart.data.read import read_source
from headstart.modalities.image import demo
from headstart.modalities.image.demo import COUNT, EDGE, write_digits
from headstart_runtime.errors import DataError


def test_the_digits_are_written_once(tmp_path):
    folder = write_digits(tmp_path / "new/digits")
    samples = read_source(folder)
    assert samples.classes == tuple("0123456789")
    assert len(samples) == COUNT
    assert samples.ledger.entries[0].properties["width"] == EDGE
    assert [path.name for path in folder.parent.iterdir()] == ["digits"]
    before = (folder / "0/000.jpg").stat().st_mtime_ns
    assert write_digits(folder) == folder
    assert (folder / "0/000.jpg").stat().st_mtime_ns == before


def test_an_empty_folder_is_filled(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "draw_digit", lambda label, random: Image.new("RGB", (EDGE, EDGE)))  # real ones: above
    (tmp_path / "digits").mkdir()
    assert len(list(write_digits(tmp_path / "digits").glob("*/*.jpg"))) == COUNT


def test_nothing_of_the_users_is_touched(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="has something else in it; wanted a new or empty folder"):
        write_digits(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
