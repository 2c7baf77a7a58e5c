"""The results of decoding: a photo, and the facts in its first bytes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  #: (H, W, 3) RGB, upright


@dataclass(frozen=True, slots=True)
class Header:
    """The facts in a photo's first bytes, without decoding it."""

    format: str  #: Pillow's name: "JPEG", "PNG", ...
    width: int  #: stored width, pixels, before EXIF orientation
    height: int  #: stored height, pixels
    mode: str  #: Pillow's mode: "RGB", "L", "P", "CMYK", "I;16", ...
    camera: str = ""  #: make and model, as EXIF says; "" where it says nothing
    deep: bool = False  #: more than 8 bits
    note: str = ""  #: which picture of a file of several it is
    orientation: int = 1  #: 1 (upright) to 8, as Exif numbers them
    pages: int = 1  #: of a TIFF, without thumbnails and masks of its first


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photo."""

    pixels: Pixels
    repaired: str | None  #: what had to be mended in memory, or None
    note: str = ""  #: what was done with it that is not done with every photo, such as by what range it was scaled
