"""Small drawn photos of every format that is read, as bytes."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 45, 37


def draw_photos() -> dict[str, bytes]:
    """Return the bytes of photos by name; the ending of a name is that of its format."""
    rgb = _draw_pixels(0)
    image = Image.fromarray(rgb)
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = 6, "a camera"
    deep = (np.arange(WIDTH * HEIGHT, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 37) % 4096
    frames = [Image.fromarray(_draw_pixels(seed)) for seed in (1, 2)]
    several: dict[str, Any] = {"save_all": True, "append_images": frames}
    tiff = {"format": "TIFF"}
    drawn = {
        "plain.jpg": _save(image, format="JPEG"),
        "progressive.jpg": _save(image, format="JPEG", progressive=True, quality=95),
        "restarts.jpg": _save(image, format="JPEG", restart_marker_rows=1, subsampling=0),
        "exif.jpg": _save(image, format="JPEG", exif=exif, icc_profile=bytes(3000), comment=b"a comment"),
        "cmyk.jpg": _save(image.convert("CMYK"), format="JPEG"),
        "grey.jpg": _save(image.convert("L"), format="JPEG"),
        "several.mpo": _save(image, format="MPO", **several),
        "plain.png": _save(image, format="PNG", exif=exif),
        "alpha.png": _save(image.convert("RGBA"), format="PNG"),
        "palette.png": _save(image.quantize(16), format="PNG", transparency=3),
        "bilevel.png": _save(image.convert("1"), format="PNG"),
        "deep.png": _save(Image.fromarray(deep), format="PNG"),
        "deep-colour.png": _make_deep_png(np.stack([deep, deep // 2, deep // 3], axis=2) * 16),
        "animated.png": _save(image, format="PNG", **several),
        "plain.gif": _save(image, format="GIF"),
        "animated.gif": _save(image, format="GIF", duration=40, **several),
        "plain.bmp": _save(image, format="BMP"),
        "palette.bmp": _save(image.quantize(16), format="BMP"),
        "plain.tif": _save(image, **tiff),
        "lzw.tif": _save(image, **tiff, compression="tiff_lzw"),
        "deflate.tif": _save(image, **tiff, compression="tiff_adobe_deflate"),
        "packbits.tif": _save(image, **tiff, compression="packbits"),
        "jpeg.tif": _save(image, **tiff, compression="jpeg"),
        "fax.tif": _save(image.convert("1"), **tiff, compression="group4"),
        "deep.tif": _save(Image.fromarray(deep), **tiff),
        "float.tif": _save(Image.fromarray(deep.astype(np.float32) / 7 - 100), **tiff),
        "cmyk.tif": _save(image.convert("CMYK"), **tiff),
        "pages.tif": _save(image, **tiff, **several),
        "lossy.webp": _save(image, format="WEBP", exif=exif),
        "lossless.webp": _save(image.convert("RGBA"), format="WEBP", lossless=True),
        "animated.webp": _save(image, format="WEBP", **several),
        "plain.avif": _save(image, format="AVIF"),
        "plain.jp2": _save(image, format="JPEG2000"),
        "stream.jp2": _save(image, format="JPEG2000", no_jp2=True),
        "plain.ppm": _save(image, format="PPM"),
        "deep.pgm": _save(Image.fromarray(deep), format="PPM"),
        "text.pgm": b"P2\n# drawn\n4 3\n255\n" + b" ".join(str(value).encode() for value in range(12)) + b"\n",
        "bilevel.pbm": _save(image.convert("1"), format="PPM"),
        "plain.tga": _save(image, format="TGA"),
        "rle.tga": _save(image, format="TGA", compression="tga_rle"),
    }
    return drawn | _draw_heic(image)


def draw_pixels_of_class(number: int, seed: int) -> NDArray[np.uint8]:
    """Return the pixels of a photo of a class, (H, W, 3)."""
    return np.roll(_draw_pixels(seed), 80 * number, axis=2) // (number + 1)


def _draw_pixels(seed: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    noise = np.random.default_rng(seed).integers(0, 24, (HEIGHT, WIDTH, 3))
    waves = np.stack([x * 5 + seed * 20, y * 6, (x + y) * 3], axis=2) % 220
    return (waves + noise).astype(np.uint8)


def _save(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    if "append_images" in options:
        options["append_images"] = [frame.copy() for frame in options["append_images"]]
    image.copy().save(file, **options)  # of copies, for Pillow keeps what a save sets in the image
    return file.getvalue()


def _make_deep_png(pixels: NDArray[np.uint16]) -> bytes:
    """Return a PNG of 16 bits a channel in colour, which Pillow reads and does not write."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def _draw_heic(image: Image.Image) -> dict[str, bytes]:
    """Return a HEIC photo, where the library beside Pillow writes it."""
    try:
        import pillow_heif

        pillow_heif.register_heif_opener()
        return {"plain.heic": _save(image, format="HEIF")}
    except (ImportError, OSError, RuntimeError, ValueError, KeyError):
        return {}
