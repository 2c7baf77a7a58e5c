"""A loaded image of any of Pillow's modes -> upright RGB pixels."""

import re

import numpy as np
from PIL import Image

from headstart.pixels.photo import Pixels

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


def orientation(image: Image.Image) -> int:
    """How an image is stored, 1 (upright) to 8: as Exif says, else as XMP does, in either kind of quotation marks.

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


def upright(image: Image.Image) -> Pixels:
    """RGB pixels of a loaded image, turned upright."""
    turn = _TURNS.get(orientation(image))
    return np.ascontiguousarray(np.asarray(to_rgb(image if turn is None else image.transpose(turn))))


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode to RGB: 16-bit scaled to 8, transparency laid on white."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _to_8_bits(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_8_bits(image: Image.Image) -> Image.Image:
    """16-bit and 32-bit grey to 8 bits. Integers use the range of 16 bits; floats their own."""
    values = np.asarray(image, dtype=np.float64)
    if image.mode == "F":
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        values = np.nan_to_num((values - low) / ((high - low) or 1.0) * 255)
    elif image.mode != "I" or values.max(initial=0) > 255:
        values = values / 257  # 65535 / 255: white stays white
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
