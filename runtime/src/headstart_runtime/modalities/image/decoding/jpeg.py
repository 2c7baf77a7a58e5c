"""Plain JPEGs through libjpeg-turbo: their segments, and the fast decoder for those it decodes like Pillow."""

from dataclasses import dataclass

from headstart_runtime.modalities.image.decoding.photo import Photo
from headstart_runtime.modalities.image.spec import ImageSpec

try:
    import simplejpeg
except ImportError:  # the runtime needs NumPy, Pillow and ONNX Runtime, no more
    simplejpeg = None

START = b"\xff\xd8"  #: what a JPEG begins with
MAX_PIXELS = 178_956_970  #: of what is decoded: Pillow's limit for a decompression bomb, 537 MB of RGB
#: A JPEG that is read strip by strip may be as large as this where it is decoded small; the limit bounds the time.
MAX_STORED = 1_000_000_000

_SCAN = 0xDA
_FRAMES = frozenset((0xC0, 0xC1, 0xC2, 0xC5, 0xC6, 0xC9, 0xCA, 0xCD, 0xCE))  # without lossless ones, as in raws
_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
_TABLES = frozenset((0xC4, 0xCC, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)))  # Huffman ... restart, comment, APP0 to APP15


@dataclass(frozen=True, slots=True)
class JpegLayout:
    """The facts that stand before the first scan."""

    scan: int  #: offset of the first scan: all segments lie before it
    width: int  #: pixels, as stored
    height: int
    buffered: bool  #: progressive or with a scan for each channel: the coefficients of all pixels are held at once
    precision: int = 8  #: bits of a value


def read_jpeg_layout(data: bytes) -> JpegLayout | None:
    """Walk a JPEG's segments up to the first scan; None where one is not in plain order, so that Pillow has to look.

    Segments may be any number, each of up to 64 KB, and 0xFF may be repeated before a marker (ITU-T T.81, B.1.1.2).
    """
    at, frame = len(START), None
    while data[at : at + 1] == b"\xff":
        while data[at : at + 1] == b"\xff":
            at += 1
        marker, size = data[at] if at < len(data) else 0, int.from_bytes(data[at + 1 : at + 3])
        if size < 2 or at + 1 + size > len(data):
            return None
        if marker == _SCAN:
            return _read_frame(at - 1, frame, data[at + 3]) if frame is not None else None
        if marker in _FRAMES and size >= 8:
            frame = marker, data[at + 3 : at + 9]
        elif marker not in _TABLES:
            return None
        at += 1 + size
    return None


def _read_frame(scan: int, frame: tuple[int, bytes], in_scan: int) -> JpegLayout:
    """Read a frame's fields: precision, height (2), width (2), components."""
    marker, fields = frame
    height, width = int.from_bytes(fields[1:3]), int.from_bytes(fields[3:5])
    return JpegLayout(scan, width, height, marker in _PROGRESSIVE or in_scan < fields[5], fields[0])


def is_too_large(width: int, height: int, factor: int, *, buffered: bool) -> bool:
    """Return whether decoding a JPEG shrunk by a factor would take too much memory or time.

    Args:
        width: as stored, pixels.
        height: as stored, pixels.
        factor: 1, 2, 4 or 8.
        buffered: see ``JpegLayout``; then shrinking saves little.
    """
    stored = width * height
    return stored > MAX_STORED or (stored if buffered else stored // factor**2) > MAX_PIXELS


def may_turn(data: bytes, layout: JpegLayout) -> bool:
    """Return whether a segment may hold an orientation; Pillow reads it from Exif and from XMP, wherever they stand."""
    head = data[: layout.scan]
    return b"Exif\x00\x00" in head or b"tiff:Orientation" in head


def decode_plain(data: bytes, layout: JpegLayout, spec: ImageSpec | None) -> Photo | None:
    """Decode an upright JPEG; None where Pillow has to look: CMYK, damage, too large, or bytes that are no JPEG."""
    if simplejpeg is None:
        return None
    try:
        height, width, colour, _ = simplejpeg.decode_jpeg_header(data)
        factor = spec.shrink(height, width) if spec else 1
        if colour not in ("YCbCr", "RGB", "Gray", "GRAY") or is_too_large(
            width, height, factor, buffered=layout.buffered
        ):
            return None
        if factor == 1:
            return Photo(simplejpeg.decode_jpeg(data), None)
        pixels = simplejpeg.decode_jpeg(
            data, min_height=-(-height // factor), min_width=-(-width // factor), min_factor=factor
        )
        return Photo(pixels, None)
    except ValueError:
        return None
