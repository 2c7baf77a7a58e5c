"""CRC-32C (Castagnoli) in NumPy: pieces of the data are summed side by side, then joined.

A sum is linear over GF(2): that of two pieces is the first one's, moved on over as many zeros as the second has bytes,
with the second one's added (M. Adler's ``crc32_combine`` in zlib; G. Castagnoli et al., *Optimization of cyclic
redundancy-check codes with 24 and 32 parity bits*, 1993).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

_POLYNOMIAL = 0x82F63B78  #: with its bits reversed
_PIECE = 32  #: bytes of a piece
_SHORT = 256  #: bytes that are summed one after the other
_MASK = 0xA282EAD8


def compute_masked_crc32c(data: bytes) -> int:
    """Return the CRC-32C of some bytes, turned and moved as records of TensorFlow have it."""
    crc = compute_crc32c(data)
    return (((crc >> 15) | (crc << 17)) + _MASK) & 0xFFFFFFFF


def compute_crc32c(data: bytes) -> int:
    """Return the CRC-32C of some bytes."""
    if len(data) < _SHORT:
        table, crc = _list_table(), 0xFFFFFFFF
        for byte in data:
            crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
        return crc ^ 0xFFFFFFFF
    pieces = 1 << (-(-len(data) // _PIECE) - 1).bit_length()
    padded = np.zeros(pieces * _PIECE, np.uint8)  # zeros in front change nothing where the sum begins with zero ...
    padded[-len(data) :] = np.frombuffer(data, np.uint8)
    padded[padded.size - len(data) :][:4] ^= 255  # ... and this is the same as to begin with ones
    words = padded.view("<u4").reshape(pieces, _PIECE // 4).astype(np.uint32)
    low, high = _make_word_tables()
    sums = np.zeros(pieces, np.uint32)
    for column in range(words.shape[1]):
        sums ^= words[:, column]
        sums = low[sums & 0xFFFF] ^ high[sums >> 16]
    level = 0
    while len(sums) > 1:
        sums = _apply(_make_shift(level), sums[0::2]) ^ sums[1::2]
        level += 1
    return int(sums[0]) ^ 0xFFFFFFFF


@cache
def _make_table() -> Words:
    """Return the sum of each byte alone, (256,)."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table


@cache
def _list_table() -> list[int]:
    values: list[int] = _make_table().tolist()
    return values


@cache
def _make_word_tables() -> tuple[Words, Words]:
    """Return the sums of the lower and the higher two bytes of a word, (65,536,) each."""
    table = _make_table()
    moved = [table]
    for _ in range(3):
        moved.append(table[moved[-1] & 255] ^ (moved[-1] >> 8))
    pairs = np.arange(1 << 16)
    return moved[3][pairs & 255] ^ moved[2][pairs >> 8], moved[1][pairs & 255] ^ moved[0][pairs >> 8]


@cache
def _make_shift(level: int) -> Words:
    """Return what moves a sum on over ``_PIECE * 2**level`` zeros: for each of its four bytes a table, (4, 256)."""
    basis = np.uint32(1) << np.arange(32, dtype=np.uint32)
    if level:
        before = _make_shift(level - 1)
        moved = _apply(before, _apply(before, basis))
    else:
        table, moved = _make_table(), basis
        for _ in range(_PIECE):
            moved = table[moved & 255] ^ (moved >> 8)
    tables = np.zeros((4, 256), np.uint32)
    for place in range(4):
        for bit in range(8):
            has = (np.arange(256) >> bit & 1).astype(bool)
            tables[place, has] ^= moved[8 * place + bit]
    return tables


def _apply(tables: Words, sums: Words) -> Words:
    first, second = tables[0][sums & 255], tables[1][(sums >> 8) & 255]
    moved: Words = first ^ second ^ tables[2][(sums >> 16) & 255] ^ tables[3][sums >> 24]
    return moved
