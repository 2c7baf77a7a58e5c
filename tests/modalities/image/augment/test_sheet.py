"""The sheet of changed views."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from headstart.data.load import load_item
from headstart.data.read import read_source
from headstart.errors import DataError, SettingError
from headstart.modalities.image.augment.augmentation import PRESETS
from headstart.modalities.image.augment.sheet import (
    CAPTION,
    MARGIN,
    ROWS,
    VIEWS,
    build_rows,
    interleave_classes,
    locate_picture,
    write_sheet,
)
from headstart.modalities.image.decode import crop_resize
from headstart.modalities.image.spec import ImageSpec

SPEC = ImageSpec(80, 875, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


@pytest.fixture
def samples(photos):
    return read_source(photos(each=4))


def test_a_sheet(samples, tmp_path) -> None:
    path = tmp_path / "new" / "sheet.png"
    write_sheet(path, samples, SPEC, PRESETS["standard"])
    pixels = np.asarray(Image.open(path))
    right, below = locate_picture(80, ROWS - 1, VIEWS)
    assert pixels.shape == (below + 80 + MARGIN, right + 80 + MARGIN, 3)
    for edge in (pixels[:MARGIN], pixels[-MARGIN:], pixels[:, :MARGIN], pixels[:, -MARGIN:]):
        assert edge.min() == 255

    def picture(row: int, column: int) -> np.ndarray:
        left, top = locate_picture(80, row, column)
        return pixels[top : top + 80, left : left + 80]

    for row, sample in enumerate(interleave_classes(samples)[:ROWS]):
        assert np.array_equal(picture(row, 0), crop_resize(load_item(sample.source, SPEC).value, SPEC))
        assert len({picture(row, column).tobytes() for column in range(VIEWS + 1)}) == VIEWS + 1
        left, top = locate_picture(80, row, 0)
        assert pixels[top - CAPTION : top, left:right].min() < 100  # the caption
    assert len({picture(row, 0).tobytes() for row in range(ROWS)}) == ROWS


def test_the_same_photos_make_the_same_sheet(samples, tmp_path) -> None:
    backwards = replace(samples, samples=samples.samples[::-1])
    for name, given in (("a.png", samples), ("b.png", backwards)):
        write_sheet(tmp_path / name, given, SPEC, PRESETS["strong"])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    rows = build_rows(samples, SPEC, PRESETS["none"], seed=0)
    assert [row.caption for row in rows] == ["checks", "discs", "stripes"] * 2
    assert all(np.array_equal(row.pictures[0], changed) for row in rows for changed in row.pictures)


def test_jpeg_by_its_ending(samples, tmp_path) -> None:
    write_sheet(tmp_path / "sheet.JPG", samples, SPEC, PRESETS["light"])
    with Image.open(tmp_path / "sheet.JPG") as sheet:
        assert sheet.format == "JPEG"


def test_a_long_class_name_does_not_leave_the_sheet(photos, tmp_path) -> None:
    samples = read_source(photos(classes=("m" * 200, "discs"), each=3))
    write_sheet(tmp_path / "sheet.png", samples, SPEC, PRESETS["light"])
    assert np.asarray(Image.open(tmp_path / "sheet.png"))[:, -MARGIN:].min() == 255


def test_what_cannot_be_written(samples, tmp_path) -> None:
    taken, blocked = tmp_path / "taken.png", tmp_path / "taken.png" / "sheet.png"
    taken.write_bytes(b"mine")
    for path, message in (
        (tmp_path / "sheet.gif", r"ends in '.gif'; wanted one of .png, .jpg, .jpeg"),
        (taken, "is there already and is not overwritten; name another, or remove it"),
        (blocked, "cannot be written: .*; name another"),
    ):
        with pytest.raises(SettingError, match=message):
            write_sheet(path, samples, SPEC, PRESETS["light"])
    assert taken.read_bytes() == b"mine"


def test_photos_that_do_not_decode_are_passed_over(samples, tmp_path) -> None:
    drawn_first = interleave_classes(samples)[0]
    drawn_first.source.path.write_bytes(b"no photo")
    assert len(build_rows(samples, SPEC, PRESETS["light"], seed=0)) == ROWS
    for sample in samples.samples:
        sample.source.path.write_bytes(b"no photo")
    with pytest.raises(DataError, match="has no photo that decodes, so there is nothing to draw"):
        write_sheet(tmp_path / "sheet.png", samples, SPEC, PRESETS["light"])
