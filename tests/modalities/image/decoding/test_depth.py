import io
import struct
import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from headstart_runtime.modalities.image.decode import decode, identify, measure_depth
from headstart_runtime.modalities.image.decoding.depth import BitDepth, describe_scaling, fit_common_ranges
from headstart_runtime.modalities.image.spec import GreyRange, ImageSpec
from headstart_runtime.modalities.item import BrokenItem

GREY = np.random.default_rng(0).integers(0, 256, (60, 80)).astype(np.uint8)
GREY[0, :2] = 0, 255


def encoded(values: NDArray[np.generic], kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(values).save(out, kind)
    return out.getvalue()


def tiff(values: NDArray[np.generic], *, photometric: int = 1, order: str = "<", nodata: str = "") -> bytes:
    """A plain TIFF put together by hand: Pillow writes neither signed values nor white-is-zero."""
    height, width = values.shape
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    form = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    text = nodata.encode() + b"\x00"
    entries = [(256, 3, width), (257, 3, height), (258, 3, values.dtype.itemsize * 8), (259, 3, 1)]
    entries += [(262, 3, photometric), (273, 4, 8), (277, 3, 1), (278, 3, height), (279, 4, len(data)), (339, 3, form)]
    at = 8 + len(data) + len(data) % 2
    directory = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1)
        + (struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value))
        for tag, kind, value in entries
    )
    if nodata:
        place = at + 2 + 12 * (len(entries) + 1) + 4
        directory += struct.pack(f"{order}HHII", 42113, 2, max(len(text), 5), place)
    count = len(entries) + bool(nodata)
    mark = b"II*\x00" if order == "<" else b"MM\x00*"
    head = mark + struct.pack(f"{order}I", at) + data + bytes(len(data) % 2)
    return head + struct.pack(f"{order}H", count) + directory + bytes(4) + text.ljust(5, b"\x00")


def off(content: bytes, spec: ImageSpec | None = None) -> int:
    """How far, in grey levels, a photo is from the 8-bit original at most."""
    pixels = decode(content, spec).pixels
    assert (pixels[..., 0] == pixels[..., 1]).all()
    return int(np.abs(pixels[..., 0].astype(int) - GREY).max())


def with_ranges(*ranges: GreyRange) -> ImageSpec:
    return ImageSpec(32, 1000, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), grey=ranges)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(("bits", "times"), [(8, 1), (10, 4), (12, 16), (14, 64), (16, 257)])
def test_the_bits_that_are_used_decide(kind, bits, times):
    content = encoded(GREY.astype(np.uint16) * times, kind)
    depth = measure_depth(content)
    assert identify(content).deep
    assert depth is not None
    assert (depth.bits, depth.kind) == (bits, "uint16")
    assert off(content) <= 1
    assert len(np.unique(decode(content).pixels)) >= 255  # of 256; white is 4080 of 4095 in 12 bits
    assert decode(content).note == f"{bits} significant bits of 16, scaled by its own range 0..{2**bits - 1}"


def test_all_of_16_bits_is_as_it_always_was():
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    for spec in (None, with_ranges(GreyRange("uint16", 0, 65535))):
        pixels = decode(encoded(every, "PNG"), spec).pixels[..., 0]
        assert np.array_equal(pixels, np.rint(every / 257).astype(np.uint8))


@pytest.mark.parametrize("order", ["<", ">"])
def test_signed_values_are_shifted(order):
    scanned = (GREY.astype(np.int16) - 128) * 8  # as a CT: -1024 to 1016
    depth = measure_depth(tiff(scanned, order=order))
    assert depth == BitDepth("int16", -1024.0, 1016.0)
    assert off(tiff(scanned, order=order)) <= 1
    assert off(tiff(scanned.astype(np.int32) * 1000, order=order)) <= 1
    assert off(tiff(GREY.astype(np.int16) * 16, order=order)) <= 1  # no value below zero: as if unsigned


def test_the_edge_of_a_ct_is_no_value():
    scanned = (GREY.astype(np.int16) - 128) * 8
    scanned[-20:] = -32768
    depth = measure_depth(tiff(scanned))
    assert depth is not None
    assert (depth.missing, depth.low >= -1024) == (20 * 80, True)
    photo = decode(tiff(scanned))
    assert np.abs(photo.pixels[:40, :, 0].astype(int) - GREY[:40]).max() <= 1
    assert not photo.pixels[40:].any()
    assert "1,600 pixels without a value are black" in photo.note


@pytest.mark.parametrize(
    "values", [65535 - GREY.astype(np.uint16) * 257, 4095 - GREY.astype(np.uint16) * 16, 255 - GREY]
)
def test_where_white_is_zero_it_is_inverted(values):
    content = tiff(values, photometric=0)
    assert off(content) <= 1
    assert identify(content).deep == (values.dtype == np.uint16)
    assert ("white is zero" in decode(content).note) == (values.dtype == np.uint16)


def test_floats_where_white_is_zero():
    assert off(tiff(1 - GREY.astype(np.float32) / 255, photometric=0)) <= 1


