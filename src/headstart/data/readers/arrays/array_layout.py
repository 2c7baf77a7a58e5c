"""The arrangement of items in an array: rows first or last, channels first or last, flat, of whole numbers or 0 to 1.

Nothing is rearranged that a modality takes as it is. Else the usual forms are tried, the first that it takes is used,
and a note says so. Flat rows in three channels can be meant in two ways, of which that is taken in which neighbours are
clearly more alike.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.readers.arrays.array_labels import are_whole
from headstart.data.readers.arrays.stored_arrays import (
    COLUMNS,
    PLANES,
    PLANES_OF_COLUMNS,
    RowLayout,
    StoredArray,
    iter_chunks,
)
from headstart.errors import DataError
from headstart.modalities.given import accepts_rows
from headstart.modalities.modality import Modality

SMALLEST_SIDE = 4  #: of a square that a flat row is taken for
LOOK_AT = 64  #: rows whose neighbours are compared
CLEARLY = 1.3  #: times as different are neighbours in the wrong reading
BRIGHT = 128  #: that some whole number has to reach for 0 to 255 to be meant
CHANNELS = 3


@dataclass(frozen=True, slots=True)
class ChosenLayout:
    """A layout, and what was assumed, for a person."""

    layout: RowLayout
    notes: tuple[str, ...] = ()


def choose_layout(stored: StoredArray, axis: int, modality: Modality) -> ChosenLayout:
    """Return the way from the rows of an array to items of a modality.

    Args:
        stored: the array, with a row at least.
        axis: along which the items lie, 0 or -1.
        modality: of the items.

    Raises:
        DataError: no usual arrangement gives items, or two may be meant.
    """
    first = stored.read_rows(0, 1, axis)[0]
    notes: tuple[str, ...] = (f"{stored.name!r} has its items along the last axis",) if axis else ()
    found = None
    for layout, note in _iter_layouts(first.shape, axis, stored.flat_order):
        row = layout.arrange(first)
        plain = row if row.dtype == np.uint8 or row.dtype.kind not in "iufb" else np.zeros(row.shape, np.uint8)
        if _fits(modality, row) or _fits(modality, plain):
            found = (layout, note, _fits(modality, row))
            break
    if found is None:
        return ChosenLayout(RowLayout(axis), notes)  # the modality says what is wrong
    layout, note, as_it_is = found
    if len(layout.shape) == CHANNELS:
        layout, note = _choose_channel_order(stored, layout)
    notes += (f"{stored.name!r}: {note}",) if note else ()
    if as_it_is:
        return ChosenLayout(layout, notes)
    scale = _find_scale(stored, axis)
    if not scale:
        return ChosenLayout(layout, notes)
    said = "values of 0 to 1 are multiplied by 255" if scale > 1 else "whole numbers up to 255 are read as 8 bits"
    return ChosenLayout(replace(layout, scale=scale), (*notes, f"{stored.name!r}: {said}"))


def _iter_layouts(shape: tuple[int, ...], axis: int, flat_order: str) -> Iterator[tuple[RowLayout, str]]:
    """Yield the arrangements that rows of a shape may have, the plainest first, and what to say of each."""
    yield RowLayout(axis), ""
    if len(shape) == CHANNELS:
        yield RowLayout(axis, order=(1, 2, 0)), "its channels come first and are moved to the end"
    if len(shape) != 1:
        return
    (size,) = shape
    side = math.isqrt(size)
    if side * side == size and side >= SMALLEST_SIDE:
        order = (1, 0) if flat_order == COLUMNS else ()
        said = ", column by column" if flat_order == COLUMNS else ""
        yield RowLayout(axis, (side, side), order), f"rows of {size} values are read as {side} x {side}{said}"
    side = math.isqrt(size // CHANNELS)
    if CHANNELS * side * side == size and side >= SMALLEST_SIDE:
        yield RowLayout(axis, (side, side, CHANNELS)), ""


def _fits(modality: Modality, row: NDArray[Any]) -> bool:
    if not accepts_rows(modality, row[None]):
        return False
    try:
        modality.decode(row, modality.default_spec)
    except DataError:
        return False
    return True


def _choose_channel_order(stored: StoredArray, layout: RowLayout) -> tuple[RowLayout, str]:
    """Return how flat rows hold their channels: one after the other or side by side, as neighbours are more alike."""
    side, axis = layout.shape[0], layout.axis
    form = f"rows of {CHANNELS * side * side} values are read as {side} x {side} in {CHANNELS} channels"
    if stored.flat_order in (PLANES, PLANES_OF_COLUMNS):
        order = (1, 2, 0) if stored.flat_order == PLANES else (2, 1, 0)
        return RowLayout(axis, (CHANNELS, side, side), order), ""
    count = stored.shape[axis]
    places = sorted({int(place) for place in np.linspace(0, count - 1, min(count, LOOK_AT))})
    rows = np.stack([stored.read_rows(place, place + 1, axis)[0] for place in places]).astype(np.float64)
    after = _measure_roughness(rows.reshape(-1, CHANNELS, side, side), 2)
    beside = _measure_roughness(rows.reshape(-1, side, side, CHANNELS), 1)
    if after * CLEARLY < beside:
        return RowLayout(axis, (CHANNELS, side, side), (1, 2, 0)), f"{form}, one after the other"
    if beside * CLEARLY < after:
        return layout, f"{form}, side by side"
    raise DataError(
        f"{stored.name!r} has rows of {rows.shape[1]} values: {side} x {side} in {CHANNELS} channels, one after the "
        f"other or side by side, which the values do not tell; save it as x.reshape(-1, {CHANNELS}, {side}, {side})"
        f".transpose(0, 2, 3, 1), or as x.reshape(-1, {side}, {side}, {CHANNELS})"
    )


def _measure_roughness(values: NDArray[np.float64], axis: int) -> float:
    """Return the mean difference of neighbours along two axes, an axis and the one behind it."""
    return float(sum(np.abs(np.diff(values, axis=place)).mean() for place in (axis, axis + 1)))


def _find_scale(stored: StoredArray, axis: int) -> float:
    """Return by what values become 0 to 255: 1 for whole numbers up to that, 255 for 0 to 1, 0 if it is not clear."""
    if stored.dtype.kind not in "iuf":
        return 0.0
    least, largest, whole = math.inf, -math.inf, True
    for rows in iter_chunks(stored, axis):
        low, high = float(rows.min()), float(rows.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            return 0.0
        least, largest = min(least, low), max(largest, high)
        whole = whole and (rows.dtype.kind in "iu" or are_whole(rows))
        if least < 0 or largest > 255 or not (whole or largest <= 1):
            return 0.0
    if whole and largest >= BRIGHT:
        return 1.0
    return 255.0 if stored.dtype.kind == "f" and 0.5 < largest <= 1 else 0.0
