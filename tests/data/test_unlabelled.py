"""Which files of a folder are to be answered."""

import io
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.data.unlabelled import find_items
from headstart_runtime.folder_items import HEAD, MAX_BYTES, is_item
from headstart_runtime.modalities.image.drawing import save_picture
from headstart_runtime.modalities.modality import get_modality
from tests.conftest import picture

IMAGES = get_modality("image")
PHOTO = Image.fromarray(picture("discs", np.random.default_rng(0), (60, 50)))


def encoded(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    PHOTO.save(file, kind, **options)
    return file.getvalue()


def _late_header() -> bytes:
    """A JPEG that says its size only behind more than is looked at first."""
    plain = encoded("JPEG")
    segment = b"\xff\xed" + (60_000).to_bytes(2, "big") + b"\0" * 59_998
    return plain[:2] + 2 * segment + plain[2:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA"])
def test_every_format_is_known_without_its_ending(tmp_path: Path, kind: str) -> None:
    (tmp_path / "photo").write_bytes(encoded(kind))
    assert is_item(tmp_path / "photo", IMAGES)


def test_one_that_says_what_it_is_late(tmp_path: Path) -> None:
    assert len(_late_header()) > HEAD + 50_000
    (tmp_path / "photo").write_bytes(_late_header())
    assert is_item(tmp_path / "photo", IMAGES)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no photo",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(900),
        b"\xff\xd8\xff nothing",
        bytes(100_000),
        b"a,b\n1,2\n" * 99,
    ],
)
def test_other_files_are_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.dat").write_bytes(content)
    assert not is_item(tmp_path / "file.dat", IMAGES)


@pytest.mark.parametrize("start", [b"\0\0\0\x18ftypisom\0\0\0\0isommp42", b"RIFF\xff\xff\xff\x7fAVI LIST"])
def test_of_a_film_only_the_beginning_is_read(tmp_path: Path, start: bytes) -> None:
    with (tmp_path / "film.mp4").open("wb") as file:
        file.write(start)
        file.truncate(20_000_000)
    tracemalloc.start()
    assert not is_item(tmp_path / "film.mp4", IMAGES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_what_is_too_large_or_no_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "photo.tif").write_bytes(encoded("TIFF"))
    assert is_item(tmp_path / "photo.tif", IMAGES)
    os.truncate(tmp_path / "photo.tif", MAX_BYTES + 1)
    assert not is_item(tmp_path / "photo.tif", IMAGES)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(*_: object) -> None:
        raise AssertionError("a pipe was opened")

    os.mkfifo(tmp_path / "pipe.png")
    monkeypatch.setattr(Path, "open", waits)
    left_out: list[str] = []
    assert list(find_items(tmp_path, IMAGES, left_out)) == []
    assert left_out == ["pipe.png"]


def test_an_ending_will_do_so_that_a_broken_photo_is_said(tmp_path: Path) -> None:
    (tmp_path / "photo.JPG").write_bytes(b"no photo")
    assert is_item(tmp_path / "photo.JPG", IMAGES)


def test_a_picture_that_was_drawn_is_none(tmp_path: Path) -> None:
    (tmp_path / "heat.jpg").write_bytes(save_picture(PHOTO, "JPEG"))
    assert not is_item(tmp_path / "heat.jpg", IMAGES)


def test_in_natural_order_and_all_else_is_named(tmp_path: Path) -> None:
    for name in ("10.png", "9.png", "b/2.png", "b/10", ".hidden.png", "Thumbs.db"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(encoded("PNG"))
    for name in ("notes.txt", "b/list.csv"):
        (tmp_path / name).write_text("no photo")
    left_out: list[str] = []
    found = [path.relative_to(tmp_path).as_posix() for path in find_items(tmp_path, IMAGES, left_out)]
    assert found == ["9.png", "10.png", "b/2.png", "b/10"]
    assert left_out == ["notes.txt", "b/list.csv"]
