"""A folder with an array for each class: ``cat.npy``, ``dog.npy``, as *Quick, Draw!* is published (N, 784)."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from headstart.data.names import preview
from headstart.data.readers.arrays.array_blocks import BY_NAME, ArrayPair, make_blocks
from headstart.data.readers.arrays.array_layout import CHANNELS, is_flat_size
from headstart.data.readers.arrays.array_names import list_item_names, parse_array_name
from headstart.data.readers.arrays.arrays import list_blocks
from headstart.data.readers.arrays.npz import open_npy
from headstart.data.readers.arrays.stored_arrays import LoadedArray
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.words import split_words
from headstart.data.subsets import parse_subset
from headstart.errors import DataError

FEWEST_ROWS = 2  #: of a class, on average
#: Words in the names of arrays that are another side of the items and no class.
_NO_CLASSES = frozenset(
    "mask masks segmentation depth flow feature features embedding embeddings weight weights prediction predictions "  # noqa: SIM905
    "id ids index indices left right before after input output".split()
)


def find_class_arrays(files: Sequence[Path]) -> dict[Path, str]:
    """Return the class of each ``.npy`` file, where each holds rows of one shape and is called by words.

    Args:
        files: all of a folder; none of them is called like items or labels.
    """
    stems = [file.stem for file in files]
    if len(files) < 2 or len({file.parent for file in files}) > 1:
        return {}
    start = re.sub(r"[^\s_.\-]*$", "", _find_common_start(stems))
    names = [stem[len(start) :] for stem in stems]
    if not all(re.search(r"[^\W\d_]$", name) for name in names):
        return {}
    if any(parse_subset(name) or _NO_CLASSES & set(split_words(name)) for name in names):
        return {}
    try:
        shapes = [open_npy(file, file.parent)[0].shape for file in files]
    except (OSError, ValueError):
        return {}
    rows = {shape[1:] for shape in shapes}
    if len(rows) != 1 or sum(shape[0] for shape in shapes if shape) < FEWEST_ROWS * len(shapes):
        return {}
    row = rows.pop()
    flat = len(row) == 1 and is_flat_size(row[0])
    several = len(row) == CHANNELS or (len(row) == 2 and row[-1] > CHANNELS + 1)
    return dict(zip(files, names, strict=True)) if flat or several else {}


def _find_common_start(names: Sequence[str]) -> str:
    """Return the letters that all names begin with."""
    first, last = min(names), max(names)
    same = next((place for place, sign in enumerate(first) if not last.startswith(sign, place)), len(first))
    return first[:same]


def list_class_arrays(root: str, classes: Mapping[Path, str], context: ReadContext) -> SourceListing:
    """Return every row of the arrays of classes.

    Args:
        root: the source, for a person.
        classes: file -> class.
        context: says the modality, and whether labels are wanted.

    Raises:
        DataError: the rows make no items.
    """
    pairs, names = [], list_item_names()
    for file, label in classes.items():
        (stored,) = open_npy(file, context.cache)
        stored.name = file.stem
        labels = LoadedArray.from_array("labels", np.full(stored.shape[0], label))
        pairs.append(ArrayPair(stored, labels, parse_array_name("x", names), BY_NAME))
    try:
        blocks, notes = make_blocks(pairs, [None] * len(pairs), list(classes.values()), context)
    except DataError as error:
        raise DataError(f"{root!r}: {error}") from None
    listing = list_blocks(root, blocks)
    read = (
        f"each file is a class, {preview(list(classes.values()))}: there are arrays of rows of one shape and no labels"
    )
    kept = [read, *dict.fromkeys(_generalise(note, classes) for note in notes)]
    return SourceListing(
        root,
        listing.samples,
        listing.classes,
        listing.entries,
        notes=tuple(kept),
        modality=listing.modality,
        in_rows=True,
    )


def _generalise(note: str, classes: Mapping[Path, str]) -> str:
    """Return a note on one of the arrays as one on all of them."""
    stem = next((file.stem for file in classes if note.startswith(f"{file.stem!r}: ")), None)
    return note if stem is None else note.removeprefix(f"{stem!r}: ")
