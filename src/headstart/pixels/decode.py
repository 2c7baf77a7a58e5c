"""Bytes -> upright RGB -> the network's square. libjpeg-turbo for plain JPEGs, Pillow for everything else.

Both decoders give the same bits for the JPEGs they share (a test holds it), so a machine without ``simplejpeg``
answers like one that has it, only slower. Everything here is safe to call from many threads.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from headstart.errors import DataError
from headstart.pixels.camera import camera_of
from headstart.pixels.contract import PixelContract

try:
    import simplejpeg
except ImportError:  # the runtime needs NumPy, Pillow and ONNX Runtime, no more
    simplejpeg = None

MAX_PIXELS = 178_956_970  #: Pillow's own limit for a decompression bomb: twice its warning level
SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .mpo .png .webp .bmp .gif .tif .tiff .avif .heic .heif .jp2 .ppm .pgm .pbm .tga".split()  # noqa: SIM905
)
#: A truncated photo is used when at least this share of its rows decodes; what is missing stays grey.
USABLE_SHARE = 0.5

Pixels = NDArray[np.uint8]  #: (H, W, 3) RGB, upright


class BrokenPhoto(DataError):
    """A file that is not a photo, or no longer one. The message is the reason, without the file's name."""


class UnreadablePhoto(BrokenPhoto):
    """A photo that could not be read this time, for want of a file or of memory; nothing is known of what is in it."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a photo's first bytes say, without decoding it."""

    format: str  #: Pillow's name: "JPEG", "PNG", ...
    width: int  #: stored width, pixels, before EXIF orientation
    height: int  #: stored height, pixels
    mode: str  #: Pillow's mode: "RGB", "L", "P", "CMYK", "I;16", ...
    camera: str = ""  #: make and model, as EXIF says; "" where it says nothing


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photo."""

    pixels: Pixels
    repaired: str | None  #: what had to be mended in memory, or None


def identify(data: bytes) -> Header:
    """Reads a photo's header.

    Raises:
        BrokenPhoto: not a photo in a known format, or so large that decoding it could exhaust memory.
    """
    with _opened(data) as image:
        camera = camera_of(image.info, getattr(image, "tag_v2", None))
        return Header(image.format or "?", image.width, image.height, image.mode, camera)


def decode(data: bytes, contract: PixelContract | None = None) -> Photo:
    """Decodes a photo upright, in RGB; with a contract, JPEGs shrink while decoding as it allows.

    Args:
        data: the bytes of the file.
        contract: what the photo is decoded for; None decodes at full size.

    Raises:
        BrokenPhoto: nothing usable is in these bytes.
    """
    if simplejpeg is not None and data[:2] == b"\xff\xd8":
        photo = _decode_plain_jpeg(data, contract)
        if photo is not None:
            return photo
    return _decode_with_pillow(data, contract)


def prepare(pixels: Pixels, contract: PixelContract) -> Pixels:
    """Crops and resizes an upright RGB photo to the network's square: (S, S, 3) uint8."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = contract.crop_box(height, width)
    if right - left == contract.size:
        return np.ascontiguousarray(pixels[top:bottom, left:right])
    filter_ = Image.Resampling[contract.interpolation.upper()]
    cropped = Image.fromarray(pixels[top:bottom, left:right])
    return np.asarray(cropped.resize((contract.size, contract.size), filter_))


def to_rgb(array: NDArray[np.generic]) -> Pixels:
    """An image array of a user's, (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) uint8, as (H, W, 3) RGB.

    Raises:
        DataError: another shape or type.
    """
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise DataError(
            f"an image array has shape {array.shape} and type {array.dtype}; wanted uint8 of shape (H, W), (H, W, 1), "
            "(H, W, 3) or (H, W, 4) with values 0 to 255; scale and convert it, for example (x * 255).astype('uint8')"
        )
    if 0 in array.shape:
        raise DataError(f"an image array has shape {array.shape}, so no pixels; leave it out")
    if array.ndim == 3 and array.shape[2] == 3:
        return np.ascontiguousarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    return np.asarray(_to_rgb(Image.fromarray(array)))


