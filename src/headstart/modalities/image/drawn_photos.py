"""Drawn photos that an export is proved on: every orientation, mode and depth that a person's own photos may lack."""

import io
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart_runtime.arrays import Floats

ORIENTATION = 0x0112  #: the EXIF tag
HEIGHT, WIDTH = 420, 560  #: no square, so that a turn shows


@cache
def draw_photos() -> Mapping[str, bytes]:
    """Return drawn photos as contents of files by name: orientations, CMYK, palette, alpha, grey, 16 bit, sizes."""
    scene = _draw_scene(HEIGHT, WIDTH, 0)
    photo = Image.fromarray(scene)
    drawn = {f"orientation-{number}.jpg": _turned(photo, number) for number in range(1, 9)}
    drawn |= {
        "cmyk.jpg": _encode(photo.convert("CMYK"), "JPEG", quality=92),
        "grey.jpg": _encode(photo.convert("L"), "JPEG", quality=92),
        "palette.png": _encode(photo.quantize(64, dither=Image.Dither.NONE), "PNG"),
        "alpha.png": _encode(_add_alpha(photo), "PNG"),
        "deep.png": _encode(Image.fromarray(_deepen(scene)), "PNG"),
        "lossless.webp": _encode(photo, "WEBP", lossless=True),
        "large.jpg": _encode(Image.fromarray(_draw_scene(1000, 1400, 1)), "JPEG", quality=85),
        "small.png": _encode(Image.fromarray(_draw_scene(60, 44, 2)), "PNG"),
        "narrow.png": _encode(Image.fromarray(_draw_scene(900, 70, 3)), "PNG"),
        "cut-off.jpg": _encode(photo, "JPEG", quality=92)[:9000],
        "no-photo.jpg": b"no photo at all",
    }
    return drawn


def _draw_scene(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Return shapes of strong colours before a fine texture, uint8 (H, W, 3), unlike from all sides."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    ground = np.stack([x / width, y / height, 1 - x / width], axis=2) * 160 + 40
    ground += 25 * np.sin(x * 0.9 + y * 0.35)[:, :, None] + chance.normal(0, 12, (height, width, 3))
    _paint(ground, np.hypot(x - 0.3 * width, y - 0.35 * height) < 0.2 * min(height, width), (215, 40, 30))
    _paint(ground, (abs(x - 0.7 * width) < 0.12 * width) & (abs(y - 0.7 * height) < 0.1 * height), (25, 60, 205))
    _paint(ground, (x // 4 + y // 4) % 2 + (y > 0.2 * height) + (x < 0.6 * width) == 1, (245, 245, 245))
    return np.clip(ground, 0, 255).astype(np.uint8)


def _paint(ground: Floats, where: NDArray[np.bool_], colour: tuple[int, int, int]) -> None:
    ground[where] = colour


def _turned(photo: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return _encode(photo, "JPEG", quality=92, exif=exif)


def _add_alpha(photo: Image.Image) -> Image.Image:
    ramp = np.tile(np.linspace(0, 255, photo.width).astype(np.uint8), (photo.height, 1))
    whole = photo.copy()
    whole.putalpha(Image.fromarray(ramp))
    return whole


def _deepen(scene: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return np.asarray(scene.mean(axis=2) * 257, np.uint16)


def _encode(photo: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    save: Callable[..., None] = photo.save
    save(stream, kind, **options)
    return stream.getvalue()
