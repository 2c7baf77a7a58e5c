"""Explanations of photos: heat maps over the square that a network saw."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.batch import Batch
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.image.decode import Pixels
from headstart_runtime.modalities.image.drawing import save_picture
from headstart_runtime.modalities.image.overlay import paint_heat
from headstart_runtime.modalities.image.spec import ImageSpec

EDGE, QUALITY = 192, 72  #: of a small photo under its heat map: its longest edge in pixels, JPEG's quality
HEIGHT = 480  #: of a photo beside its heat map, pixels


@dataclass(frozen=True, slots=True)
class HeatExtent:
    """The square of a photo that a heat map covers."""

    box: tuple[int, int, int, int]  #: (left, top, right, bottom) on the upright photo at full size, pixels
    size: tuple[int, int]  #: (width, height) of that photo, pixels


class ImageExplanation:
    """Heat maps laid over photos, as a facet of the modality."""

    dimensions: Literal[1, 2] = 2
    legend = "where the classifier looked, in yellow"

    def make_probe(self, spec: ImageSpec) -> Batch:
        """Return a square of noise, uint8 (1, S, S, 3)."""
        (tensor,) = spec.tensors
        noise = np.random.default_rng(0).integers(0, 256, (1, spec.size, spec.size, 3), np.uint8)
        return {tensor.name: noise}

    def find_widest(self, specs: Sequence[ImageSpec]) -> ImageSpec:
        """Return the spec that sees most of a photo."""
        return max(specs, key=lambda spec: spec.crop_permille)

    def align(self, places: Floats, spec: ImageSpec, widest: ImageSpec, shape: tuple[int, int]) -> Floats:
        """Return a map (h, w) on a square grid, of which its network saw so much in the middle; 0 around it."""
        edge = shape[0]
        inner = max(1, round(edge * spec.crop_permille / widest.crop_permille))
        if inner == edge:
            return resize_map(places, edge)
        grid, start = np.zeros(shape, np.float32), (edge - inner) // 2
        grid[start : start + inner, start : start + inner] = resize_map(places, inner)
        return grid

    def locate(self, item: Any, spec: ImageSpec, part: int = 0) -> HeatExtent:
        """Return the square that is seen of an opened photo, which is its one part.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """
        height, width = item.load(spec).shape[:2]
        header = item.header()
        if header is not None:  # it may have shrunk while it was decoded, and may have been turned upright
            turned = (header.width > header.height) != (width > height) and header.width != header.height
            width, height = (header.height, header.width) if turned else (header.width, header.height)
        return HeatExtent(spec.crop_box(height, width), (width, height))

    def overlay(self, value: Pixels, weights: Floats, extent: HeatExtent) -> Thumbnail:
        """Return a photo under its heat map, as a small JPEG."""
        image = Image.fromarray(value)
        image.thumbnail((EDGE, EDGE))
        content = io.BytesIO()
        painted = paint_heat(np.asarray(image), weights, extent.box, extent.size)
        Image.fromarray(painted).save(content, "JPEG", quality=QUALITY)
        return Thumbnail(content.getvalue(), "image/jpeg")

    def illustrate(self, value: Pixels, weights: Floats, extent: HeatExtent) -> Thumbnail:
        """Return a photo beside itself under its heat map, as a JPEG that says that it was drawn."""
        width = max(1, round(HEIGHT * value.shape[1] / value.shape[0]))
        scaled = np.asarray(Image.fromarray(value).resize((width, HEIGHT), Image.Resampling.BILINEAR))
        painted = paint_heat(scaled, weights, extent.box, extent.size)
        drawn = Image.fromarray(np.concatenate([scaled, painted], axis=1))
        return Thumbnail(save_picture(drawn, "JPEG", quality=90), "image/jpeg")


def resize_map(values: Floats, edge: int) -> Floats:
    """Return a map (h, w) as (edge, edge), bilinear; the mean stays, but for what the rim weighs."""
    if values.shape == (edge, edge):
        return values
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(image.resize((edge, edge), Image.Resampling.BILINEAR))
