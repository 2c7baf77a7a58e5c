"""The arrangement of items in an array: rows first or last, channels first or last, flat, of whole numbers or 0 to 1.

Nothing is rearranged that a modality takes as it is. Else the usual forms are tried, the first that it takes is used,
and a note says so. Flat rows in three channels can be meant in two ways, of which that is taken in which neighbours are
clearly more alike.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.readers.arrays.stored_arrays import (
    COLUMNS,
    PLANES,
    PLANES_OF_COLUMNS,
    RowLayout,
    StoredArray,
)
from headstart.data.readers.arrays.value_range import DARK_STEPS, LARGEST, measure_range
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.given import accepts_rows
from headstart_runtime.modalities.modality import Modality

SMALLEST_SIDE = 4  #: of a square that a flat row is taken for
LOOK_AT = 64  #: rows whose neighbours are compared
CLEARLY = 1.3  #: times as different are neighbours in the wrong reading
CHANNELS = 3


@dataclass(frozen=True, slots=True)
class ChosenLayout:
    """A layout, and what was assumed, for a person."""

    layout: RowLayout
    notes: tuple[str, ...] = ()
    wants_bytes: bool = False  #: whether the modality takes such rows as 8 bits only, so that others are scaled


def choose_layouts(
    arrays: Sequence[tuple[StoredArray, int]], modality: Modality, *, typed: bool = True, labelled: bool = True
) -> list[ChosenLayout]:
    """Return the way from the rows of each array of a set to items of a modality; all are scaled alike.

    Args:
        arrays: each with the axis along which its items lie, and a row at least.
        modality: of the items.
        typed: whether the type of the values says something: not of the cells of a table.
        labelled: whether they are to be learnt from; of a few rows to predict the largest value says less.

    Raises:
        DataError: no usual arrangement gives items, or two may be meant, or the range of the values is not clear.
    """
    chosen = [choose_arrangement(stored, axis, modality) for stored, axis in arrays]
    asked = [place for place, one in enumerate(chosen) if one.wants_bytes]
    if not asked:
        return chosen
    types = {str(arrays[place][0].dtype) for place in asked} if typed else {""}
    seen = measure_range([arrays[place] for place in asked], types.pop() if len(types) == 1 else "several types")
    bright = not typed and not labelled and DARK_STEPS[-1] < seen.largest <= LARGEST and seen.whole
    scale = 1.0 if bright else seen.scale
    if not scale:
        raise DataError(f"{arrays[asked[0]][0].name!r} has {seen.describe_doubt()}")
    for place in asked:
        plain = arrays[place][0].dtype == np.uint8
        if scale == 1 and plain:
            continue
        one = chosen[place]
        notes = (*one.notes, f"{arrays[place][0].name!r}: {seen.note}")
        chosen[place] = replace(one, layout=replace(one.layout, scale=scale), notes=notes)
    return chosen


def choose_arrangement(stored: StoredArray, axis: int, modality: Modality) -> ChosenLayout:
    """Return the way from the rows of an array to items of a modality, without a scale.

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
    return ChosenLayout(layout, notes, not as_it_is or _takes_bytes_only(modality, layout.arrange(first)))


def _takes_bytes_only(modality: Modality, row: NDArray[Any]) -> bool:
    """Return whether a row of 8 bits is an item, and the same in floating point is none."""
    return row.dtype == np.uint8 and not _fits(modality, row.astype(np.float32))


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


def is_flat_size(size: int) -> bool:
    """Return whether a flat row of so many values may be an item: a square, of one channel or three."""
    sides = [math.isqrt(size // channels) for channels in (1, CHANNELS) if size % channels == 0]
    return any(side >= SMALLEST_SIDE and size in (side * side, CHANNELS * side * side) for side in sides)


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
