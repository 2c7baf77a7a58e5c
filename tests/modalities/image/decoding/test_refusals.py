import io
import struct

import numpy as np
import pytest
from PIL import Image

from headstart_runtime.modalities.image.decode import decode, identify
from headstart_runtime.modalities.item import BrokenItem


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "an SVG drawing; export it as PNG"),
        (b"<?xml version='1.0'?>\n<!-- x --><svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing; export it"),
        (b"%PDF-1.7\n", "a PDF; export its pictures"),
        (bytes(128) + b"DICM" + bytes(50), "a DICOM file; save it as PNG or TIFF with the rescaled values"),
    ],
)
def test_what_is_no_photo_is_named(content, says):
    for look in (identify, decode):
        with pytest.raises(BrokenItem, match=rf"^not an image in a known format: {says}"):
            look(content)


def test_what_stands_for_a_photo_is_named():
    for content, says in (
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12345\n",
            "a Git LFS pointer, not the photo",
        ),
        (b"<!DOCTYPE html><html><body>403 Forbidden</body></html>", "a web page, not the photo: the download was"),
        (bytes(300), "a file of nothing but zero bytes, not the photo"),
    ):
        for look in (identify, decode):
            with pytest.raises(BrokenItem, match=f"^{says}"):
                look(content)


def test_what_is_unknown_stays_so():
    for content in (b"hello", b"<?xml version='1.0'?><note/>", b"II*\x00", b"II*\x00\x08\x00\x00\x00"):
        with pytest.raises(BrokenItem, match=r"^not an image in a known format$|^broken header"):
            identify(content)


def test_a_jpeg_of_12_bits_is_named():
    out = io.BytesIO()
    Image.new("L", (20, 10)).save(out, "JPEG")
    content = bytearray(out.getvalue())
    content[content.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(BrokenItem, match="a JPEG of 12 bits, which is not read; save it as PNG or TIFF of 16 bits"):
        decode(bytes(content))


def test_a_tiff_of_an_odd_kind_is_named():
    values = np.zeros((6, 5))
    entries = [(256, 5), (257, 6), (258, 64), (259, 1), (262, 1), (273, 8), (277, 1), (278, 6), (279, 240), (339, 3)]
    directory = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in entries)
    head = b"II*\x00" + struct.pack("<I", 8 + values.nbytes) + values.tobytes()
    with pytest.raises(BrokenItem, match=r"kind that is not read \(1 channel of 64 bits, floating point\); save it as"):
        identify(head + struct.pack("<H", len(entries)) + directory + bytes(4))
