"""The directories of a TIFF, read without Pillow, which opens the first one whatever it is. Camera raws are TIFFs too.

Tags are those of TIFF 6.0, of its supplement for directories inside others (Adobe PageMaker 6.0 Technical Notes, 1) and
of DNG 1.7.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

RAW_KINDS = frozenset((32803, 34892))  #: photometric: colour filter array, linear raw
REDUCED, MASK = 1, 4  #: bits of NewSubfileType
MOST = 1000  #: directories that are looked at; more are damage, or pages like the first
_SEVERAL = 2  #: numbers of a tag that are read: the first is used, and whether it is alone

_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}
_SIZES = {1: "B", 3: "H", 4: "L", 13: "L"}
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _CHANNELS, _FORM = 254, 256, 257, 258, 259, 262, 277, 339
_STRIPS, _ORIENTATION, _STRIP_BYTES, _INNER, _JPEG, _JPEG_BYTES, _DNG = 273, 274, 279, 330, 513, 514, 50706
_KNOWN = frozenset((_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _CHANNELS, _FORM)) | {
    _STRIPS,
    _ORIENTATION,
    _STRIP_BYTES,
    _INNER,
    _JPEG,
    _JPEG_BYTES,
    _DNG,
}


@dataclass(frozen=True, slots=True)
class Directory:
    """A picture in a TIFF."""

    page: int | None  #: its number in the chain of pages, from 0; None inside another directory
    width: int  #: pixels; 0 where it says nothing
    height: int
    kind: int  #: NewSubfileType
    photometric: int  #: -1 where it says nothing
    orientation: int  #: 1 to 8
    stream: tuple[int, int] | None  #: offset and length of a JPEG in one piece
    is_dng: bool
    bits: int  #: of the first channel
    channels: int
    form: int  #: SampleFormat: 1 unsigned, 2 signed, 3 floating point

    @property
    def pixels(self) -> int:
        """The number of pixels."""
        return self.width * self.height

    @property
    def is_raw(self) -> bool:
        """Whether it holds what a sensor saw, no picture yet."""
        return self.photometric in RAW_KINDS


def read_directories(data: bytes) -> list[Directory]:
    """Return the pages of a TIFF in order, each followed by those inside it; as far as they can be read."""
    order = _ORDERS.get(data[:4])
    found: list[Directory] = []
    if order is None:
        return found
    try:
        (at,) = struct.unpack_from(f"{order}L", data, 4)
        seen, page = set(), 0
        while at and at not in seen and len(found) < MOST:
            seen.add(at)
            tags, after = _read_entries(data, at, order)
            found.append(_make_directory(data, tags, page))
            for inner in tags.get(_INNER, ()):
                if inner not in seen and len(found) < MOST:
                    seen.add(inner)
                    found.append(_make_directory(data, _read_entries(data, inner, order)[0], None))
            at, page = after, page + 1
    except struct.error:  # cut off; what came before counts
        pass
    return found


def _read_entries(data: bytes, at: int, order: str) -> tuple[dict[int, tuple[int, ...]], int]:
    """Return the first whole numbers of a directory by tag, and the offset of the next one."""
    (count,) = struct.unpack_from(f"{order}H", data, at)
    tags = dict(_read_numbers(data, at + 2, count, order))
    (after,) = struct.unpack_from(f"{order}L", data, at + 2 + 12 * count)
    return tags, after


def _read_numbers(data: bytes, at: int, count: int, order: str) -> Iterator[tuple[int, tuple[int, ...]]]:
    for place in range(at, at + 12 * count, 12):
        tag, kind, size = struct.unpack_from(f"{order}HHL", data, place)
        letter = _SIZES.get(kind)
        if tag not in _KNOWN or letter is None or size > len(data):
            continue
        whole = size * struct.calcsize(f"{order}{letter}")
        start = place + 8 if whole <= 4 else struct.unpack_from(f"{order}L", data, place + 8)[0]
        # A thousand directories may each tell of millions of strips, in a file of 4 MB.
        used = min(size, MOST if tag == _INNER else _SEVERAL)
        yield tag, struct.unpack_from(f"{order}{used}{letter}", data, start)


def _make_directory(data: bytes, tags: dict[int, tuple[int, ...]], page: int | None) -> Directory:
    def number(tag: int, otherwise: int = 0) -> int:
        return tags[tag][0] if tags.get(tag) else otherwise

    stream = None
    for starts, sizes in ((_JPEG, _JPEG_BYTES), (_STRIPS, _STRIP_BYTES)):
        start, size = number(starts), number(sizes)
        if len(tags.get(starts, ())) == 1 and size and data[start : start + 3] == b"\xff\xd8\xff":
            stream = (start, size)
            break
    return Directory(
        page,
        number(_WIDTH),
        number(_HEIGHT),
        number(_SUBFILE),
        number(_PHOTOMETRIC, -1),
        number(_ORIENTATION, 1),
        stream,
        _DNG in tags,
        number(_BITS, 1),
        number(_CHANNELS, 1),
        number(_FORM, 1),
    )
