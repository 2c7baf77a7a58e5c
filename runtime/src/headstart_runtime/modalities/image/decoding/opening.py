"""Pillow without its global switches: files opened and guarded, pixels loaded strictly or as far as they go.

Pillow keeps three switches for a whole process: what counts as a decompression bomb, whether it warns of one, and
whether truncated files load. They belong to whoever wrote the program, so nothing here sets or obeys them, and threads
with other wishes never wait for each other.
"""

import importlib
import io
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from types import FunctionType, new_class
from typing import Any, cast

from PIL import ExifTags, Image, ImageFile, Jpeg2KImagePlugin, JpegImagePlugin, PngImagePlugin

from headstart_runtime.modalities.image.decoding.jpeg import MAX_PIXELS, MAX_STORED, is_too_large, read_jpeg_layout
from headstart_runtime.modalities.image.decoding.pictures import choose_picture
from headstart_runtime.modalities.image.decoding.refusals import explain_unknown
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.modalities.item import BrokenItem

JPEGS = ("JPEG", "MPO")  #: Pillow's names for files that shrink while they are decoded

_PLUGINS = {
    "JPEG": "Jpeg",
    "PNG": "Png",
    "WEBP": "WebP",
    "GIF": "Gif",
    "BMP": "Bmp",
    "TIFF": "Tiff",
    "AVIF": "Avif",
    "JPEG2000": "Jpeg2K",
    "PPM": "Ppm",
    "TGA": "Tga",
}

#: Pixels of a JPEG 2000 that are decoded: OpenJPEG holds each channel in 32 bits beside the photo itself.
MAX_JPEG2000 = MAX_PIXELS // 3


@contextmanager
def open_image(data: bytes) -> Iterator[ImageFile.ImageFile]:
    """Open an image with Pillow, lazily, with Pillow's many complaints as one error.

    Raises:
        BrokenItem: not a photo in a known format, a camera raw of which only a preview could be read, or so large that
            no way of decoding it is allowed.
    """
    if not data:
        raise BrokenItem("zero bytes")
    choice = choose_picture(data)
    try:
        image = _open_unchecked(data if choice.stream is None else choice.stream)
        if image is not None and choice.page:
            image.seek(choice.page)
    except BrokenItem:
        raise
    except Image.DecompressionBombError as error:
        raise BrokenItem(f"too large: {error}; save it smaller") from error
    except Exception as error:
        raise BrokenItem(f"broken header: {error or type(error).__name__}") from error
    if image is None:
        raise BrokenItem(explain_unknown(data))
    with image:
        guard(image, data, factor=8)
        if choice.orientation != 1:
            with suppress(Exception):  # damaged EXIF
                image.getexif().setdefault(ExifTags.Base.Orientation, choice.orientation)
        yield image


def guard(image: Image.Image, data: bytes, *, factor: int) -> None:
    """Refuse an image of which too much would be decoded.

    Args:
        image: opened from ``data``.
        data: the file's bytes.
        factor: by how much it shrinks while it is decoded, if it is a JPEG; others are always decoded whole.

    Raises:
        BrokenItem: it is too large; the message says what can be done.
    """
    size = f"{image.width} x {image.height} pixels"
    if image.format not in JPEGS:
        most = MAX_JPEG2000 if image.format == "JPEG2000" else MAX_PIXELS
        if image.width * image.height > most:
            raise BrokenItem(
                f"too large: {size}, more than {most:,}; save it smaller, or as a JPEG, which is decoded small"
            )
        return
    layout = read_jpeg_layout(data)
    buffered = layout is None or layout.buffered
    if is_too_large(image.width, image.height, factor, buffered=buffered):
        most, kind = (MAX_PIXELS, "a progressive JPEG of ") if buffered else (MAX_STORED, "")
        if not buffered and image.width * image.height <= MAX_STORED:
            raise BrokenItem(f"too large to be decoded at full size: {size}, more than {MAX_PIXELS:,}; save it smaller")
        advice = "save it smaller, or not progressive" if buffered else "save it smaller"
        raise BrokenItem(f"too large: {kind}{size}, more than {most:,}; {advice}")


