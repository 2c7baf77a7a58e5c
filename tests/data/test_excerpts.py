"""Stretches of files as items of their own."""

import os
from pathlib import Path

import pytest

from headstart.data.samples import compute_digest
from headstart.data.sources import ExcerptSource
from headstart_runtime.modalities.given import open_item
from headstart_runtime.modalities.image.modality import ImageModality
from headstart_runtime.modalities.item import BrokenItem, Excerpt


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "day 1.wav"
    path.write_bytes(b"RIFF....WAVE and so on")
    return path


def test_it_is_known_by_the_bytes_of_its_file_and_both_limits(recording: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.wav"
    copy.write_bytes(recording.read_bytes())
    first = compute_digest(Excerpt(recording, 0.5, 1.25))
    assert first == compute_digest(Excerpt(copy, 0.5, 1.25))
    assert len({first, *(compute_digest(Excerpt(recording, 0.5, end)) for end in (1.3, None))}) == 3
    copy.write_bytes(b"RIFF....WAVE and so off")
    os.utime(copy, (1, 1))
    second = compute_digest(Excerpt(copy, 0.5, 1.25))
    assert second != first
    copy.write_bytes(b"RIFF....WAVE and so ont")  # as long, and of the same time, as cp -p leaves it
    os.utime(copy, (1, 1))
    assert compute_digest(Excerpt(copy, 0.5, 1.25)) != second
    with pytest.raises(FileNotFoundError):
        compute_digest(Excerpt(tmp_path / "none.wav", 0.0))


def test_its_source_gives_it_and_says_where_it_is(recording: Path) -> None:
    source = ExcerptSource(Excerpt(recording, 0.5, 1.25))
    assert source.uri.endswith("/day%201.wav#t=0.5,1.25")
    assert ExcerptSource(Excerpt(recording, 2.0)).uri.endswith("#t=2")
    assert source.read() == Excerpt(recording, 0.5, 1.25)
    assert (source.stat().size, source.stat().readable) == (None, True)
    assert source.read().limits == "0.5-1.25 s"
    assert Excerpt(recording, 0.0).limits == "0-end"


def test_a_photo_is_no_stretch_of_a_file(recording: Path) -> None:
    photos, excerpt = ImageModality(), Excerpt(recording, 0.5, 1.25)
    for ask in (lambda: photos.identify(excerpt), lambda: photos.decode(excerpt, None)):
        with pytest.raises(BrokenItem, match="a photo is a whole file"):
            ask()
    assert open_item(photos, excerpt).name
