"""The range of the values of arrays: of how many bits they are, where the values say it, and how they become 8 bits.

One rule for arrays in files, in memory and in the cells of tables. The least and largest value over the whole set
decide: of whole numbers up to 16, nearly black as 8 bits, nothing is guessed from one item.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.readers.arrays.array_labels import are_whole
from headstart.data.readers.arrays.stored_arrays import StoredArray, iter_chunks
from headstart_runtime.errors import DataError

BRIGHT = 128  #: that some whole number has to reach for 0 to 255 to be meant
BRIGHTEST = 250  #: that a fraction has to reach for that
LARGEST = 255  #: of 8 bits
#: The largest of whole numbers that says of which range they are: on and off, 4 bits, 17 shades (as the digits of
#: scikit-learn have them), 10, 12 and 16 bits.
DARK_STEPS = (1, 15, 16)
DEEP_STEPS = (1023, 4095, 65535)


@dataclass(frozen=True, slots=True)
class ValueRange:
    """The values of some arrays."""

    least: float
    largest: float
    whole: bool  #: whether all are whole numbers
    finite: bool = True  #: whether all are numbers
    type: str = ""  #: of the values, for a person; "uint8" is evidence of 8 bits

    @property
    def scale(self) -> float:
        """The factor by which values become 0 to 255; 0 where it is not clear, and of 8 bits 1."""
        if not self.finite or self.least < 0:
            return 0.0
        if self.whole and self.largest in (*DARK_STEPS, *DEEP_STEPS):
            return LARGEST / self.largest
        if self.type == "uint8" or (self.whole and BRIGHT <= self.largest <= LARGEST):
            return 1.0
        if not self.whole and 0.5 < self.largest <= 1:
            return float(LARGEST)
        return 1.0 if not self.whole and BRIGHTEST < self.largest <= LARGEST else 0.0

    @property
    def note(self) -> str:
        """The assumption about the values, for a person; "" where they are 8 bits by their type."""
        if not self.whole:
            if self.scale == 1:
                return "values up to 255 are rounded to 8 bits"
            return "values of 0 to 1 are multiplied by 255"
        if self.scale == 1:
            return "" if self.type == "uint8" else "whole numbers up to 255 are read as 8 bits"
        return f"whole numbers of 0 to {self.largest:.0f} are read as such, multiplied by 255 / {self.largest:.0f}"

    def describe(self) -> str:
        """Return what was seen, for a person."""
        if not self.finite:
            return f"values that are no numbers ({self.type})"
        kind = "whole numbers" if self.whole else "values"
        return f"{kind} of {self.least:g} to {self.largest:g}{f' ({self.type})' if self.type else ''}"

    def describe_doubt(self) -> str:
        """Return what was seen, why that is not clear, and what to do."""
        if not self.finite:
            return f"{self.describe()}; replace them, such as with numpy.nan_to_num(x), and save it anew"
        if self.least < 0:
            return (
                f"{self.describe()}; wanted 0 to 255: with the least and largest value that any can have, "
                "((x - least) * (255 / (largest - least))).round().astype('uint8')"
            )
        steps = ", ".join(map(str, DARK_STEPS))
        return (
            f"{self.describe()}, which do not say of which range they are; wanted 0 to 255, 0.0 to 1.0, or whole "
            f"numbers whose largest is {steps}, {', '.join(map(str, DEEP_STEPS[:-1]))} or {DEEP_STEPS[-1]}; with the "
            "largest value that any can have, (x * (255 / largest)).round().astype('uint8')"
        )


def measure_range(arrays: Iterable[tuple[StoredArray, int]], type_name: str) -> ValueRange:
    """Return the range of the values of all arrays of a set; of 8 bits no more is read than is needed.

    Args:
        arrays: each with the axis along which its items lie.
        type_name: of the values; "" where they have none, as the cells of a table.
    """
    least, largest, whole = math.inf, -math.inf, True
    for stored, axis in arrays:
        enough = LARGEST + 1 if stored.dtype != np.uint8 else DARK_STEPS[-1] if type_name else BRIGHT - 1
        for rows in iter_chunks(stored, axis):
            if not rows.size:
                continue
            low, high = float(rows.min()), float(rows.max())
            if not (math.isfinite(low) and math.isfinite(high)):
                return ValueRange(low, high, whole=False, finite=False, type=type_name)
            least, largest = min(least, low), max(largest, high)
            whole = whole and (rows.dtype.kind in "iub" or are_whole(rows))
            if stored.dtype == np.uint8 and largest > enough:
                return ValueRange(least, largest, whole=True, type=type_name)
    return ValueRange(least, largest, whole=whole, type=type_name)


def refuse_dark_bytes(name: str, array: NDArray[Any]) -> None:
    """Refuse an array in memory whose bytes are of fewer bits than 8: what is predicted later has to be scaled too.

    Raises:
        DataError: its largest value says so.
    """
    if array.dtype != np.uint8 or array.ndim < 2 or not array.size or (array.size > len(array) and _is_bright(array)):
        return
    largest = int(array.max())
    if largest in DARK_STEPS:
        raise DataError(
            f"{name} have whole numbers of 0 to {largest} (uint8), nearly black as 8 bits; wanted 0 to 255: give "
            f"(x * (255 / {largest})).round().astype('uint8'), to predict as well"
        )


def _is_bright(array: NDArray[Any]) -> bool:
    return int(array[0].max()) > DARK_STEPS[-1]
