import io
import itertools
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from headstart_runtime.errors import DataError
from headstart_runtime.modalities.image import decode as module
from headstart_runtime.modalities.image.decode import array_to_rgb, crop_resize, decode, identify
from headstart_runtime.modalities.image.decoding import jpeg
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.modalities.item import BrokenItem, UnreadableItem

SMALL = ImageSpec(32, 875, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def scene(height: int = 48, width: int = 64) -> Image.Image:
    """A smooth picture without symmetries, so that turning it shows."""
    y, x = np.mgrid[:height, :width].astype(float)
    channels = np.sin(x / 9) * 90 + 128, np.cos(y / 7) * 90 + 128, (x * 2 + y * 3) % 256
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def encoded(image: Image.Image, format: str, **how: object) -> bytes:  # noqa: A002
    out = io.BytesIO()
    image.save(out, format, **how)
    return out.getvalue()


def test_lossless_formats_give_the_pixels_back():
    image = scene()
    for name, how in [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("PPM", {}), ("TGA", {})]:
        content = encoded(image, name, **how)
        assert identify(content).format == name
        assert np.array_equal(decode(content).pixels, image), name


def test_lossy_formats_come_close():
    image = scene()
    for name, how in [
        ("JPEG", {"quality": 95}),
        ("WEBP", {"quality": 95}),
        ("AVIF", {"quality": 90}),
        ("JPEG2000", {}),
    ]:
        content = encoded(image, name, **how)
        assert identify(content).format == name
        off = np.abs(decode(content).pixels.astype(int) - np.asarray(image).astype(int)).mean()
        assert off < 8, name


def test_photos_of_phones():
    out = io.BytesIO()
    pillow_heif.from_pillow(scene()).save(out, quality=90)
    header = identify(out.getvalue())
    assert (header.format, header.width, header.height) == ("HEIF", 64, 48)
    off = np.abs(decode(out.getvalue()).pixels.astype(int) - np.asarray(scene()).astype(int)).mean()
    assert off < 8


def test_photos_of_phones_are_known_to_many_threads_at_once():
    script = (
        "import io, sys\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "from headstart_runtime.modalities.image.decode import identify\ndata = sys.stdin.buffer.read()\n"
        "with ThreadPoolExecutor(16) as pool:\n"
        "    print({header.format for header in pool.map(identify, [data] * 64)})"
    )
    out = io.BytesIO()
    pillow_heif.from_pillow(scene()).save(out)
    ran = subprocess.run([sys.executable, "-c", script], input=out.getvalue(), capture_output=True, check=True)
    assert ran.stdout.strip() == b"{'HEIF'}"


def test_palettes_and_grey():
    palette = scene().quantize(32)
    assert np.array_equal(decode(encoded(palette, "PNG")).pixels, palette.convert("RGB"))
    assert np.array_equal(decode(encoded(palette, "GIF")).pixels, palette.convert("RGB"))
    grey = scene().convert("L")
    assert np.array_equal(decode(encoded(grey, "PNG")).pixels, grey.convert("RGB"))
    line = grey.convert("1")
    assert np.array_equal(decode(encoded(line, "PNG")).pixels, line.convert("RGB"))


def test_grey_jpegs_have_three_channels():
    pixels = decode(encoded(scene().convert("L"), "JPEG")).pixels
    assert pixels.shape == (48, 64, 3)
    assert (pixels[..., 0] == pixels[..., 2]).all()


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_16_bits_are_scaled_to_8(name):
    deep = np.array([[0, 257, 257 * 128, 65535]], dtype=np.uint16)
    assert decode(encoded(Image.fromarray(deep), name)).pixels[0, :, 0].tolist() == [0, 1, 128, 255]


def test_float_tiffs_use_their_own_range():
    deep = np.array([[-1.0, 0.0, 1.0]], dtype=np.float32)
    assert decode(encoded(Image.fromarray(deep), "TIFF")).pixels[0, :, 1].tolist() == [0, 128, 255]


def test_transparency_is_laid_on_white():
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = 10, 20, 30, 255
    pixels[0, 1] = 0, 0, 0, 128
    expected = [[[10, 20, 30], [127, 127, 127]], [[255, 255, 255]] * 2]
    for name, how in [("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})]:
        assert decode(encoded(Image.fromarray(pixels), name, **how)).pixels.tolist() == expected, name
    grey = Image.fromarray(pixels[..., [0, 3]])
    assert decode(encoded(grey, "PNG")).pixels[1, 0].tolist() == [255, 255, 255]


def test_transparent_palette_entries_are_white():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    for name, transparent in [("PNG", 1), ("GIF", 1), ("PNG", b"\xff\x00")]:
        pixels = decode(encoded(image, name, transparency=transparent)).pixels
        assert pixels.tolist() == [[[255, 0, 0], [255, 255, 255]]], name


def test_the_first_frame_of_an_animation():
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "blue")]
    for name in ("GIF", "WEBP", "PNG", "TIFF"):
        how = {"lossless": True} if name == "WEBP" else {}
        content = encoded(frames[0], name, save_all=True, append_images=frames[1:], **how)
        assert decode(content).pixels[0, 0].tolist() == [255, 0, 0], name


def test_cmyk_jpegs_are_read_as_pillow_does():
    content = encoded(scene().convert("CMYK"), "JPEG", quality=95)
    assert identify(content).mode == "CMYK"
    assert np.array_equal(decode(content).pixels, Image.open(io.BytesIO(content)).convert("RGB"))


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_turns_photos_upright(turn, name):
    exif = Image.Exif()
    exif[0x0112] = turn
    how = {"quality": 100, "subsampling": 0} if name == "JPEG" else {"lossless": True} if name == "WEBP" else {}
    upright = scene()
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[turn]) if turn in undo else upright
    pixels = decode(encoded(stored, name, exif=exif, **how)).pixels
    assert pixels.shape == (48, 64, 3)
    assert np.abs(pixels.astype(int) - np.asarray(upright).astype(int)).mean() < 3


