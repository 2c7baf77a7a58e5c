"""Cues that may tell the classes of photos: their border, their files, their mean colour.

Where what is shown fills the photo, its border is a part of that: the strokes of a digit reach there. Then the middle
of the photo tells the classes better, and the border adds nothing to the rest; of backgrounds, frames and stamps either
is otherwise. On photos of four collections border and middle tell the classes as well as each other (.72 and .72 of
brain scans, .66 and .67, .58 and .57, .51 and .45), of handwritten digits .78 and .94; a stamp planted in one corner of
70 % of the digits lifts the border to .88 only, but the whole to .978 where without the border it is .956.
"""

from functools import partial

import numpy as np

from headstart.modalities.cue_rows import add_products, encode_common
from headstart.modalities.image.stats import ImageStats
from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.modalities.facets import Cue, Properties, Surroundings

DISC = 0.33  #: radius of the middle, in edges of the photo: as many cells as the border has, or a few less
COMMON = 24  #: formats, sizes and cameras that are known by name


def list_cues(properties: Properties, stats: ImageStats) -> tuple[Cue, ...]:
    """Return the cues of N photos.

    Args:
        properties: of the photos: format, width, height and perhaps camera.
        stats: of the photos, in the same order.
    """
    return (
        Cue("border", "the border of the photo", partial(_describe_border, stats), partial(_describe_inside, stats)),
        Cue("file", "the file's size and format", partial(_describe_files, properties)),
        Cue("mean colour", "the mean colour", lambda: add_products(stats.colour.mean(axis=(1, 2)))),
    )


def _describe_border(stats: ImageStats) -> Floats:
    """Return the outer ring of the coloured picture, (N, 28 * 3), and by how much and how evenly it is coloured."""
    return _describe_patch(stats, _split_cells(stats.colour.shape[1])[0])


def _describe_inside(stats: ImageStats) -> Surroundings:
    """Return the middle of the coloured picture, all but its border, and all of it."""
    border, middle, inside = _split_cells(stats.colour.shape[1])
    return Surroundings(*(_describe_patch(stats, cells) for cells in (middle, inside, border | inside)))


def _describe_patch(stats: ImageStats, cells: Bools) -> Floats:
    """Return cells of the coloured picture, and by how much and how evenly they are coloured."""
    patch = stats.colour[:, cells]
    return np.hstack(
        [patch.reshape(len(patch), -1), add_products(patch.mean(axis=1))[:, 3:], add_products(patch.std(axis=1))]
    )


def _split_cells(edge: int) -> tuple[Bools, Bools, Bools]:
    """Return the cells of the outer ring, 28 of 8 x 8; of a disc in the middle, 24; and all but the ring."""
    inside = np.zeros((edge, edge), bool)
    inside[1:-1, 1:-1] = True
    away = np.arange(edge) - (edge - 1) / 2
    return ~inside, np.hypot(away[:, None], away) < DISC * edge, inside


def _describe_files(properties: Properties) -> Floats:
    """Return what is known of files without their photos: sizes, and the commonest formats, sizes and cameras."""
    widths, heights = ([each[edge] for each in properties] for edge in ("width", "height"))
    width, height = np.log2(np.maximum(1, widths)), np.log2(np.maximum(1, heights))
    sizes = add_products(np.stack([width + height, width - height, np.abs(width - height)], axis=1).astype(np.float32))
    names = (
        [each["format"] for each in properties],
        [f"{across} x {down}" for across, down in zip(widths, heights, strict=True)],
        [str(across) for across in widths],
        [str(down) for down in heights],
        [each.get("camera", "") for each in properties],
    )
    return np.hstack([sizes, *(encode_common(values, COMMON) for values in names)])
