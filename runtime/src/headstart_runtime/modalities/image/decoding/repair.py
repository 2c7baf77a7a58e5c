"""Photos that are cut off or damaged: what can be decoded of them, if that is enough."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart_runtime.modalities.image.decoding.colour import to_upright_rgb
from headstart_runtime.modalities.image.decoding.opening import JPEGS, decode_opened, open_image, shrink_jpeg
from headstart_runtime.modalities.image.decoding.photo import Photo
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.modalities.item import BrokenItem, UnreadableItem

#: A truncated photo is used when at least this share of its rows decodes; what is missing stays grey.
USABLE_SHARE = 0.5

_UPWARDS = ("BMP", "TGA")  #: formats that may store the lowest row first


def repair(data: bytes, spec: ImageSpec | None, reason: str) -> Photo:
    """Decode a damaged photo as far as it goes; no other thread and no global switch has a part in it.

    Args:
        data: the bytes of the file.
        spec: what the photo is decoded for; None decodes at full size.
        reason: why it does not decode whole.

    Raises:
        BrokenItem: too little of it decodes.
    """
    with open_image(data) as image, refuse_undecodable(image, reason):
        shrink_jpeg(image, data, spec)
        decode_opened(image, damaged=True)
        pixels, note = to_upright_rgb(image, spec)
        share = _measure_decoded_share(image)
    if share < USABLE_SHARE:
        raise BrokenItem(f"truncated: only {share:.0%} of its rows decode, {USABLE_SHARE:.0%} are wanted")
    return Photo(pixels, f"truncated: {share:.0%} of its rows decode", note)


@contextmanager
def refuse_undecodable(image: Image.Image, reason: str = "") -> Iterator[None]:
    """Tell whatever goes wrong with an image inside as a broken photo.

    Args:
        image: that is decoded.
        reason: why it does not decode; "" for what the error says.

    Raises:
        BrokenItem: it does not decode, or does not fit into memory.
    """
    try:
        yield
    except BrokenItem:
        raise
    except MemoryError as error:
        raise make_memory_error(image) from error
    except Exception as error:
        raise BrokenItem(f"does not decode: {reason or str(error) or type(error).__name__}") from error


def make_memory_error(image: Image.Image) -> UnreadableItem:
    """Return the error of an image that did not fit into memory."""
    return UnreadableItem(f"not enough memory to decode {image.width} x {image.height} pixels")


def _measure_decoded_share(image: Image.Image) -> float:
    """Return the share of rows that are no filler, which decoders leave for the rows that they could not read.

    JPEG's filler is mid-grey; the others' is 0 in each channel as stored, whatever colour that becomes. A plain end of
    another value is part of the photo. It lies at the bottom, and at the top where rows are stored upwards.
    """
    stored = np.asarray(image).reshape(image.height, image.width, -1)
    filler = 128 if image.format in JPEGS else 0
    if image.format == "GIF" or image.info.get("interlace"):  # rows, in a PNG pixels, come in passes over the whole
        missing = (stored == filler).all(axis=2)
        return 1.0 - float((missing.all(axis=1) if image.format == "GIF" else missing).mean())
    if image.format in _UPWARDS and _is_filler(stored[0, 0], filler):
        stored = stored[::-1]
    if not _is_filler(stored[-1, -1], filler):
        return 1.0
    real = np.nonzero((stored != stored[-1, -1]).any(axis=(1, 2)))[0]
    return float(real[-1] + 1) / len(stored) if len(real) else 0.0


def _is_filler(pixel: NDArray[Any], filler: int) -> bool:
    return bool(np.abs(pixel.astype(float) - filler).max() <= 1)