def test_damaged_exif_loses_no_photo():
    content = encoded(scene(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff rubbish")
    assert decode(content).pixels.shape == (48, 64, 3)


SHAPES = [(64, 64), (65, 67), (101, 150), (301, 203), (333, 555), (600, 601), (17, 3), (8, 8), (1, 1)]


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_both_decoders_give_the_same_bits(height, width):
    pytest.importorskip("simplejpeg")
    for subsampling, progressive, mode in itertools.product((0, 1, 2), (False, True), ("RGB", "L")):
        image = scene(height, width).convert(mode)
        content = encoded(image, "JPEG", quality=80, subsampling=subsampling, progressive=progressive)
        assert_equal_bits(content)


def assert_equal_bits(content: bytes) -> None:
    for spec in (None, SMALL):
        fast = module._decode_plain_jpeg(content, spec)
        slow = module._decode_with_pillow(content, spec)
        assert fast is not None
        assert np.array_equal(fast.pixels, slow.pixels)


def test_jpegs_that_store_rgb_give_the_same_bits():
    pytest.importorskip("simplejpeg")
    assert_equal_bits(encoded(scene(200, 301), "JPEG", keep_rgb=True))


def test_an_orientation_in_xmp_alone_is_seen_by_both_decoders(monkeypatch):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    content = encoded(scene(), "JPEG", xmp=xmp)
    fast = decode(content).pixels
    monkeypatch.setattr(jpeg, "simplejpeg", None)
    assert np.array_equal(fast, decode(content).pixels)
    assert fast.shape == (64, 48, 3)


@pytest.mark.parametrize(("height", "width"), SHAPES[:6])
def test_shrinking_while_decoding_never_goes_below_the_target(height, width):
    smooth = scene(24, 24).resize((width, height), Image.Resampling.BICUBIC)
    content = encoded(smooth, "JPEG", quality=95)
    pixels = decode(content, SMALL).pixels
    factor = SMALL.shrink(height, width)
    assert pixels.shape == (-(-height // factor), -(-width // factor), 3)
    assert crop_resize(pixels, SMALL).shape == (32, 32, 3)
    if factor > 1:
        whole = crop_resize(decode(content).pixels, SMALL).astype(int)
        assert np.abs(crop_resize(pixels, SMALL).astype(int) - whole).mean() < 8


@pytest.mark.realdata
def test_both_decoders_give_the_same_bits_on_real_photos(shared_data):
    pytest.importorskip("simplejpeg")
    for folder in ("hymenoptera/val/ants", "trash/glass", "brain_mri/no"):
        for path in sorted((shared_data / folder).iterdir())[:25]:
            content = path.read_bytes()
            for spec in (None, SMALL):
                fast = module._decode_plain_jpeg(content, spec)
                assert fast is None or np.array_equal(fast.pixels, module._decode_with_pillow(content, spec).pixels)


@pytest.mark.parametrize(
    ("name", "how"),
    [("JPEG", {}), ("JPEG", {"subsampling": 0, "quality": 95}), ("PNG", {}), ("PNG", {"compress_level": 0})],
)
def test_a_photo_cut_off_late_is_repaired_and_early_is_broken(name, how):
    noisy = np.random.default_rng(0).integers(0, 256, (200, 160, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noisy), name, **how)
    whole = decode(content).pixels
    photo = decode(content[: int(len(content) * 0.8)])
    assert photo.repaired is not None
    assert photo.repaired.startswith("truncated: ")
    assert np.array_equal(photo.pixels[:96], whole[:96])
    with pytest.raises(BrokenItem, match=r"^truncated: only \d+% of its rows decode, 50% are wanted$"):
        decode(content[: int(len(content) * 0.3)])


def test_truncated_deep_and_palette_photos_are_repaired_too():
    rng = np.random.default_rng(0)
    deep = Image.fromarray(rng.integers(1, 65535, (200, 160), dtype=np.uint16))
    palette = Image.fromarray(rng.integers(0, 256, (200, 160), dtype=np.uint8)).convert("P")
    for content in (encoded(deep, "PNG"), encoded(palette, "PNG", transparency=b"\xff\x00\x80")):
        assert decode(content[: int(len(content) * 0.8)]).repaired


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "zero bytes"),
        (b"hello, this is a text", "not an image in a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 5\n%%EndComments\n", "not an image in a known format"),
        (b"\xff\xd8\xff\xe0", "not an image|broken header"),
        (b"\x89PNG\r\n\x1a\n", "not an image|broken header"),
    ],
)
def test_what_is_no_photo(content, reason):
    for look in (identify, decode):
        with pytest.raises(BrokenItem, match=reason):
            look(content)


def claimed_png(width: int, height: int) -> bytes:
    """A PNG whose header claims a size and whose data are not there."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_bomb_is_not_decoded():
    for look in (identify, decode):
        with pytest.raises(
            BrokenItem, match="too large: 60000 x 60000 pixels, more than 178,956,970; save it smaller, or as a JPEG"
        ):
            look(claimed_png(60_000, 60_000))


def test_a_jpeg_that_claims_to_be_a_bomb():
    content = bytearray(encoded(scene(), "JPEG"))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    with pytest.raises(BrokenItem, match="too large: 60000 x 60000 pixels, more than 1,000,000,000; save it smaller"):
        decode(bytes(content))


def test_random_damage_raises_nothing_else():
    rng = np.random.default_rng(0)
    contents = [encoded(scene(), name) for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000")]
    for content, _ in itertools.product(contents, range(15)):
        damaged = bytearray(content)
        for at in rng.integers(0, len(content), 5):
            damaged[at] = rng.integers(0, 256)
        with suppress(BrokenItem):
            assert decode(bytes(damaged)).pixels.dtype == np.uint8


def test_threads_repair_and_refuse_side_by_side():
    whole = encoded(Image.fromarray(np.random.default_rng(1).integers(0, 256, (80, 60, 3), dtype=np.uint8)), "PNG")
    late, early = whole[: int(len(whole) * 0.9)], whole[: int(len(whole) * 0.2)]

    def outcome(content: bytes) -> str:
        try:
            return "repaired" if decode(content).repaired else "whole"
        except BrokenItem:
            return "broken"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(outcome, [whole, late, early] * 60))
    assert outcomes == ["whole", "repaired", "broken"] * 60


def test_a_square_of_the_right_size_is_not_resized():
    spec = ImageSpec(40, 1000, (0, 0, 0), (1, 1, 1))
    pixels = np.asarray(scene(40, 60))
    assert np.array_equal(crop_resize(pixels, spec), pixels[:, 10:50])


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 3), (5, 4, 4)])
def test_arrays_become_rgb(shape):
    array = np.full(shape, 7, np.uint8)
    if shape[-1] == 4 and len(shape) == 3:
        array[..., 3] = 255
    assert (array_to_rgb(array) == np.full((5, 4, 3), 7)).all()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 3)), r"type float64; wanted uint8 .* scale and convert it"),
        (
            np.full((3, 3), 4095, np.uint16),
            r"type uint16; wanted uint8 .* by the least and largest value that any of them",
        ),
        (
            np.full((3, 3), 200.0, np.float32),
            r"type float32; wanted uint8 .*: \(\(x - least\) / \(largest - least\) \* 255",
        ),
        (np.ones((3, 3), bool), r"type bool; wanted uint8 .* example \(x \* 255\)"),
        (np.zeros((3, 9, 8), np.uint8), r"shape \(3, 9, 8\) .* channels are the last axis: x.transpose\(1, 2, 0\)"),
        (np.zeros((3, 3, 2), np.uint8), r"has shape \(3, 3, 2\)"),
        (np.zeros((0, 3), np.uint8), "so no pixels; leave it out"),
    ],
)
def test_arrays_that_are_no_photos(array, message):
    with pytest.raises(DataError, match=message):
        array_to_rgb(array)


@pytest.mark.parametrize("exif", [b"Exif\x00\x00XXXXXXXX", b"Exif\x00\x00II*\x00", b"Exif\x00\x00"])
def test_a_damaged_exif_block_is_no_reason_to_lose_a_photo(exif: bytes) -> None:
    out = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(out, "JPEG", dpi=(72, 72), exif=exif)
    assert decode(out.getvalue()).pixels.shape == (40, 60, 3)


def test_a_plain_bottom_is_part_of_the_photo() -> None:
    pixels = np.full((200, 100, 3), 255, np.uint8)
    pixels[:60] = np.random.default_rng(0).integers(0, 256, (60, 100, 3))
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=90)
    photo = decode(out.getvalue()[:-2])
    assert photo.pixels.shape == (200, 100, 3)
    assert photo.pixels[-1].min() > 250


def test_want_of_memory_is_not_held_against_a_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    Image.new("RGB", (50, 50)).save(out, "PNG")

    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load_prepare", exhausted)
    with pytest.raises(UnreadableItem, match="not enough memory to decode 50 x 50"):
        decode(out.getvalue())
