"""The index of cached activations: blocks of keys, one for each commit.

A block is its first row's place, its count of keys, a CRC-32, and as many keys of 22 bytes, each with a row of its own.
Where a key may have several rows, as a text has one for each token, their number follows it in 4 bytes. A block is
written when its rows are on disk; one that is torn, or that tells of rows which are not there, ends what is read.
"""

import struct
import zlib
from collections.abc import Sequence

KEY_BYTES = 22  # 20 of the sample's digest, 2 of the view's number
COUNT_BYTES = 4  # of the number of rows that a key has, where that is not 1
HEADER = struct.Struct("<QII")  # place of the first row, keys, CRC-32 of these two and the keys


def parse_keys(content: bytes, first: int, rows: int, *, ragged: bool = False) -> tuple[list[tuple[bytes, int]], int]:
    """Return the keys of an index, or of its end, each with its number of rows, and the bytes that they take.

    A torn block and all behind it is left.

    Args:
        content: of the index from a block on.
        first: place of that block's first row.
        rows: rows in the file of values.
        ragged: whether a key may have several rows.
    """
    keys: list[tuple[bytes, int]] = []
    start, entry = 0, KEY_BYTES + COUNT_BYTES * ragged
    while (begin := start + HEADER.size) <= len(content):
        place, count, check = HEADER.unpack_from(content, start)
        end = begin + count * entry
        if not count or place != first or end > len(content):
            break
        if check != _compute_crc(place, count, content[begin:end]):
            break
        own = [
            (
                content[at : at + KEY_BYTES],
                int.from_bytes(content[at + KEY_BYTES : at + entry], "little") if ragged else 1,
            )
            for at in range(begin, end, entry)
        ]
        first += sum(number for _, number in own)
        if first > rows:
            break
        keys += own
        start = end
    return keys, start


def pack_block(first: int, keys: Sequence[tuple[bytes, int]], *, ragged: bool) -> bytes:
    """Return a block of an index.

    Args:
        first: place of its first row.
        keys: each with the number of its rows, in their order.
        ragged: whether a key may have several.
    """
    packed = b"".join(key + count.to_bytes(COUNT_BYTES, "little") if ragged else key for key, count in keys)
    return HEADER.pack(first, len(keys), _compute_crc(first, len(keys), packed)) + packed


def _compute_crc(first: int, count: int, packed: bytes) -> int:
    return zlib.crc32(packed, zlib.crc32(struct.pack("<QI", first, count)))
