"""The elements of a MATLAB 5 file, looked over before SciPy reads them: of a damaged one its reader ends the process.

The format is that of "MAT-File Format" (The MathWorks): elements of a type, a length and that many bytes; those of type
``MATRIX`` hold further ones, those of type ``COMPRESSED`` one that is packed.
"""

import struct
import zlib
from pathlib import Path

HEADER = 128  #: bytes before the first element
MATRIX, COMPRESSED = 14, 15
KNOWN = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13, MATRIX, 16, 17, 18})
FLAGS, SIGNED, BYTES = 6, 5, 1  #: types of the first three parts of a matrix: its kind, its shape, its name
CLASSES, OPAQUE = range(1, 18), 17  #: kinds of arrays; that of an object of MATLAB's
DEPTH = 20  #: matrices in one another
LARGEST = 1 << 26  #: bytes of a packed element that are unpacked for this


def check_elements(file: Path) -> None:
    """Raise an error where a file of version 5 has elements of unknown types, or longer than the file.

    Raises:
        ValueError: it has.
        OSError: it cannot be read.
    """
    with file.open("rb") as opened:
        header = opened.read(HEADER)
        if len(header) < HEADER or header[126:128] not in (b"IM", b"MI"):
            return  # of another version
        order = "<" if header[126:128] == b"IM" else ">"
        size, place = file.stat().st_size, HEADER
        while place + 8 <= size:
            opened.seek(place)
            kind, length = struct.unpack(f"{order}II", opened.read(8))
            if kind not in (MATRIX, COMPRESSED) or place + 8 + length > size:
                raise ValueError(f"an element at byte {place} is of no known type, or longer than the file")
            packed = opened.read(min(length, LARGEST))
            if kind == MATRIX:
                _check_matrix(packed, order, length, 0)
            else:
                _check_packed(packed, order)
            place += 8 + length


def _check_packed(packed: bytes, order: str) -> None:
    try:
        content = zlib.decompressobj().decompress(packed, LARGEST)
    except zlib.error as error:
        raise ValueError(f"a packed element cannot be unpacked ({error})") from None
    if len(content) < 8:
        raise ValueError("a packed element is empty")
    kind, length = struct.unpack_from(f"{order}II", content)
    if kind != MATRIX:
        raise ValueError(f"a packed element holds type {kind}; wanted a matrix")
    _check_matrix(content[8:], order, length, 0)


def _check_matrix(content: bytes, order: str, length: int, depth: int) -> None:
    """Look over the parts of a matrix, as far as its bytes are at hand."""
    if depth > DEPTH:
        raise ValueError("its matrices lie in one another too deep")
    place = number = 0
    first: tuple[tuple[int, ...], ...] = ((FLAGS,), (SIGNED,), (BYTES,))
    while place + 8 <= min(length, len(content)):
        kind, size = struct.unpack_from(f"{order}II", content, place)
        start = place + 8
        if kind >> 16:  # up to four bytes stand in the tag itself
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
            end = place + 8
        else:
            end = start + -(-size // 8) * 8
        wanted = first[number] if number < len(first) else KNOWN
        if kind not in wanted or (start + size > length and size):
            raise ValueError(f"a matrix has a part of type {kind} with {size} bytes that cannot be one")
        if number == 0 and (size != 8 or content[start + (0 if order == "<" else 3)] not in CLASSES):
            raise ValueError("a matrix is of no known kind")
        if number == 0 and content[start + (0 if order == "<" else 3)] == OPAQUE:
            first = first[:1]  # it has names in place of a shape
        if kind == MATRIX:
            _check_matrix(content[start : start + size], order, size, depth + 1)
        place, number = end, number + 1
