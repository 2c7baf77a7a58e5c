"""The elements of a MATLAB 5 file, looked over before SciPy reads them: of a damaged one its reader ends the process.

The format is that of "MAT-File Format" (The MathWorks): elements of a type, a length and that many bytes; those of type
``MATRIX`` hold further ones, those of type ``COMPRESSED`` one that is packed.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

HEADER = 128  #: bytes before the first element
MATRIX, COMPRESSED = 14, 15
KNOWN = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13, MATRIX, 16, 17, 18})
FLAGS, SIGNED, BYTES = 6, 5, 1  #: types of the first three parts of a matrix: its kind, its shape, its name
NUMBERS = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13})  #: types of a part with numbers
TEXTS = NUMBERS | {16, 17, 18}  #: of one with characters
CLASSES, NUMERIC = range(1, 18), range(6, 16)  #: kinds of arrays; those of numbers
STRUCT, OBJECT, CHARACTERS, SPARSE, OPAQUE = 2, 3, 4, 5, 17
HEAD = tuple(frozenset({kind}) for kind in (FLAGS, SIGNED, BYTES))
COMPLEX = 0x800  #: the flag of an array with a second part of numbers
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
        if len(header) < HEADER or 0 in header[:4]:
            return  # of version 4, or too short for SciPy too
        if header[126:128] not in (b"IM", b"MI"):
            raise ValueError("its header does not say the order of bytes")  # SciPy would take one
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
    if depth and not length:
        return  # an empty one
    parts = list(_iter_parts(content, order, length))
    if not parts or parts[0][0] != FLAGS or parts[0][2] != 8:
        raise ValueError("a matrix does not begin with its kind")
    (flags,) = struct.unpack_from(f"{order}I", content, parts[0][1])
    if flags & 0xFF not in CLASSES:
        raise ValueError("a matrix is of no known kind")
    kinds = [kind for kind, _, _ in parts]
    _check_kinds(kinds, flags & 0xFF, bool(flags & COMPLEX), whole=len(content) >= length)
    for kind, start, size in parts:
        if kind == MATRIX:
            _check_matrix(content[start : start + size], order, size, depth + 1)


def _iter_parts(content: bytes, order: str, length: int) -> Iterator[tuple[int, int, int]]:
    """Yield type, offset and size of each part of a matrix."""
    place = 0
    while place + 8 <= min(length, len(content)):
        kind, size = struct.unpack_from(f"{order}II", content, place)
        start = place + 8
        if kind >> 16:  # up to four bytes stand in the tag itself
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
            place += 8
        else:
            place = start + -(-size // 8) * 8
        if kind not in KNOWN or (start + size > length and size):
            raise ValueError(f"a matrix has a part of type {kind} with {size} bytes that cannot be one")
        yield kind, start, size


def _check_kinds(kinds: list[int], flavour: int, is_complex: bool, *, whole: bool) -> None:
    """Raise an error where the types of a matrix's parts are not those of its kind, or too few, if all are at hand."""
    head = HEAD[:1] if flavour == OPAQUE else HEAD
    if flavour in NUMERIC or flavour == CHARACTERS:
        wanted = [*head, *[NUMBERS if flavour in NUMERIC else TEXTS] * (1 + is_complex)]
    elif flavour == SPARSE:
        wanted = [*head, *[NUMBERS] * (3 + is_complex)]
    elif flavour in (STRUCT, OBJECT):
        wanted = [*head, *(HEAD[2:] if flavour == OBJECT else ()), *HEAD[1:]]
    else:
        wanted = [*head]
    for number, kind in enumerate(kinds):
        rest = KNOWN if flavour == OPAQUE else {MATRIX}
        if kind not in (wanted[number] if number < len(wanted) else rest):
            raise ValueError(f"part {number + 1} of a matrix of kind {flavour} is of type {kind}")
    if whole and len(kinds) < len(wanted):
        raise ValueError(f"a matrix of kind {flavour} has {len(kinds)} parts; wanted {len(wanted)}")
