"""Image stats: small facts about each photo that need no network, from the same decoded pixels as its features.

They say how bright, sharp and colourful a photo is, and hold two small pictures of it: a grey one, by which
near-duplicates are found, and a coloured one. All are of the square that a network sees.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray

from headstart.storage.store import FeatureSpace, Store
from headstart_runtime.modalities.image.spec import ImageSpec

STATS_VERSION = 2  #: raised whenever what is stored changes
GREY = 24  #: edge of the grey picture
COLOUR = 8  #: edge of the coloured picture
COARSE = 48  #: the pictures are made from cells of whole pixels, at least so many along an edge
TILES = 4  #: tiles along an edge, of which the sharpest quarter says how sharp a photo is
LINES = 28  #: about so many lines of a photo are used for sharpness
FACTS = ("brightness", "contrast", "sharpness", "saturation")
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
DARKEST = np.float32(1 / 255)  # black has no saturation


@dataclass(frozen=True, slots=True)
class ImageStats:
    """Stats of N photos."""

    grey: NDArray[np.float32]  #: (N, 24, 24) luma, 0..1
    colour: NDArray[np.float32]  #: (N, 8, 8, 3) RGB, 0..1
    brightness: NDArray[np.float32]  #: (N,) mean luma, 0..1
    contrast: NDArray[np.float32]  #: (N,) standard deviation of luma over cells of about 4 x 4 pixels, 0..0.5
    sharpness: NDArray[np.float32]  #: (N,) log2(1 + v) >= 0, v the Laplacian's mean square in the sharpest quarter of
    #: the photo, in grey levels 0..255 squared; a flat photo has 0, one in focus 9 to 13, one less is half the energy
    saturation: NDArray[np.float32]  #: (N,) mean of HSV saturation over the same cells, 0..1

    def __len__(self) -> int:
        return len(self.grey)

    def take(self, rows: Sequence[int]) -> "ImageStats":
        """Return the stats of some of the photos, by their rows, in that order."""
        return ImageStats(**{field.name: getattr(self, field.name)[list(rows)] for field in fields(self)})


def stats_space(spec: ImageSpec) -> FeatureSpace:
    """Return where the stats of photos prepared by a spec are stored, whatever the network subtracts and divides by."""
    pixels = {name: value for name, value in spec.to_json().items() if name not in ("mean", "std")}
    facts = f"stats {STATS_VERSION} {sorted(pixels.items())}"
    return FeatureSpace(
        fingerprint=hashlib.blake2b(facts.encode(), digest_size=20).hexdigest(),
        layers=(("grey", GREY * GREY), ("colour", COLOUR * COLOUR * 3), ("facts", len(FACTS))),
        description=f"stats, {spec.size} pixels",
    )


def compute_stats(pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return the stats of prepared photos, uint8 (B, S, S, 3) with S >= 3: float32 (B, width) for each layer."""
    count = len(pixels)
    red, green, blue = planes = _average_cells(pixels)
    luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    saturation = (highest - lowest) / np.maximum(highest, DARKEST)
    facts = (luma.mean(axis=(1, 2)), luma.std(axis=(1, 2)), _measure_sharpness(pixels), saturation.mean(axis=(1, 2)))
    return {
        "grey": _shrink(luma, GREY).reshape(count, -1),
        "colour": np.moveaxis(_shrink(planes, COLOUR), 0, -1).reshape(count, -1),
        "facts": np.stack(facts, axis=1).astype(np.float32),
    }


def read_stats(store: Store, spec: ImageSpec, digests: Sequence[str]) -> ImageStats:
    """Read the stats of photos, in the order of the digests.

    Raises:
        StoreError: those of some were not computed; ``extract`` computes them.
    """
    space = stats_space(spec)
    facts = store.read(space, digests, "facts")
    return ImageStats(
        grey=store.read(space, digests, "grey").reshape(-1, GREY, GREY),
        colour=store.read(space, digests, "colour").reshape(-1, COLOUR, COLOUR, 3),
        **{name: np.ascontiguousarray(facts[:, place]) for place, name in enumerate(FACTS)},
    )


def _average_cells(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return means over cells of whole pixels, (3, B, n, n), 0..1; what is left over is left out, on all sides alike.

    Whole lines are added first, then the columns of their sums: twice as fast as Pillow.
    """
    count, edge = pixels.shape[:2]
    factor = max(1, edge // COARSE)
    cells = edge // factor
    first = (edge - cells * factor) // 2
    lines = pixels[:, first : first + cells * factor].reshape(count, cells, factor, edge * 3)
    sums = lines.sum(axis=2, dtype=np.uint16 if factor <= 16 else np.uint32)  # 255 * 16**2 < 2**16
    planes = np.empty((3, count, cells, cells), np.float32)
    for channel, plane in enumerate(planes):
        total = sums[:, :, channel + 3 * first :: 3 * factor][:, :, :cells].copy()
        for column in range(first + 1, first + factor):
            total += sums[:, :, channel + 3 * column :: 3 * factor][:, :, :cells]
        np.multiply(total, np.float32(1 / (255 * factor**2)), out=plane)
    return planes


def _shrink(planes: NDArray[np.float32], edge: int) -> NDArray[np.float32]:
    """Return planes (..., n, n) as (..., edge, edge), antialiased."""
    weights = _make_pooling(planes.shape[-1], edge)
    return np.asarray(weights @ planes @ weights.T, np.float32)


def _measure_sharpness(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the energy of the 4-neighbour Laplacian in the sharpest tiles, for backgrounds may be blurred.

    Every eighth line or so is taken. The variance of the Laplacian is the usual measure: Pech-Pacheco et al., 2000,
    ICPR; here per tile and channel.
    """
    count, edge = pixels.shape[:2]
    lines = pixels.reshape(count, edge, edge * 3)  # neighbours of a channel are three apart, all in one piece
    step = max(1, edge // LINES)
    across = lines[:, 1:-1:step]
    laplacian = across[:, :, 3:-3].astype(np.int16) * np.int16(4)
    for neighbour in (across[:, :, :-6], across[:, :, 6:], lines[:, :-2:step, 3:-3], lines[:, 2::step, 3:-3]):
        laplacian -= neighbour
    energy = laplacian.astype(np.float32)
    energy *= energy
    tiles = _make_tiles(energy.shape[1]) @ energy @ _make_tiles(energy.shape[2]).T
    sharpest = np.sort(tiles.reshape(count, -1), axis=1)[:, -TILES:]
    return np.asarray(np.log2(1 + sharpest.mean(axis=1)), np.float32)


@cache
def _make_pooling(source: int, target: int) -> NDArray[np.float32]:
    """Return weights (target, source) of a triangle filter, as wide as an antialiased bilinear resize has it."""
    scale = source / target
    centres = (np.arange(target) + 0.5) * scale
    distance = np.abs(np.arange(source) + 0.5 - centres[:, None]) / max(scale, 1.0)
    weights = np.maximum(0.0, 1.0 - distance)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


@cache
def _make_tiles(source: int) -> NDArray[np.float32]:
    """Return weights (TILES, source) that take the mean over each tile; tiles are alike where there are too few."""
    block = np.arange(TILES)[:, None] * source // TILES
    end = np.maximum((np.arange(TILES)[:, None] + 1) * source // TILES, block + 1)
    place = np.arange(source)
    inside = (place >= block) & (place < end)
    return np.asarray(inside / inside.sum(axis=1, keepdims=True), np.float32)