def _decode_plain_jpeg(data: bytes, contract: PixelContract | None) -> Photo | None:
    """The fast path; None where Pillow has to look: CMYK, EXIF orientation, damage, or bytes that are no JPEG."""
    head = data[:65536]
    if (b"Exif\x00\x00" in head or b"tiff:Orientation" in head) and _orientation(data) != 1:  # Pillow reads both
        return None
    try:
        height, width, colour, _ = simplejpeg.decode_jpeg_header(data)
        if colour not in ("YCbCr", "RGB", "Gray", "GRAY") or height * width > MAX_PIXELS:
            return None
        factor = contract.shrink(height, width) if contract else 1
        if factor == 1:
            return Photo(simplejpeg.decode_jpeg(data), None)
        pixels = simplejpeg.decode_jpeg(
            data, min_height=-(-height // factor), min_width=-(-width // factor), min_factor=factor
        )
        return Photo(pixels, None)
    except ValueError:
        return None


def _orientation(data: bytes) -> int:
    try:
        with _opened(data) as image:
            return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 (damaged EXIF raises struct's errors, SyntaxError and more)
        return 1


def _decode_with_pillow(data: bytes, contract: PixelContract | None) -> Photo:
    with _opened(data) as image:
        try:
            if contract is not None and image.format in ("JPEG", "MPO"):
                factor = contract.shrink(image.height, image.width)
                image.draft(None, (image.width // factor, image.height // factor))
            with _truncation.refused():
                image.load()
            return Photo(_upright(image), None)
        except MemoryError as error:
            raise _too_large(image) from error
        except Exception as error:  # noqa: BLE001 (Pillow's plugins raise what they like on damaged bytes)
            reason = str(error) or type(error).__name__
    return _repair(data, reason)


def _repair(data: bytes, reason: str) -> Photo:
    """What can be decoded of a damaged photo, if that is enough of it."""
    with _opened(data) as image:
        try:
            with _truncation.accepted():
                image.load()
            pixels = _upright(image)
            share = _decoded_share(np.asarray(_to_rgb(image)), image.format or "")
        except MemoryError as error:
            raise _too_large(image) from error
        except Exception as error:
            raise BrokenPhoto(f"does not decode: {reason}") from error
    if share < USABLE_SHARE:
        raise BrokenPhoto(f"truncated: only {share:.0%} of its rows decode, {USABLE_SHARE:.0%} are wanted")
    return Photo(pixels, f"truncated: {share:.0%} of its rows decode")


def _too_large(image: Image.Image) -> UnreadablePhoto:
    return UnreadablePhoto(f"not enough memory to decode {image.width} x {image.height} pixels")


def _decoded_share(stored: Pixels, format_: str) -> float:
    """The share of rows above the filler that decoders leave under the last row they could read.

    JPEG's filler is mid-grey, the others' black; a plain bottom of another colour is part of the photo.
    """
    filler = stored[-1, -1].astype(int)
    if np.abs(filler - (128 if format_ in ("JPEG", "MPO") else 0)).max() > 1:
        return 1.0
    real = np.nonzero((stored != stored[-1, -1]).any(axis=(1, 2)))[0]
    return float(real[-1] + 1) / len(stored) if len(real) else 0.0


def _upright(image: Image.Image) -> Pixels:
    """RGB pixels of a loaded image, turned as EXIF says. A tag that cannot be read leaves it as it is."""
    try:
        turned = ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 (damaged EXIF is no reason to lose the photo)
        turned = image
    return np.ascontiguousarray(np.asarray(_to_rgb(turned)))


def _to_rgb(image: Image.Image) -> Image.Image:
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


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """A lazily opened Pillow image, with Pillow's many complaints as one error."""
    if not data:
        raise BrokenPhoto("zero bytes")
    try:
        image = Image.open(io.BytesIO(data), formats=_formats())
    except UnidentifiedImageError as error:
        raise BrokenPhoto("not an image in a known format") from error
    except Image.DecompressionBombError as error:
        raise BrokenPhoto(f"a decompression bomb: more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:
        raise BrokenPhoto(f"broken header: {error or type(error).__name__}") from error
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise BrokenPhoto(f"a decompression bomb: {image.width} x {image.height} pixels, more than {MAX_PIXELS:,}")
        yield image


@cache
def _formats() -> tuple[str, ...]:
    """What Pillow may read: photos only. Its other formats run programs (EPS), or take many a text file for theirs.

    Cached only once the photos of phones are registered too, so no thread sees the list before that.
    """
    photos = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA")
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return photos
    register_heif_opener()
    return (*photos, "HEIF")


class _TruncationSwitch:
    """Pillow's LOAD_TRUNCATED_IMAGES is one global for all threads: strict loads share it, a repair has it alone."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._strict = 0

    @contextmanager
    def refused(self) -> Iterator[None]:
        with self._condition:
            self._strict += 1
        try:
            yield
        finally:
            with self._condition:
                self._strict -= 1
                self._condition.notify_all()

    @contextmanager
    def accepted(self) -> Iterator[None]:
        with self._condition:
            self._condition.wait_for(lambda: self._strict == 0)
            before = ImageFile.LOAD_TRUNCATED_IMAGES
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            try:
                yield
            finally:
                ImageFile.LOAD_TRUNCATED_IMAGES = before


_truncation = _TruncationSwitch()
