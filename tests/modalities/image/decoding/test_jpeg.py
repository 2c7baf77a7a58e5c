import io
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageOps

from headstart.data.check import check_decoding
from headstart.data.read import read_source
from headstart.data.samples import FileStatus
from headstart_runtime.modalities.image import decode as module
from headstart_runtime.modalities.image.decode import decode, identify
from headstart_runtime.modalities.image.decoding import jpeg
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.modalities.item import BrokenItem

SMALL = ImageSpec(32, 875, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
XMP = b"http://ns.adobe.com/xap/1.0/\x00"


def encoded(image: Image.Image, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **how)
    return out.getvalue()


def scene(height: int = 48, width: int = 64) -> Image.Image:
    y, x = np.mgrid[:height, :width].astype(float)
    channels = np.sin(x / 9) * 90 + 128, np.cos(y / 7) * 90 + 128, (x * 2 + y * 3) % 256
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def segment(marker: int, payload: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload


def exif(turn: int) -> bytes:
    block = Image.Exif()
    block[0x0112] = turn
    return segment(0xE1, b"Exif\x00\x00" + block.tobytes().removeprefix(b"Exif\x00\x00"))


def xmp(turn: int, mark: str = '"') -> bytes:
    said = f"<x:xmpmeta xmlns:x={mark}adobe:ns:meta/{mark}><rdf:Description tiff:Orientation={mark}{turn}{mark}/>"
    return segment(0xE1, XMP + said.encode())


PROFILE = b"".join(segment(0xE2, b"ICC_PROFILE\x00" + bytes([part, 2]) + bytes(40_000)) for part in (1, 2))
PHOTOSHOP = segment(0xED, b"Photoshop 3.0\x008BIM" + bytes(40_000)) * 2
COMMENTS = segment(0xFE, b"x" * 65_000) * 3

#: What stands between a JPEG's first two bytes and the rest, and how it turns the photo.
HEADS = {
    "nothing": (b"", 1),
    "exif": (exif(6), 6),
    "exif behind a colour profile": (PROFILE + exif(6), 6),
    "exif behind Photoshop's own": (PHOTOSHOP + exif(8), 8),
    "exif behind comments": (COMMENTS + exif(3), 3),
    "xmp behind comments": (COMMENTS + xmp(6), 6),
    "xmp in single quotes": (COMMENTS + xmp(6, "'"), 6),
    "exif before xmp": (exif(3) + xmp(6), 3),
    "exif that says upright before xmp": (exif(1) + xmp(6), 1),
    "xmp behind exif without a turn": (segment(0xE1, b"Exif\x00\x00" + Image.Exif().tobytes()) + xmp(6), 6),
    "padding before a marker": (b"\xff" * 7 + exif(6), 6),
    "padding before each": (b"\xff" * 3 + PROFILE[: len(PROFILE) // 2] + b"\xff" * 70_000 + exif(6), 6),
    "junk between segments": (segment(0xFE, b"x") + b"\x00\x00junk" + exif(6), 6),
    "a turn that is none": (exif(9), 1),
    "the word in a comment": (segment(0xFE, b"Exif\x00\x00 tiff:Orientation"), 1),
}


@pytest.mark.parametrize("head", HEADS)
def test_an_orientation_is_seen_wherever_it_stands_by_both_decoders(head, monkeypatch):
    between, turn = HEADS[head]
    plain = encoded(scene(), quality=95)
    content = plain[:2] + between + plain[2:]
    fast = decode(content).pixels
    monkeypatch.setattr(jpeg, "simplejpeg", None)
    assert np.array_equal(fast, decode(content).pixels)
    if "single" not in head:  # which is XML too, but not read by Pillow
        assert np.array_equal(fast, ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))
    assert fast.shape == ((64, 48, 3) if turn in (6, 8) else (48, 64, 3))
    assert np.array_equal(fast, decode(plain).pixels) == (turn == 1)


def test_what_lies_behind_the_pixels_turns_nothing():
    plain = encoded(scene())
    assert np.array_equal(decode(plain + exif(6)).pixels, decode(plain).pixels)


def test_several_photos_in_one_file_are_read_as_their_first():
    out = io.BytesIO()
    scene().save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (640, 480))], exif=exif(6)[4:])
    content = out.getvalue()
    for data in (content, content[:2] + PROFILE + content[2:]):
        assert decode(data).pixels.shape == (64, 48, 3), len(data)
    assert identify(content).format == "MPO"