def test_32_bits_unsigned():
    assert off(tiff(GREY.astype(np.uint32) * (2**32 // 256 - 1))) <= 1
    assert off(tiff(GREY.astype(np.uint32) * 4097)) <= 1


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, -9999, 3.4e38, -3.4e38, 1e36])
def test_cells_without_a_value_are_black_and_change_nothing_else(odd):
    values = GREY.astype(np.float32)
    values[:3, :3] = odd
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        photo = decode(tiff(values))
    assert not photo.pixels[:3, :3].any()
    assert np.abs(photo.pixels[3:, :, 0].astype(int) - GREY[3:]).max() <= 1
    assert "9 pixels without a value are black" in photo.note


def test_a_file_says_itself_what_is_no_value():
    values = GREY.astype(np.float32)
    values[:3, :3] = 77.5
    assert "9 pixels without a value" in decode(tiff(values, nodata="77.5")).note
    assert "without" not in decode(tiff(values, nodata="nothing")).note


@pytest.mark.parametrize("hot", [1e6, -1e6])
@pytest.mark.parametrize("kind", [np.float32, np.uint16])
def test_a_hot_pixel_does_not_decide(hot, kind):
    values = GREY.astype(kind)
    values[5, 5] = hot if kind is np.float32 else 65535
    pixels = decode(tiff(values)).pixels[..., 0].astype(int)
    assert pixels[5, 5] == (0 if hot < 0 and kind is np.float32 else 255)
    pixels[5, 5] = GREY[5, 5]
    assert np.abs(pixels - GREY).max() <= 1


def test_sparse_light_is_not_taken_for_hot_pixels():
    values = np.random.default_rng(0).normal(100, 10, (200, 200)).clip(0).astype(np.uint16)
    values[50:60, 50:60] = 3000  # a cell of 0.25 % of the picture
    assert decode(tiff(values)).pixels[55, 55, 0] == round(3000 / 4095 * 255)


def test_what_has_no_value_at_all_is_refused():
    with pytest.raises(BrokenItem, match=r"^no pixel has a finite value$"):
        decode(tiff(np.full((4, 4), np.nan, np.float32)))
    assert measure_depth(tiff(np.full((4, 4), np.nan, np.float32))) is None


@pytest.mark.parametrize("value", [0, 7, 3000, 65535])
def test_a_picture_of_one_value_decodes(value):
    for kind in (np.uint16, np.int32, np.float32):
        assert decode(tiff(np.full((40, 40), value, kind))).pixels.shape == (40, 40, 3)


def test_the_training_photos_range_counts_and_what_lies_outside_is_clipped_and_said():
    twelve = with_ranges(GreyRange("uint16", 0, 4095))
    dark = encoded(GREY.astype(np.uint16), "PNG")  # uses 8 bits: dark beside the others, and it stays so
    assert decode(dark, twelve).pixels.max() == round(255 / 4095 * 255)
    assert decode(dark, twelve).note == "8 significant bits of 16, scaled by the training photos' range 0..4095"
    bright = decode(encoded(GREY.astype(np.uint16) * 64, "PNG"), twelve)
    assert (bright.pixels[GREY > 64] == 255).all()
    assert bright.note.endswith("range 0..4095; it has values above, to 0..16320, which are clipped")
    assert off(encoded(GREY.astype(np.uint16) * 16, "PNG"), twelve) <= 1
    other = decode(tiff(GREY.astype(np.float32)), twelve)  # another kind of values than any training photo had
    assert "its own range" in other.note


def test_photos_of_8_bits_have_no_note():
    for spec in (None, with_ranges(GreyRange("uint16", 0, 4095))):
        assert decode(encoded(GREY, "PNG"), spec).note == ""
        assert not identify(encoded(GREY, "PNG")).deep


def test_the_range_of_a_set():
    twelve = [BitDepth("uint16", 0, high) for high in (1800, 3000, 2500)]
    assert fit_common_ranges(twelve) == (GreyRange("uint16", 0, 4095),)
    assert fit_common_ranges([]) == ()
    many = twelve * 20
    assert fit_common_ranges([*many, BitDepth("uint16", 0, 65535)]) == (GreyRange("uint16", 0, 4095),)  # one file in 61
    assert fit_common_ranges([*many, *[BitDepth("uint16", 0, 65535)] * 6]) == (GreyRange("uint16", 0, 65535),)
    mixed = fit_common_ranges([BitDepth("int16", -1024, 3071), *twelve, BitDepth("float32", -0.0123, 0.9877)])
    assert mixed == (
        GreyRange("float32", -0.02, 0.99),
        GreyRange("int16", -1030, 3080),
        GreyRange("uint16", 0, 4095),
    )


def test_a_photo_that_takes_little_of_the_range_is_said():
    said = describe_scaling(BitDepth("float32", 0, 1), GreyRange("float32", 0, 255), "the set's")
    assert said == "floating point, scaled by the set's range 0..255; it takes 0.4% of that, so little is seen"


def test_ranges_survive_json_and_no_ranges_leave_no_trace():
    spec = with_ranges(GreyRange("uint16", 0, 4095), GreyRange("int16", -1024, 3071))
    assert ImageSpec.from_json(spec.to_json()) == spec
    assert "grey" not in with_ranges().to_json()
    assert ImageSpec.from_json(with_ranges().to_json()) == with_ranges()


def test_a_damaged_deep_photo_is_repaired_and_noted():
    cut = encoded(np.random.default_rng(1).integers(1, 4000, (100, 90)).astype(np.uint16), "PNG")
    photo = decode(cut[: int(len(cut) * 0.8)])
    assert photo.repaired
    assert photo.note.startswith("12 significant bits of 16")