def shrink_jpeg(image: ImageFile.ImageFile, data: bytes, spec: ImageSpec | None) -> None:
    """Let a JPEG shrink while it is decoded, as far as a spec allows; then refuse what is still too large.

    Raises:
        BrokenItem: see ``guard``.
    """
    factor = spec.shrink(image.height, image.width) if spec is not None and image.format in JPEGS else 1
    guard(image, data, factor=factor)
    if factor > 1:
        image.draft(None, (image.width // factor, image.height // factor))


def decode_opened(image: ImageFile.ImageFile, *, damaged: bool = False) -> None:
    """Decode an opened image.

    Args:
        image: changed in place.
        damaged: decode as far as the data go and keep what there is; else what is damaged or cut off is an error.

    Raises:
        Exception: whatever Pillow's plugin raises on damaged bytes.
    """
    image.__class__ = _make_loading_class(type(image), damaged)
    image.load()


def _open_unchecked(data: bytes) -> ImageFile.ImageFile | None:
    """Return what ``Image.open`` does, without its check for bombs, which obeys and warns by a global switch."""
    for factory, accept in _list_factories():
        said = accept(data[:16]) if accept is not None else True
        if isinstance(said, str):  # this Pillow was built without what the format needs
            raise BrokenItem(f"not read on this machine: {said}")
        if said:
            with suppress(SyntaxError, IndexError, TypeError, struct.error):  # "not mine", says a plugin
                return factory(io.BytesIO(data), "")
    return None


Factory = Callable[[io.BytesIO, str], ImageFile.ImageFile]


@cache
def _list_factories() -> tuple[tuple[Factory, Callable[[bytes], Any] | None], ...]:
    """List what Pillow may read: photos only. Its other formats run programs (EPS), or take many a text for theirs.

    Cached only once the photos of phones are registered too, so no thread sees the list before that.
    """
    for plugin in _PLUGINS.values():
        importlib.import_module(f"PIL.{plugin}ImagePlugin")
    names = tuple(_PLUGINS)
    with suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()
        names = (*names, "HEIF")
    return tuple(Image.OPEN[name] for name in names if name in Image.OPEN)


def _load_with(switch: bool) -> Callable[[ImageFile.ImageFile], Any]:
    """Return Pillow's own ``ImageFile.load``, with a LOAD_TRUNCATED_IMAGES that is not the process's."""
    own = ImageFile.ImageFile.load
    names = {**vars(ImageFile), "LOAD_TRUNCATED_IMAGES": switch}
    return FunctionType(own.__code__, names, own.__name__, own.__defaults__, own.__closure__)


class _Whole(ImageFile.ImageFile):
    load = _load_with(False)


class _Damaged(ImageFile.ImageFile):
    load = _load_with(True)


class _WholeJpeg(JpegImagePlugin.JpegImageFile):
    def load_read(self, read_bytes: int) -> bytes:
        assert self.fp is not None
        return self.fp.read(read_bytes)


class _DamagedJpeg(JpegImagePlugin.JpegImageFile):
    _filled = False

    def load_read(self, read_bytes: int) -> bytes:
        assert self.fp is not None
        if (read := self.fp.read(read_bytes)) or self._filled:
            return read
        self._filled = True
        return b"\xff\xd9"  # the end: libjpeg fills what is missing with grey


class _DamagedPng(PngImagePlugin.PngImageFile):
    def load_read(self, read_bytes: int) -> bytes:
        try:
            return super().load_read(read_bytes)
        except SyntaxError:  # a chunk that is none
            return b""

    def load_end(self) -> None:
        with suppress(Exception):  # texts and the like behind the pixels; those are decoded
            super().load_end()


@cache
def _make_loading_class(kind: type[ImageFile.ImageFile], damaged: bool) -> type[ImageFile.ImageFile]:
    """Return a plugin's class whose ``load``, also where it is called through ``super()``, is one of the two above."""
    base = _Damaged if damaged else _Whole
    if issubclass(kind, JpegImagePlugin.JpegImageFile):
        bases: tuple[type, ...] = (_DamagedJpeg if damaged else _WholeJpeg, kind, base)
    elif issubclass(kind, PngImagePlugin.PngImageFile):
        bases = (_DamagedPng, kind, base) if damaged else (kind, base)
    elif issubclass(kind, Jpeg2KImagePlugin.Jpeg2KImageFile):
        bases = (base, kind)  # its own ``load`` calls ``ImageFile.load`` by name, and does nothing else for us
    else:
        bases = (kind, base)
    return cast("type[ImageFile.ImageFile]", new_class(kind.__name__, bases))
