"""A loaded image of any of Pillow's modes -> upright RGB pixels."""

import re

import numpy as np
from PIL import Image

from headstart_runtime.modalities.image.decoding import depth
from headstart_runtime.modalities.image.decoding.deep_colour import is_deep_colour, read_deep_colour
from headstart_runtime.modalities.image.decoding.photo import Pixels
from headstart_runtime.modalities.image.spec import ImageSpec

ORIENTATION = 0x0112  #: the tag of EXIF 2.32, section 4.6.4
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_IN_XMP = re.compile(rb"""tiff:Orientation\s*(?:=\s*["']|>)\s*([1-8])""")
_XMP_COUNTS = ("JPEG", "MPO", "PNG", "WEBP")  # the other plugins turn the photo themselves


def read_orientation(image: Image.Image) -> int:
    """Return how an image is stored, 1 (upright) to 8: as Exif says, else as XMP does.

    What cannot be read counts as upright: damaged EXIF is no reason to lose the photo.
    """
    try:
        said = image.getexif().get(ORIENTATION)
        if said is None and image.format in _XMP_COUNTS:
            xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
            found = _IN_XMP.search(xmp if isinstance(xmp, bytes) else xmp.encode())
            said = found[1] if found else None
        return int(said) if said is not None else 1
    except Exception:  # noqa: BLE001 (damaged EXIF raises struct's errors, SyntaxError and more)
        return 1


def to_upright_rgb(image: Image.Image, spec: ImageSpec | None = None, data: bytes | None = None) -> tuple[Pixels, str]:
    """Return RGB pixels of a loaded image, turned upright, and what was done with it where it has more than 8 bits.

    Args:
        image: loaded.
        spec: has the ranges of the training photos; without one a photo's own range counts.
        data: the file's bytes, for colour with more than 8 bits; without them the higher 8 count.

    Raises:
        BrokenItem: no pixel has a value.
    """
    turn, note = _TURNS.get(read_orientation(image)), ""
    deep = read_deep_values(image, data)
    if deep is not None:
        ranges = spec.grey if spec is not None else ()
        scaled, scaled_by = depth.scale_to_8_bits(deep, ranges)
        whose = "the training photos'" if scaled_by in ranges else "its own"
        note = depth.describe_scaling(deep.depth, scaled_by, whose)
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        image = Image.fromarray(scaled)
        if alpha is not None:
            image.putalpha(alpha)
    turned = image if turn is None else image.transpose(turn)
    return np.ascontiguousarray(np.asarray(image_to_rgb(turned))), note


def read_deep_values(image: Image.Image, data: bytes | None) -> depth.Deep | None:
    """Return the values of a loaded image with more than 8 bits; None of others."""
    if depth.is_deep(image):
        return depth.read_deep(image)
    return read_deep_colour(image, data) if data is not None and is_deep_colour(image, data) else None


def image_to_rgb(image: Image.Image) -> Image.Image:
    """Convert any Pillow mode of 8 bits to RGB, transparency laid on white."""
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
