"""Bytes -> upright RGB -> the network's square. libjpeg-turbo for plain JPEGs, Pillow for everything else.

Both decoders give the same bits for the JPEGs they share (a test holds it), so a machine without ``simplejpeg``
answers like one that has it, only slower. Everything here is safe to call from many threads.
"""

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart_runtime.errors import DataError
from headstart_runtime.modalities.image.decoding import colour, jpeg
from headstart_runtime.modalities.image.decoding.camera import read_camera
from headstart_runtime.modalities.image.decoding.deep_colour import is_deep_colour
from headstart_runtime.modalities.image.decoding.depth import BitDepth, is_deep
from headstart_runtime.modalities.image.decoding.opening import decode_opened, open_image, shrink_jpeg
from headstart_runtime.modalities.image.decoding.photo import Header, Photo, Pixels
from headstart_runtime.modalities.image.decoding.pictures import choose_picture, describe_picture
from headstart_runtime.modalities.image.decoding.repair import make_memory_error, refuse_undecodable, repair
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.modalities.item import BrokenItem

__all__ = [
    "SUFFIXES",
    "Header",
    "Photo",
    "Pixels",
    "array_to_rgb",
    "crop_resize",
    "decode",
    "decode_image",
    "identify",
    "measure_depth",
]

SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .mpo .png .webp .bmp .gif .tif .tiff .avif .heic .heif .jp2 .ppm .pgm .pbm .tga".split()  # noqa: SIM905
)
#: Keys of Pillow's ``info`` under which an orientation may stand; a TIFF has it among its tags.
_MAY_TURN = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"})


def identify(data: bytes) -> Header:
    """Read a photo's header.

    Raises:
        BrokenItem: not a photo in a known format, or so large that decoding it could exhaust memory.
    """
    with open_image(data) as image:
        camera = read_camera(image.info, getattr(image, "tag_v2", None))
        deep = is_deep(image) or is_deep_colour(image, data)
        choice = choose_picture(data)
        picture = describe_picture(image, choice)
        may_turn = image.format == "TIFF" or not _MAY_TURN.isdisjoint(image.info)
        turn = colour.read_orientation(image) if may_turn else 1
        size = image.width, image.height
        return Header(image.format or "?", *size, image.mode, camera, deep, picture, turn, choice.pages)


def measure_depth(data: bytes) -> BitDepth | None:
    """Return the depth of a photo with more than 8 bits; None of others, and where it does not decode whole."""
    with suppress(Exception), open_image(data) as image:  # why it does not decode is said when it is decoded
        decode_opened(image)
        deep = colour.read_deep_values(image, data)
        return None if deep is None else deep.depth
    return None


def decode(data: bytes, spec: ImageSpec | None = None) -> Photo:
    """Decode a photo upright, in RGB; with a spec, JPEGs shrink while decoding as it allows.

    Args:
        data: the bytes of the file.
        spec: what the photo is decoded for; None decodes at full size.

    Raises:
        BrokenItem: nothing usable is in these bytes.
    """
    photo = _decode_plain_jpeg(data, spec) if data.startswith(jpeg.START) else None
    return _decode_with_pillow(data, spec) if photo is None else photo


def decode_image(image: Image.Image, spec: ImageSpec | None = None) -> Photo:
    """Turn an image of a caller's upright, in RGB, at its own size; the image stays as it is.

    Args:
        image: opened or made with Pillow.
        spec: what the photo is decoded for; None scales what has more than 8 bits by its own range.

    Raises:
        BrokenItem: it has no pixels, or they do not load.
    """
    if not (image.width and image.height):
        raise BrokenItem(f"an image of {image.width} x {image.height} pixels; leave it out")
    with refuse_undecodable(image):
        image.load()
        pixels, note = colour.to_upright_rgb(image, spec)
    return Photo(pixels, None, note)


def crop_resize(pixels: Pixels, spec: ImageSpec) -> Pixels:
    """Crop and resize an upright RGB photo to the network's square, (S, S, 3) uint8."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = spec.crop_box(height, width)
    if right - left == spec.size:
        return np.ascontiguousarray(pixels[top:bottom, left:right])
    filter_ = Image.Resampling[spec.interpolation.upper()]
    cropped = Image.fromarray(pixels[top:bottom, left:right])
    return np.asarray(cropped.resize((spec.size, spec.size), filter_))


def array_to_rgb(array: NDArray[np.generic]) -> Pixels:
    """Return an image array of a user's, (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) uint8, as (H, W, 3) RGB.

    Raises:
        DataError: another shape or type.
    """
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise DataError(
            f"an image array has shape {array.shape} and type {array.dtype}; wanted uint8 of shape (H, W), (H, W, 1), "
            f"(H, W, 3) or (H, W, 4) with values 0 to 255; {_explain_conversion(array)}"
        )
    if 0 in array.shape:
        raise DataError(f"an image array has shape {array.shape}, so no pixels; leave it out")
    if array.ndim == 3 and array.shape[2] == 3:
        return np.ascontiguousarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    return np.asarray(colour.image_to_rgb(Image.fromarray(array)))


def _explain_conversion(array: NDArray[Any]) -> str:
    """Return advice about an array of another type or shape."""
    if array.dtype == np.uint8:
        first = array.ndim == 3 and array.shape[0] in (1, 3, 4)
        return "channels are the last axis" + (": x.transpose(1, 2, 0)" if first else "")
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    if array.dtype == np.bool_ or (array.dtype.kind == "f" and finite.size and finite.min() >= 0 and finite.max() <= 1):
        return "scale and convert it, for example (x * 255).astype('uint8')"
    return (
        "scale and convert it by the least and largest value that any of them can have, not by each one's own: "
        "((x - least) / (largest - least) * 255).clip(0, 255).astype('uint8')"
    )


def _decode_plain_jpeg(data: bytes, spec: ImageSpec | None) -> Photo | None:
    """Decode on the fast path; None where Pillow has to look: segments out of order, an orientation, CMYK, damage."""
    layout = jpeg.read_jpeg_layout(data)
    if layout is None or (jpeg.may_turn(data, layout) and _is_turned(data)):
        return None
    return jpeg.decode_plain(data, layout, spec)


def _is_turned(data: bytes) -> bool:
    try:
        with open_image(data) as image:
            return colour.read_orientation(image) != 1
    except BrokenItem:
        return False


def _decode_with_pillow(data: bytes, spec: ImageSpec | None) -> Photo:
    with open_image(data) as image:
        try:
            shrink_jpeg(image, data, spec)
            picture = describe_picture(image, choose_picture(data))
            decode_opened(image)
            pixels, note = colour.to_upright_rgb(image, spec, data)
            return Photo(pixels, None, "; ".join(filter(None, (picture, note))))
        except BrokenItem:
            raise
        except MemoryError as error:
            raise make_memory_error(image) from error
        except Exception as error:  # noqa: BLE001 (Pillow's plugins raise what they like on damaged bytes)
            reason = str(error) or type(error).__name__
    return repair(data, spec, reason)
