"""Overlay of a heat map on a photo."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Colours of heat 0, 1/4 ... 1, RGB: from dark blue over grey to yellow, as light as they are hot, so that they differ
#: for every kind of colour vision and in print. The path is that of Nunez et al. (2018, *Optimizing colormaps with
#: consideration for color vision deficiency*), drawn anew.
COLOURS = np.array([(0, 32, 96), (70, 78, 108), (124, 123, 120), (188, 174, 110), (255, 233, 69)], np.float32)
FAINTEST, STRONGEST = 0.35, 0.75  #: how much colour covers the photo where the heat is 0, and 1
GREYED = 0.6  #: how much of the photo's own colour is taken out, so that the heat's stands out


def paint_heat(
    photo: NDArray[np.uint8], values: NDArray[np.float32], box: tuple[int, int, int, int], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return a photo under its heat map; what the network did not see stays grey.

    Args:
        photo: upright, uint8 (H, W, 3), of any size.
        values: heat 0..1, (h, w).
        box: what it covers, (left, top, right, bottom), pixels of a photo of ``size``.
        size: (width, height).
    """
    height, width = photo.shape[:2]
    across, down = width / size[0], height / size[1]
    left, right = round(box[0] * across), max(round(box[2] * across), round(box[0] * across) + 1)
    top, bottom = round(box[1] * down), max(round(box[3] * down), round(box[1] * down) + 1)
    heat = np.clip(
        np.asarray(Image.fromarray(values).resize((right - left, bottom - top), Image.Resampling.BICUBIC)), 0, 1
    )[:, :, None]
    grey = photo @ np.array([0.299, 0.587, 0.114], np.float32)
    canvas = GREYED * grey[:, :, None] + (1 - GREYED) * photo
    cover = FAINTEST + (STRONGEST - FAINTEST) * heat
    seen = canvas[top:bottom, left:right]
    steps = np.linspace(0, 1, len(COLOURS))
    colour = np.concatenate([np.interp(heat, steps, COLOURS[:, channel]) for channel in range(3)], axis=2)
    canvas[top:bottom, left:right] = (1 - cover) * seen + cover * colour
    return np.asarray(np.rint(np.clip(canvas, 0, 255)), np.uint8)
