"""Blocks of rows of pairs of arrays: which axis they lie along, how they become items, the label of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.choose_modality import choose_by_array
from headstart.data.readers.arrays.array_labels import is_one_hot, read_array_labels
from headstart.data.readers.arrays.array_layout import CHANNELS, ChosenLayout, choose_layouts
from headstart.data.readers.arrays.array_names import ParsedName
from headstart.data.readers.arrays.arrays import ArrayBlock, make_block
from headstart.data.readers.arrays.matlab import find_digit_classes
from headstart.data.readers.arrays.stored_arrays import LoadedArray, RowSource, StoredArray
from headstart.data.readers.reader import ReadContext
from headstart_runtime.modalities.modality import Modality

BY_NAME = "by their names"  #: why two arrays were taken for a pair
UNKNOWN = "?"  #: the label of rows of which nobody wants one


@dataclass(frozen=True, slots=True)
class ArrayPair:
    """Items and their labels."""

    items: StoredArray
    labels: StoredArray | None  #: None only where nobody wants labels
    parsed: ParsedName  #: of the items
    reason: str  #: why these two were taken
    groups: StoredArray | None = None  #: a name for each item of what it belongs to


@dataclass(slots=True)
class _Rows:
    """The rows of a pair, before they are arranged."""

    pair: ArrayPair
    axis: int
    labels: NDArray[Any] | None
    classes: Sequence[str] | None
    notes: list[str] = field(default_factory=list)

    @property
    def has_rows(self) -> bool:
        """Whether there are rows of several values."""
        shape = self.pair.items.shape
        return len(shape) > 1 and bool(shape[self.axis])


def make_blocks(
    pairs: Sequence[ArrayPair], classes: Sequence[Sequence[str] | None], prefixes: Sequence[str], context: ReadContext
) -> tuple[list[ArrayBlock], list[str]]:
    """Return the rows of each pair with their labels, and what was assumed.

    Args:
        pairs: of one set; the values of all are scaled alike.
        classes: of each pair the names of its classes, by number; None where it has none.
        prefixes: what stands before the number of a row of each.
        context: says the modality, where it does not show, and whether labels are wanted.

    Raises:
        DataError: they are no items and labels that can be used.
    """
    rows = [_orient(pair, names, context) for pair, names in zip(pairs, classes, strict=True)]
    modalities = [_choose_modality(one, context) if one.has_rows else None for one in rows]
    layouts: dict[int, ChosenLayout] = {}
    for kind in {it.name: it for it in modalities if it}.values():
        places = [place for place, own in enumerate(modalities) if own and own.name == kind.name]
        arrays = [(rows[place].pair.items, rows[place].axis) for place in places]
        chosen = choose_layouts(arrays, kind, labelled=context.labelled)
        layouts |= dict(zip(places, chosen, strict=True))
    blocks, notes = list[ArrayBlock](), list[str]()
    for place, (one, prefix) in enumerate(zip(rows, prefixes, strict=True)):
        layout, modality = layouts.get(place), modalities[place]
        block = _make_block(one, layout, modality, prefix, context)
        blocks.append(replace(block, groups=_read_groups(one.pair)))
        said = [*one.notes, *(layout.notes if layout else ())]
        notes += [note for note in said if note not in notes]
    return blocks, notes


def _read_groups(pair: ArrayPair) -> list[str]:
    """Return the name of each item's group; none where no array has them."""
    return [] if pair.groups is None else read_texts(pair.groups)


def read_texts(stored: StoredArray) -> list[str]:
    """Return the values of an array of one for each item, as text."""
    values = np.asarray(stored.load()).reshape(-1).tolist()
    return [value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value) for value in values]


def _orient(pair: ArrayPair, classes: Sequence[str] | None, context: ReadContext) -> _Rows:
    """Return along which axis the items of a pair lie, and the labels as they belong to them."""
    items, notes = pair.items, list[str]()
    if pair.labels is None:
        return _Rows(pair, _guess_axis(items.shape), None, None)
    if pair.reason != BY_NAME:
        notes.append(f"{items.name!r} is read with the labels {pair.labels.name!r}: {pair.reason}")
    if not context.labelled:
        count = max(pair.labels.shape)
        return _Rows(pair, -1 if items.shape[0] != count and items.shape[-1] == count else 0, None, None)
    labels = _orient_labels(np.asarray(pair.labels.load()), items.shape)
    axis = -1 if items.shape[0] != len(labels) and items.shape[-1] == len(labels) else 0
    if is_one_hot(labels) and not context.wants("indicators"):
        notes.append(f"{pair.labels.name!r} has a column for each class, of which one in each row is 1")
    if classes is None and axis and (digits := find_digit_classes(items.shape, labels)):
        classes, note = digits
        notes.append(note)
    if classes is not None and _count_from_one(labels, len(classes)):
        labels = labels - 1
        notes.append(f"{pair.labels.name!r} counts the {len(classes)} classes from 1")
    return _Rows(pair, axis, labels, classes, notes)


def _guess_axis(shape: tuple[int, ...]) -> int:
    """Return along which axis items without labels lie: the last one behind that of channels, as MATLAB has them."""
    return -1 if len(shape) == CHANNELS + 1 and shape[2] in (1, CHANNELS) and shape[3] > CHANNELS + 1 else 0


def _choose_modality(rows: _Rows, context: ReadContext) -> Modality:
    first = np.asarray(rows.pair.items.read_rows(0, 1, rows.axis))
    return choose_by_array(context.options.modality, first, rows.pair.items.name)


def _make_block(
    rows: _Rows, chosen: ChosenLayout | None, modality: Modality | None, prefix: str, context: ReadContext
) -> ArrayBlock:
    items, subset = rows.pair.items, rows.pair.parsed.subset if context.labelled else None
    count = items.shape[rows.axis] if items.shape else 0
    labels = [UNKNOWN] * count if rows.labels is None else rows.labels
    plain = chosen is None or modality is None or (isinstance(items, LoadedArray) and chosen.layout.is_plain)
    if plain:
        return make_block(items.name, items.load(), labels, rows.classes, subset, prefix, context)
    assert chosen is not None
    assert modality is not None
    row = RowSource(items, chosen.layout, 0).read()
    make_block(items.name, row[None], np.zeros(1, np.int64), None, None, "", context)  # says what is wrong with a row
    found = read_array_labels(labels, rows.classes, modality.noun, count, context, items.name)
    return ArrayBlock(partial(RowSource, items, chosen.layout), found, subset, prefix, modality)


def _count_from_one(labels: NDArray[Any], classes: int) -> bool:
    if labels.ndim != 1 or labels.dtype.kind not in "iuf" or not labels.size:
        return False
    return bool(labels.min() >= 1 and labels.max() == classes)


def _orient_labels(labels: NDArray[Any], items: tuple[int, ...]) -> NDArray[Any]:
    """Return labels (N,), or (N, K) with a row for each item where there are N columns of K values."""
    if labels.ndim and labels.size == max(labels.shape, default=0):
        return labels.reshape(-1)
    if labels.ndim == 2 and len(labels) not in (items[0], items[-1]) and labels.shape[1] in (items[0], items[-1]):
        return labels.T
    return labels