def test_a_walk_ends_at_the_first_scan_and_tells_how_it_is_stored():
    for how, buffered in (({}, False), ({"progressive": True}, True), ({"subsampling": 0}, False)):
        content = encoded(scene(), **how)
        layout = jpeg.read_jpeg_layout(content[:2] + COMMENTS + content[2:])
        assert layout is not None
        assert (layout.width, layout.height, layout.buffered) == (64, 48, buffered)
        assert layout.scan == len(COMMENTS) + content.index(b"\xff\xda")


def test_a_walk_over_damage_finds_nothing_and_ends():
    content = encoded(scene())
    scan = content.index(b"\xff\xda")
    for cut in range(scan + 4):
        assert jpeg.read_jpeg_layout(content[:cut]) is None
    for odd in (b"\xff\x00", b"\xff\xd0", b"\xff\xc8\x00\x02", segment(0xE0, b"")[:2] + b"\x00\x01", b"\x00"):
        assert jpeg.read_jpeg_layout(content[:2] + odd + content[2:]) is None


def claiming(content: bytes, width: int, height: int) -> bytes:
    """A JPEG whose frame says another size."""
    at = next(content.index(mark) for mark in (b"\xff\xc0", b"\xff\xc2") if mark in content) + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


@pytest.fixture(scope="module")
def phone_photo() -> bytes:
    """200 megapixels, 16320 x 12240: one strip of 16 rows, encoded once and repeated between restart markers."""
    width, height = 16320, 12240
    strip = encoded(scene(16, 64).resize((width, 16)), quality=50, restart_marker_rows=1, subsampling=2)
    scan = strip.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(strip[scan + 2 : scan + 4])
    rows = [strip[start:-2] + bytes([0xFF, 0xD0 + row % 8]) for row in range(height // 16)]
    return claiming(strip[:start], width, height) + b"".join(rows)[:-2] + b"\xff\xd9"


def test_a_photo_of_200_megapixels_is_decoded_small(phone_photo, monkeypatch):
    header = identify(phone_photo)
    assert (header.width, header.height) == (16320, 12240)
    tracemalloc.start()
    photo = decode(phone_photo, SMALL)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert photo.pixels.shape == (1530, 2040, 3)
    assert photo.repaired is None
    assert peak < 50_000_000
    monkeypatch.setattr(jpeg, "simplejpeg", None)
    assert np.array_equal(photo.pixels, decode(phone_photo, SMALL).pixels)


def test_a_large_photo_is_read_and_checked_like_any_other(phone_photo, tmp_path):
    for name in ("a/1.jpg", "b/2.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(phone_photo + name.encode())
    seen = check_decoding(read_source(tmp_path, strict=False))
    assert [entry.status for entry in seen.ledger.entries] == [FileStatus.ACCEPTED] * 2


@pytest.mark.parametrize(
    ("how", "size", "spec", "says"),
    [
        (
            {},
            (16320, 12240),
            None,
            r"too large to be decoded at full size: 16320 x 12240 pixels, more than 178,956,970",
        ),
        ({}, (50_000, 50_000), SMALL, r"too large: 50000 x 50000 pixels, more than 1,000,000,000; save it smaller"),
        (
            {"progressive": True},
            (16320, 12240),
            SMALL,
            r"too large: a progressive JPEG of 16320 x 12240 pixels, more than 178,956,970; save it smaller, or not",
        ),
    ],
)
def test_what_is_refused_says_what_to_do(how, size, spec, says):
    content = claiming(encoded(scene(), **how), *size)
    with pytest.raises(BrokenItem, match=says):
        decode(content, spec)


def test_no_limit_of_the_process_has_a_say(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # twice as many are an error in Image.open, as many a warning
    content = encoded(scene())
    assert module._decode_with_pillow(content, None).pixels.shape == (48, 64, 3)
    assert identify(content).width == 64
