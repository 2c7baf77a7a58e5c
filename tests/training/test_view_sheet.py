"""The sheet of changed views of drawn photos."""

from dataclasses import replace
from io import BytesIO
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from headstart.data.load import load_item
from headstart.data.read import read_source
from headstart.modalities.image.augment.augmenter import SHEET_EDGE, SHEET_SIZE
from headstart.modalities.image.augment.presets import PRESETS
from headstart.modalities.image.augment.sheet import CAPTION, MARGIN, ROWS, VIEWS, build_rows, locate_picture
from headstart.settings import FitSettings
from headstart.training.view_sheet import draw_view_sheet, interleave_strata, write_view_sheet
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.modalities.facets import SheetItem
from headstart_runtime.modalities.image.decode import crop_resize
from headstart_runtime.modalities.image.spec import WHOLE_EDGE, ImageSpec

SPEC = ImageSpec(SHEET_SIZE, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
LIGHT = FitSettings.load(augmentation="light")


@pytest.fixture
def samples(photos):
    return read_source(photos(each=4))


def test_a_sheet(samples, tmp_path) -> None:
    path = tmp_path / "new" / "sheet.png"
    write_view_sheet(path, samples, FitSettings.load(augmentation="standard"))
    pixels = np.asarray(Image.open(path))
    right, below = locate_picture(SHEET_SIZE, ROWS - 1, VIEWS)
    assert pixels.shape == (below + SHEET_SIZE + MARGIN, right + SHEET_SIZE + MARGIN, 3)
    for edge in (pixels[:MARGIN], pixels[-MARGIN:], pixels[:, :MARGIN], pixels[:, -MARGIN:]):
        assert edge.min() == 255

    def picture(row: int, column: int) -> np.ndarray:
        left, top = locate_picture(SHEET_SIZE, row, column)
        return pixels[top : top + SHEET_SIZE, left : left + SHEET_SIZE]

    for row, sample in enumerate(interleave_strata(samples)[:ROWS]):
        assert np.array_equal(picture(row, 0), crop_resize(load_item(sample.source, SPEC).value, SPEC))
        assert len({picture(row, column).tobytes() for column in range(VIEWS + 1)}) == VIEWS + 1
        left, top = locate_picture(SHEET_SIZE, row, 0)
        assert pixels[top - CAPTION : top, left:right].min() < 100  # the caption
    assert len({picture(row, 0).tobytes() for row in range(ROWS)}) == ROWS


def test_the_same_photos_make_the_same_sheet(samples, tmp_path) -> None:
    backwards = replace(samples, samples=samples.samples[::-1])
    for name, given in (("a.png", samples), ("b.png", backwards)):
        write_view_sheet(tmp_path / name, given, FitSettings.load(augmentation="strong"))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_rows_are_of_the_classes_in_turn_and_unchanged_without_changes(samples) -> None:
    items = (
        SheetItem(samples.describe(sample), sample.digest, load_item(sample.source, SPEC).value)
        for sample in islice(interleave_strata(samples), ROWS + 1)
    )
    rows = build_rows(items, SPEC, PRESETS["none"], seed=0)
    assert [row.caption for row in rows] == ["checks", "discs", "stripes"] * 2
    assert all(np.array_equal(row.pictures[0], changed) for row in rows for changed in row.pictures)
    assert len(list(items)) == 1  # no more are decoded than are shown


def test_a_sheet_for_a_report_is_small(samples) -> None:
    sheet = draw_view_sheet(samples, replace(SPEC, size=80), LIGHT, seed=0)
    assert sheet.media_type == "image/jpeg"
    assert max(Image.open(BytesIO(sheet.content)).size) <= SHEET_EDGE


def test_jpeg_by_its_ending(samples, tmp_path) -> None:
    write_view_sheet(tmp_path / "sheet.JPG", samples, LIGHT)
    with Image.open(tmp_path / "sheet.JPG") as sheet:
        assert sheet.format == "JPEG"


def test_a_long_class_name_does_not_leave_the_sheet(photos, tmp_path) -> None:
    samples = read_source(photos(classes=("m" * 200, "discs"), each=3))
    write_view_sheet(tmp_path / "sheet.png", samples, LIGHT)
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
            write_view_sheet(path, samples, LIGHT)
    assert taken.read_bytes() == b"mine"


def test_photos_that_do_not_decode_are_passed_over(samples, tmp_path) -> None:
    interleave_strata(samples)[0].source.path.write_bytes(b"no photo")
    write_view_sheet(tmp_path / "sheet.png", samples, LIGHT)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height == locate_picture(SHEET_SIZE, ROWS - 1, 0)[1] + SHEET_SIZE + MARGIN
    for sample in samples.samples:
        sample.source.path.write_bytes(b"no photo")
    with pytest.raises(DataError, match="has no photo that decodes, so there is nothing to draw"):
        write_view_sheet(tmp_path / "other.png", samples, LIGHT)
