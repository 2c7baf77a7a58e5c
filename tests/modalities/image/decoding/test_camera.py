import io
import struct

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from headstart_runtime.modalities.image.decode import identify
from headstart_runtime.modalities.image.decoding.camera import LONGEST, read_camera


def photo(kind: str, make: object, model: object) -> bytes:
    exif = Image.Exif()
    for tag, value in ((0x010F, make), (0x0110, model), (0x0112, 1)):
        if value is not None:
            exif[tag] = value
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    out = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(out, exif=exif.tobytes())
    else:
        image.save(out, kind, exif=exif, dpi=(72, 72))  # else Pillow looks for these in EXIF, and warns of damage
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("SONY", "DSC-F828", "SONY DSC-F828"),
        ("LG", None, "LG"),
        (None, "iPhone 12", "iPhone 12"),
        (None, None, ""),
    ],
)
def test_make_and_model_in_every_format(kind, make, model, camera):
    assert identify(photo(kind, make, model)).camera == camera


def test_a_photo_without_exif():
    out = io.BytesIO()
    for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"):
        out.seek(0)
        Image.new("RGB", (4, 4)).save(out, kind)
        assert identify(out.getvalue()).camera == "", kind


def block(order: str, *entries: tuple[int, int, bytes]) -> bytes:
    """An EXIF block with these tags, types and values."""
    mark = {"<": b"II*\x00", ">": b"MM\x00*"}[order]
    start, place = 8, 8 + 2 + 12 * len(entries) + 4
    directory, values = struct.pack(order + "H", len(entries)), b""
    for tag, kind, value in entries:
        inside = value.ljust(4, b"\x00") if len(value) <= 4 else struct.pack(order + "L", place + len(values))
        directory += struct.pack(order + "HHL", tag, kind, len(value)) + inside
        values += value if len(value) > 4 else b""
    return b"Exif\x00\x00" + mark + struct.pack(order + "L", start) + directory + bytes(4) + values


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        (b"Canon\x00", b"EOS 5D\x00\x00\x00", "Canon EOS 5D"),
        (b"HTC\x00", b"M8\x00", "HTC M8"),
        (b"A\x1b[31m\nB\x00", b"\x07C\tD\x00rest", "A [31m B C D"),
        (b"", b"   \x00", ""),
        ("Fotoapparat-Ö\x00".encode(), "Größe\x00".encode("latin-1"), "Fotoapparat-Ö Größe"),
        ("a\u202eb".encode(), b"", "a b"),
        (b"x" * 100_000, b"y" * 100_000, "x" * LONGEST),
    ],
)
def test_names_are_one_clean_line(order, make, model, camera):
    assert read_camera({"exif": block(order, (0x010F, 2, make), (0x0110, 2, model))}) == camera


def test_numbers_in_the_place_of_a_name_are_no_name():
    assert read_camera({"exif": block("<", (0x010F, 3, b"\x01\x00"), (0x0110, 2, b"D70\x00"))}) == "D70"


def test_damage_never_raises_and_never_warns():
    whole = block(">", (0x010F, 2, b"Canon\x00"), (0x0110, 2, b"EOS 5D\x00"))
    assert read_camera({"exif": whole}) == "Canon EOS 5D"
    for cut in range(len(whole)):
        assert read_camera({"exif": whole[:cut]}) in {"", "Canon", "Cano", "Can", "Ca", "C"} | {
            f"Canon {'EOS 5D'[:size].strip()}" for size in range(1, 7)
        }
    random = np.random.default_rng(0)
    for _ in range(2000):
        damaged = bytearray(whole)
        for at in random.integers(0, len(whole), 4):
            damaged[at] = random.integers(256)
        camera = read_camera({"exif": bytes(damaged)})
        assert len(camera) <= LONGEST
        assert camera.isprintable()
    for other in (None, "text", 3, b"", b"Exif\x00\x00"):
        assert read_camera({"exif": other}) == ""


def test_a_broken_block_in_a_file_leaves_the_header_readable():
    whole = photo("JPEG", "Canon", "EOS 5D")
    at = whole.index(b"Exif\x00\x00") + 6
    for damage in (b"\xff" * 8, b"II*\x00\xff\xff\xff\xff", b"MM\x00*\x00\x00\x00\x08"):
        broken = whole[:at] + damage + whole[at + 8 :]
        header = identify(broken)
        assert (header.width, header.height) == (30, 20)
        assert header.camera in {"", "Canon EOS 5D"}


def test_a_tiff_whose_tags_are_no_text():
    assert read_camera({}, {0x010F: (1, 2), 0x0110: 7.0}) == ""
