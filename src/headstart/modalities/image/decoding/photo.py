"""The results of decoding: a photo, the facts in its first bytes, and the errors of files that are none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.errors import DataError

Pixels = NDArray[np.uint8]  #: (H, W, 3) RGB, upright


class BrokenPhoto(DataError):
    """A file that is not a photo, or no longer one. The message is the reason, without the file's name."""


class UnreadablePhoto(BrokenPhoto):
    """A photo that could not be read this time, for want of a file or of memory; nothing is known of what is in it."""


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


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photo."""

    pixels: Pixels
    repaired: str | None  #: what had to be mended in memory, or None
    note: str = ""  #: what was done with it that is not done with every photo, such as by what range it was scaled
