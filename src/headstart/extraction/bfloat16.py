"""Conversion of float32 to the bits of bfloat16, in NumPy, which has no such type."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = np.array(0x7F7F7FFF, np.uint32).view(np.float32)[()]  # larger float32 numbers round to infinity
CHUNK = 2**16  # numbers rounded at once: their scratch memory stays in the L2 cache


def to_bfloat16_bits(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return the bits of the bfloat16 number nearest to each finite number, ties to even; the same shape."""
    whole = np.ascontiguousarray(values).view(np.uint32).reshape(-1)
    bits = np.empty(whole.size, np.uint16)
    scratch = np.empty(min(CHUNK, whole.size), np.uint32)
    for first in range(0, whole.size, CHUNK):
        chunk = whole[first : first + CHUNK]
        nearest = scratch[: chunk.size]
        np.right_shift(chunk, 16, out=nearest)
        np.bitwise_and(nearest, 1, out=nearest)
        np.add(nearest, 0x7FFF, out=nearest)
        np.add(nearest, chunk, out=nearest)
        np.right_shift(nearest, 16, out=nearest)
        bits[first : first + CHUNK] = nearest
    return bits.reshape(values.shape)


def all_finite(values: NDArray[Any]) -> bool:
    """Return whether all numbers, float32 or the bits of bfloat16, are finite in bfloat16."""
    if not values.size:
        return True
    if values.dtype == np.uint16:
        return bool((values & 0x7FFF).max() < 0x7F80)
    return bool(values.max() <= LARGEST and values.min() >= -LARGEST)  # False for NaN
