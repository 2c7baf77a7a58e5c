"""Collections of any size: small photos in ten kinds, drawn in a millisecond each, with copies planted among them."""

import io
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from headstart.storage.atomic import replace_text
from headstart_runtime.hardware import count_cores

KINDS = ("ring", "disc", "box", "frame", "cross", "arrow", "star", "wave", "ladder", "fan")
EDGE = 96  #: of a photo, pixels
EVERY = 25  #: one photo in so many has the bytes of the one before, one more shows the same altered
SHAPES = 3  #: in each photo
CHUNK = 500  #: photos that a process draws at once
DONE = "drawn.txt"  #: written last


def draw_photo_set(folder: Path, count: int, seed: int = 0) -> int:
    """Draw photos into a folder with a folder for each kind, or keep those that were drawn there before.

    Each photo is decided by the seed and its number, so a larger collection begins with the smaller one.

    Args:
        folder: for the kinds' folders; they stand in ``photos`` inside it.
        count: of photos, planted ones included.
        seed: of all.

    Returns:
        How many of the photos are planted copies.
    """
    done, wanted = folder / DONE, f"{count} photos, seed {seed}, {EDGE} pixels\n"
    if not done.is_file() or done.read_text("utf-8") != wanted:
        for kind in KINDS:
            (folder / "photos" / kind).mkdir(parents=True, exist_ok=True)
        firsts = range(0, count, CHUNK)
        with ProcessPoolExecutor(count_cores()) as pool:
            list(pool.map(_draw_chunk, *zip(*((folder, first, count, seed) for first in firsts), strict=True)))
        replace_text(done, wanted)
    return sum(_find_original(number) != number for number in range(count))


def draw_photo(seed: int, number: int) -> Image.Image:
    """Return a photo: a ground of clouds, shapes of other kinds far behind, and those of its own kind."""
    chance = np.random.default_rng((seed, number))
    image = Image.fromarray(_draw_ground(chance))
    draw = ImageDraw.Draw(image)
    own = number % len(KINDS)
    for kind in (*chance.integers(0, len(KINDS), SHAPES - 1), own):
        _draw_shape(draw, KINDS[kind], chance, large=kind == own)
    pixels = np.asarray(image, np.int16) + chance.integers(-9, 10, (EDGE, EDGE, 1), np.int16)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _draw_chunk(folder: Path, first: int, count: int, seed: int) -> None:
    for number in range(first, min(first + CHUNK, count)):
        original = _find_original(number)
        content = _encode(
            _alter(draw_photo(seed, original), number) if number % EVERY == 2 else draw_photo(seed, original)
        )
        kind = KINDS[original % len(KINDS)]
        (folder / "photos" / kind / f"{number:06d}.jpg").write_bytes(content)


def _find_original(number: int) -> int:
    """Return the photo that one shows; itself, where it is not planted."""
    return number - number % EVERY if number % EVERY in (1, 2) else number


def _alter(photo: Image.Image, number: int) -> Image.Image:
    """Return a copy that was cropped, mirrored, brightened or made smaller."""
    ways = (
        lambda: photo.crop((4, 3, EDGE - 2, EDGE - 5)),
        lambda: ImageOps.mirror(photo),
        lambda: photo.point(lambda value: min(255, value * 6 // 5)),
        lambda: photo.resize((EDGE * 2 // 3, EDGE * 2 // 3)),
    )
    return ways[number // EVERY % len(ways)]()


def _encode(photo: Image.Image) -> bytes:
    content = io.BytesIO()
    photo.save(content, "JPEG", quality=85)
    return content.getvalue()


def _draw_ground(chance: np.random.Generator) -> np.ndarray:
    """Return clouds (EDGE, EDGE, 3) of two scales in colours of their own."""
    clouds = np.zeros((EDGE, EDGE, 3), np.float32)
    for cells, strength in ((3, 60), (12, 30)):
        values = chance.integers(0, 256, (cells, cells, 3), np.uint8)
        clouds += (np.asarray(Image.fromarray(values).resize((EDGE, EDGE)), np.float32) - 128) * (strength / 128)
    return (clouds + chance.uniform(70, 190, 3)).clip(0, 255).astype(np.uint8)


def _draw_shape(draw: ImageDraw.ImageDraw, kind: str, chance: np.random.Generator, *, large: bool) -> None:
    size = chance.uniform(18, 36) if large else chance.uniform(6, 14)
    centre, turn = chance.uniform(28, EDGE - 28, 2), chance.uniform(0, 2 * np.pi)
    fill = tuple(chance.integers(0, 256, 3).tolist())
    width = int(chance.integers(2, 6))
    for outline, closed in _outline(kind, chance):
        along, across = np.cos(turn), np.sin(turn)
        turned = centre + size * (np.asarray(outline) @ np.array([[along, across], [-across, along]]))
        points = [(float(x), float(y)) for x, y in turned]
        if closed:
            draw.polygon(points, fill=fill)
        else:
            draw.line(points, fill=fill, width=width, joint="curve")


def _outline(kind: str, chance: np.random.Generator) -> Iterator[tuple[np.ndarray, bool]]:
    """Yield lines (N, 2) around 0 of about the length 1, and whether each is filled."""
    angles = np.linspace(0, 2 * np.pi, 24)
    circle = np.stack([np.cos(angles), chance.uniform(0.7, 1) * np.sin(angles)], axis=1)
    box = np.array([(-1, -0.6), (1, -0.6), (1, 0.6), (-1, 0.6), (-1, -0.6)])
    along = np.linspace(-1, 1, 20)
    if kind in ("ring", "disc"):
        yield circle, kind == "disc"
    elif kind in ("box", "frame"):
        yield box, kind == "box"
    elif kind == "cross":
        yield np.array([(-1, 0), (1, 0)]), False
        yield np.array([(0, -1), (0, 1)]), False
    elif kind == "arrow":
        yield np.array([(-1, 0), (1, 0), (0.5, 0.4), (1, 0), (0.5, -0.4)]), False
    elif kind == "star":
        radius = np.where(np.arange(10) % 2, 0.4, 1.0)
        yield (
            radius[:, None] * np.stack([np.cos(np.pi * np.arange(10) / 5), np.sin(np.pi * np.arange(10) / 5)], 1),
            True,
        )
    elif kind == "wave":
        yield np.stack([along, 0.4 * np.sin(chance.uniform(5, 8) * along)], axis=1), False
    elif kind == "ladder":
        yield from ((np.array([(-1, side), (1, side)]), False) for side in (-0.35, 0.35))
        yield from ((np.array([(step, -0.35), (step, 0.35)]), False) for step in (-0.7, -0.2, 0.3, 0.8))
    else:
        yield from (
            (np.array([(0, 0), (np.cos(angle), np.sin(angle))]), False) for angle in (-0.9, -0.45, 0, 0.45, 0.9)
        )
