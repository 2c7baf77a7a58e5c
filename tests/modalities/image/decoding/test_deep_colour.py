import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from headstart_runtime.modalities.image.decode import decode, identify, measure_depth
from headstart_runtime.modalities.image.spec import GreyRange, ImageSpec

COLOUR = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
COLOUR[0, 0] = 0, 255, 128


def png(values: NDArray[np.uint16], exif: bytes = b"") -> bytes:
    """A PNG of 16 bits a channel, which Pillow reads but does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, channels = values.shape
    head = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in values)
    chunks = [chunk(b"IHDR", head), *([chunk(b"eXIf", exif)] if exif else []), chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def tiff(values: NDArray[np.uint16], order: str, *, deflated: bool) -> bytes:
    height, width, channels = values.shape
    data = values.astype(f"{order}u2").tobytes()
    data = zlib.compress(data) if deflated else data
    bits = 8 + len(data) + len(data) % 2
    at = bits + 8
    entries = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, channels, bits), (259, 3, 1, 8 if deflated else 1)]
    entries += [(262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, channels), (278, 3, 1, height), (279, 4, 1, len(data))]
    if channels == 4:
        entries.append((338, 3, 1, 2))
    directory = b"".join(
        struct.pack(f"{order}HHI", tag, kind, count)
        + (struct.pack(f"{order}HH", value, 0) if kind == 3 and count == 1 else struct.pack(f"{order}I", value))
        for tag, kind, count, value in entries
    )
    head = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", at)
    body = head + data + bytes(len(data) % 2) + struct.pack(f"{order}4H", 16, 16, 16, 16)
    return body + struct.pack(f"{order}H", len(entries)) + directory + bytes(4)


def opaque(values: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return np.concatenate([values, np.full((*values.shape[:2], 1), 65535, np.uint16)], axis=2)


ENCODERS = {
    "PNG": png,
    "PNG with transparency": lambda values: png(opaque(values)),
    "TIFF": lambda values: tiff(values, "<", deflated=False),
    "TIFF, big end first": lambda values: tiff(values, ">", deflated=False),
    "TIFF, packed": lambda values: tiff(values, "<", deflated=True),
    "TIFF, packed, big end first": lambda values: tiff(values, ">", deflated=True),
    "TIFF with transparency": lambda values: tiff(opaque(values), "<", deflated=False),
}


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize(("bits", "times"), [(10, 4), (12, 16), (14, 64)])
def test_the_bits_that_are_used_decide(kind, bits, times):
    content = ENCODERS[kind](COLOUR.astype(np.uint16) * times)
    depth = measure_depth(content)
    assert identify(content).deep
    assert depth is not None
    assert (depth.kind, depth.bits) == ("rgb16", bits)
    photo = decode(content)
    assert np.abs(photo.pixels.astype(int) - COLOUR).max() <= 1
    assert photo.note == f"{bits} significant bits of 16 in colour, scaled by its own range 0..{2**bits - 1}"


@pytest.mark.parametrize("kind", ENCODERS)
def test_all_of_16_bits_is_as_it_always_was(kind):
    content = ENCODERS[kind](np.random.default_rng(1).integers(0, 65536, (40, 50, 3)).astype(np.uint16))
    assert np.array_equal(decode(content).pixels, np.asarray(Image.open(io.BytesIO(content)).convert("RGB")))


def test_the_training_photos_range_counts():
    spec = ImageSpec(32, 1000, (0.5,) * 3, (0.5,) * 3, grey=(GreyRange("rgb16", 0.0, 4095.0),))
    dark = decode(png(COLOUR.astype(np.uint16)), spec)
    assert dark.pixels.max() == round(255 / 4095 * 255)
    assert "the training photos' range 0..4095" in dark.note
    assert "clipped" in decode(png(COLOUR.astype(np.uint16) * 200), spec).note


def test_transparency_lies_on_white_and_the_photo_is_turned():
    values = opaque(COLOUR.astype(np.uint16) * 16)
    values[:5, :, 3] = 0
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = decode(png(values, exif.tobytes().removeprefix(b"Exif\x00\x00"))).pixels
    upright = np.rot90(pixels)
    assert (upright[:5] == 255).all()
    assert np.abs(upright[5:].astype(int) - COLOUR[5:]).max() <= 1


def test_colour_of_8_bits_is_not_meant():
    for kind in ("PNG", "TIFF"):
        out = io.BytesIO()
        Image.fromarray(COLOUR).save(out, kind)
        assert not identify(out.getvalue()).deep
        assert decode(out.getvalue()).note == ""
