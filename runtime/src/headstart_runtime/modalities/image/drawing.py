"""Pictures that headstart draws, marked inside, so that they are known wherever they are moved to."""

import io
from typing import Any

from PIL import Image, PngImagePlugin

from headstart_runtime.modalities.item import MARK


def save_picture(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return the bytes of a picture, with the mark in it.

    Args:
        image: the picture.
        kind: JPEG or PNG.
        **options: as Pillow takes them.
    """
    out = io.BytesIO()
    if kind == "PNG":
        note = PngImagePlugin.PngInfo()
        note.add_text("Software", MARK.decode())
        image.save(out, kind, pnginfo=note, **options)
    else:
        image.save(out, kind, comment=MARK, **options)
    return out.getvalue()
