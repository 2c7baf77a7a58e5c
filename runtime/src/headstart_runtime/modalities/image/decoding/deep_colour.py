"""Colour with 16 bits a channel, of which Pillow gives the higher 8: black where a camera stores 12 bits in 16.

The lower 8 are what it takes for the higher ones when it is told that the bytes lie the other way round.
"""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart_runtime.modalities.image.decoding.depth import COLOUR, Deep, measure_values
from headstart_runtime.modalities.image.decoding.opening import decode_opened, open_image

_SWAPPED = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}  # order of the bytes: big, little, own
_BITS, _PHOTOMETRIC, _PLANAR = 258, 262, 284  # tags of TIFF 6.0
_RGB = 2


def is_deep_colour(image: Image.Image, data: bytes) -> bool:
    """Return whether an opened PNG or TIFF has 16 bits in each of red, green and blue; grey with alpha has not."""
    if image.mode not in ("RGB", "RGBA"):
        return False
    if image.format == "PNG":
        return data[24:26] in (b"\x10\x02", b"\x10\x06")  # bit depth and colour type of the header
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS, ())
    whole = tags.get(_PHOTOMETRIC) == _RGB and tags.get(_PLANAR, 1) == 1
    return whole and isinstance(bits, tuple) and len(bits) >= 3 and set(bits) == {16}


def read_deep_colour(image: Image.Image, data: bytes) -> Deep:
    """Return the values of a loaded image, (H, W, 3) uint16, and their depth over all channels.

    Args:
        image: loaded; it has the higher bytes.
        data: the file's bytes, from which the lower ones are read.
    """
    high = np.asarray(image)[..., :3].astype(np.uint16)
    values = (high << 8) + _read_low_bytes(data)
    return Deep(values, None, measure_values(values, COLOUR))


def _read_low_bytes(data: bytes) -> NDArray[np.uint8]:
    with open_image(data) as image:
        tiles = []
        for tile in image.tile:
            args = tile.args if isinstance(tile.args, tuple) else (tile.args,)
            swapped = f"{args[0][:-1]}{_SWAPPED[args[0][-1]]}"
            tiles.append(tile._replace(args=(swapped, *args[1:]) if isinstance(tile.args, tuple) else swapped))
        image.tile = tiles
        decode_opened(image)
        return np.asarray(image)[..., :3]
