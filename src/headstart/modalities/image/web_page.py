"""The page that answers photos in a visitor's browser: its files, some of which it shares with the service's page."""

import io
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from numpy.typing import NDArray
from PIL import Image, ImageDraw

from headstart_runtime.modalities.image.decode import array_to_rgb, decode, identify
from headstart_runtime.modalities.image.decoding.opening import JPEGS
from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.modalities.optional_facets import WebPage

_SHARED = ("answers.js", "intake.js", "page.css", "icon.svg")  #: of the service's page
_ICON = 512  #: edge in pixels: for home screens, which take no SVG
_READ = frozenset({"JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "AVIF"})  #: by every browser; Pillow's names
_TITLES = {"HEIF": "HEIC", "JPEG2000": "JPEG 2000"}
_MOST_PIXELS = 100_000_000  #: of pixels.js


class PhotoPage:
    """The files of the page and of ``headstart.js``."""

    tasks = frozenset({"classification", "multilabel", "ordinal", "regression"})

    def read_files(self) -> Mapping[str, bytes]:
        """Return the files by name."""
        own = files("headstart.modalities.image") / "web"
        found = {one.name: one.read_bytes() for one in own.iterdir() if one.is_file()}
        shared = files("headstart_runtime") / "service" / "page"
        found |= {name: (shared / name).read_bytes() for name in _SHARED}
        return found | {"icon.png": _draw_icon()}

    def encode_array(self, item: NDArray[Any]) -> bytes:
        """Return pixels, uint8 (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), as a PNG."""
        return _encode(Image.fromarray(array_to_rgb(item)))

    def name_unread(self, content: bytes) -> str | None:
        """Return the kind of a photo that browsers need not read: "TIFF", "damaged PNG"; None of the others."""
        try:
            header = identify(content)
            if header.width * header.height > _MOST_PIXELS:
                return f"{header.format} of more than {_MOST_PIXELS // 10**6} million pixels"
            if header.format not in _READ:
                return _TITLES.get(header.format, header.format)
            if header.format not in JPEGS and decode(content).repaired:
                return f"damaged {header.format}"
        except BrokenItem:
            pass
        return None


def _draw_icon() -> bytes:
    """Return icon.svg as a PNG."""
    icon = Image.new("RGBA", (_ICON, _ICON))
    draw, unit = ImageDraw.Draw(icon), _ICON / 32
    draw.rounded_rectangle((0, 0, _ICON, _ICON), 7 * unit, fill="#2457c5")
    for left, top, right, bottom in ((7, 5, 11, 27), (21, 5, 25, 27), (7, 14, 25, 18)):
        draw.rounded_rectangle((left * unit, top * unit, right * unit, bottom * unit), 2 * unit, fill="#ffffff")
    return _encode(icon)


def _encode(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


_CHECKED: WebPage = PhotoPage()  # mypy holds the class to the protocol
