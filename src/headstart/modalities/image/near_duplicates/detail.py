"""Detail of small pictures: whether there is enough of it to tell a copy from another that is merely alike.

Two people's sevens agree at 8 x 8 pixels, any two arrows do as icons, and blank pages all do. What counts is not a
picture's size in pixels but in how many places it says something of its own: the cells of its small grey picture that
are not backdrop, less where it is so smooth that neighbouring cells say the same. Pictures in one ink say still less
where nearly all is backdrop, for then they say no more than an outline; those in several colours say more, for their
colours have to agree too. Where both photos of a pair have little, only equal pixels count as the same.
"""

import numpy as np

from headstart.modalities.image.stats import LUMA
from headstart_runtime.arrays import Bools, Floats

#: Independent cells from which photos are compared, the geometric mean of the two: a photo shrunk to 16 pixels is still
#: told from others by one that has more. The most of scans of 8 x 8 pixels are 68, of drawn strokes at 28 x 28 pixels
#: 47, of icons 96 (98 % of them: 65), of line drawings 5, of blank pages 9. All but 2 % of photos have more than 254
#: (cats and dogs), 155 (brain scans), 201 (ants and bees), 110 (trash, on white paper), 108 (shrunk to 32 x 32).
LEAST_DETAIL = 95
LEVEL = 1 / 255  #: a grey level
LEAST_SPREAD = 1.5 * LEVEL  #: standard deviation of 3 x 3 cells, below which they are flat
FULL = 2.0  #: cells are independent from this frequency on, radians a cell; photos shrunk to 32 pixels have 1.4
SAME = 1e-5  #: by which cells of equal pixels differ at most: rounding
MOST_BACKDROP = 0.5  #: of the cells, above which what is left counts less in pictures of one ink
COLOURFUL = 2 * LEVEL  #: of colour that one ink does not explain, from which there are several
MORE = 0.5  #: by how much what is in several colours says more
BLOCK = 4096  #: photos at a time, 60 MB


def describe_low_detail(few: int, count: int) -> str:
    """Return the note on photos that have too little detail to be compared.

    Args:
        few: photos that have too little.
        count: of all photos.
    """
    who = "all photos have" if few == count else f"{few} of {count} photos {'has' if few == 1 else 'have'}"
    return (
        f"{who} too little detail (drawings, blank or tiny pictures) to tell copies from look-alikes; there only equal "
        "pixels count as the same"
    )


def measure_detail(grey: Floats, colour: Floats) -> Floats:
    """Return how many independent cells photos have.

    Args:
        grey: (N, G, G) luma in 0..1.
        colour: (N, E, E, 3) RGB in 0..1.

    Returns:
        float32 (N,), 0 to 1.5 G * G.
    """
    starts = range(0, len(grey), BLOCK)
    blocks = [_measure_block(grey[first : first + BLOCK], colour[first : first + BLOCK]) for first in starts]
    return np.concatenate([*blocks, np.empty(0, np.float32)])


def have_equal_pixels(first: Floats, second: Floats) -> Bools:
    """Return which pairs of pictures, both (M, ...), have equal pixels, (M,)."""
    differ = np.abs(first - second).max(axis=tuple(range(1, first.ndim)), initial=0)
    return np.asarray(differ <= SAME)


def _measure_block(grey: Floats, colour: Floats) -> Floats:
    around = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows, columns = grey.shape[1:]
    shifted = [around[:, down : down + rows, right : right + columns] for down in range(3) for right in range(3)]
    total, squares = sum(shifted), sum(cells * cells for cells in shifted)
    varied = squares / 9 - (total / 9) ** 2 > LEAST_SPREAD**2
    backdrop = _find_backdrop(grey)
    distinct = (varied & ~_dilate(backdrop)).sum(axis=(1, 2))
    colourful = np.minimum(1, _measure_second_ink(colour) / COLOURFUL)
    outline = np.minimum(1, (1 - backdrop.mean(axis=(1, 2))) / (1 - MOST_BACKDROP))
    independent = np.minimum(1, _measure_frequency(shifted) / FULL)
    weight = colourful + (1 - colourful) * outline
    return np.asarray(distinct * (weight * independent) ** 2 * (1 + MORE * colourful), np.float32)


def _measure_second_ink(colour: Floats) -> Floats:
    """Return how much colour (N, E, E, 3) varies apart from how dark it is, unlike one ink's: (N,) of 0..1."""
    cells = colour.reshape(len(colour), -1, 3)
    luma = cells @ LUMA
    chroma = cells - luma[:, :, None]
    luma, chroma = luma - luma.mean(axis=1, keepdims=True), chroma - chroma.mean(axis=1, keepdims=True)
    slope = np.einsum("nk,nkc->nc", luma, chroma) / ((luma**2).sum(axis=1) + np.float32(1e-9))[:, None]
    rest = chroma - luma[:, :, None] * slope[:, None]
    return np.asarray(np.sqrt((rest**2).sum(axis=2).mean(axis=1)), np.float32)


def _find_backdrop(grey: Floats) -> Bools:
    """Return the cells of the commonest grey level or of one beside it, (N, G, G)."""
    count = len(grey)
    levels = np.clip(np.rint(grey.reshape(count, -1) / np.float32(LEVEL)), 0, 255).astype(np.int64)
    bins = np.bincount((levels + 1 + 258 * np.arange(count)[:, None]).ravel(), minlength=258 * count)
    bins = bins.reshape(count, 258)
    commonest = (bins[:, :-2] + bins[:, 1:-1] + bins[:, 2:]).argmax(axis=1)
    return np.asarray(np.abs(levels - commonest[:, None]) <= 1).reshape(grey.shape)


def _dilate(cells: Bools) -> Bools:
    """Return these cells and their eight neighbours each."""
    around = np.pad(cells, ((0, 0), (1, 1), (1, 1)))
    lines = around[:, :-2] | around[:, 1:-1] | around[:, 2:]
    return np.asarray(lines[:, :, :-2] | lines[:, :, 1:-1] | lines[:, :, 2:])


def _measure_frequency(shifted: list[Floats]) -> Floats:
    """Return the root mean square frequency of gradients, (N,) radians a cell: the Laplacian's energy over theirs."""
    up, left, middle, right, down = (shifted[place][:, 1:-1, 1:-1] for place in (1, 3, 4, 5, 7))
    bent = ((up + down + left + right - 4 * middle) ** 2).sum(axis=(1, 2))
    sloped = ((right - left) ** 2 + (down - up) ** 2).sum(axis=(1, 2)) / 4
    return np.asarray(np.sqrt(bent / (sloped + np.float32(1e-9))), np.float32)
