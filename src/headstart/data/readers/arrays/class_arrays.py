"""An array for each class: ``cat.npy``, ``dog.npy`` in a folder, as *Quick, Draw!* is published (N, 784).

They may be in one file too. In one with folders, such as HDF5, each may be a class with an array for each item.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.choose_modality import choose_by_array
from headstart.data.names import preview
from headstart.data.readers.arrays.array_blocks import BY_NAME, ArrayPair, make_blocks
from headstart.data.readers.arrays.array_layout import CHANNELS, is_flat_size
from headstart.data.readers.arrays.array_names import list_item_names, parse_array_name
from headstart.data.readers.arrays.arrays import list_blocks
from headstart.data.readers.arrays.npz import open_npy
from headstart.data.readers.arrays.stored_arrays import LoadedArray, StoredArray
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.words import split_words
from headstart.data.sources import SourceStat
from headstart.data.subsets import parse_subset
from headstart_runtime.errors import DataError

FEWEST_ROWS = 2  #: of a class, on average
#: Words in the names of arrays that are another side of the items and no class.
_NO_CLASSES = frozenset(
    "mask masks segmentation depth flow feature features embedding embeddings weight weights prediction predictions "  # noqa: SIM905
    "id ids index indices left right before after input output".split()
)
#: More that stand for sides of one item, where the arrays of one file are looked at.
_SIDES = frozenset(
    "gt gts truth label labels target targets source sources "  # noqa: SIM905
    "noisy clean lr hr low high rgb nir thermal x y data mean std box boxes meta patch patches anchor positive "
    "negative query support".split()
)


@dataclass(frozen=True, slots=True)
class WholeArraySource:
    """An array of a file that is one item, read when asked for."""

    stored: StoredArray = field(hash=False)

    @property
    def uri(self) -> str:
        """The array's name, in the fragment of an address."""
        return f"array:#{self.stored.name}"

    def stat(self) -> SourceStat:
        """Return the array's size."""
        return SourceStat(int(np.prod(self.stored.shape)) * self.stored.dtype.itemsize)

    def read(self) -> NDArray[Any]:
        """Return the item, (...)."""
        return np.asarray(self.stored.read_rows(0, self.stored.shape[0], 0))


def find_class_arrays(files: Sequence[Path]) -> dict[Path, str]:
    """Return the class of each ``.npy`` file, where each holds rows of one shape and is called by words.

    Args:
        files: all of a folder; none of them is called like items or labels.
    """
    if len(files) < 2 or len({file.parent for file in files}) > 1:
        return {}
    names = _read_class_names([file.stem for file in files], _NO_CLASSES)
    try:
        shapes = [open_npy(file, file.parent)[0].shape for file in files] if names else []
    except (OSError, ValueError):
        return {}
    return dict(zip(files, names, strict=True)) if names and _are_rows(shapes) else {}


def find_classes_in_file(arrays: Sequence[StoredArray]) -> dict[str, str]:
    """Return name -> class of the arrays of one file, where each holds rows of one shape and is called by words."""
    above = {stored.name.rpartition("/")[0] for stored in arrays}
    if len(arrays) < 2 or len(above) > 1:
        return {}
    names = _read_class_names([stored.name.rpartition("/")[2] for stored in arrays], _NO_CLASSES | _SIDES)
    shapes = [stored.shape for stored in arrays]
    rows = _are_rows(shapes) and len({stored.dtype for stored in arrays}) == 1 and _lie_along_the_first(shapes)
    return {stored.name: name for stored, name in zip(arrays, names, strict=True)} if names and rows else {}


def find_class_folders(arrays: Sequence[StoredArray]) -> dict[str, list[StoredArray]]:
    """Return class -> its items, where folders of a file are classes and each array in them is one item of bytes."""
    folders: defaultdict[str, list[StoredArray]] = defaultdict(list)
    for stored in arrays:
        folders[stored.name.rpartition("/")[0]].append(stored)
    above = {folder.rpartition("/")[0] for folder in folders}
    if len(folders) < 2 or len(above) > 1 or not all(folders):
        return {}
    names = _read_class_names([folder.rpartition("/")[2] for folder in folders], _NO_CLASSES | _SIDES)
    items = all(_is_item(stored) for stored in arrays) and len(arrays) >= FEWEST_ROWS * len(folders)
    own = Counter(stored.name.rpartition("/")[2] for stored in arrays)
    words = any(re.fullmatch(r"[^\W\d_]+", name) for name in own)  # the same words in each folder: parts of an item
    return dict(zip(names, folders.values(), strict=True)) if names and items and not words else {}


def _is_item(stored: StoredArray) -> bool:
    shape = stored.shape
    plane = len(shape) == CHANNELS - 1 or (len(shape) == CHANNELS and shape[-1] in (1, CHANNELS, CHANNELS + 1))
    return plane and min(shape[:2]) > CHANNELS + 1 and stored.dtype == np.uint8


def _read_class_names(names: Sequence[str], others: frozenset[str]) -> list[str]:
    """Return the classes that arrays are called by, without what all begin with; none where some are no classes."""
    start = re.sub(r"[^\s_.\-]*$", "", _find_common_start(names))
    own = [name[len(start) :] for name in names]
    if not all(re.search(r"[^\W\d_]$", name) for name in own):
        return []
    return [] if any(parse_subset(name) or others & set(split_words(name)) for name in own) else own


def _are_rows(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Return whether arrays have rows of one shape, which may be that of an item."""
    rows = {shape[1:] for shape in shapes}
    if len(rows) != 1 or sum(shape[0] for shape in shapes if shape) < FEWEST_ROWS * len(shapes):
        return False
    row = rows.pop()
    flat = len(row) == 1 and is_flat_size(row[0])
    return flat or len(row) == CHANNELS or (len(row) == CHANNELS - 1 and row[-1] > CHANNELS + 1)


def _lie_along_the_first(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Return whether the items of arrays surely lie along their first axis, and not along the last as in MATLAB."""
    row = shapes[0][1:]
    if len(row) == CHANNELS:
        return row[-1] in (1, CHANNELS, CHANNELS + 1) or row[0] in (1, CHANNELS, CHANNELS + 1)
    return len({shape[0] for shape in shapes}) > 1 or len(row) == 1 or row[0] == row[1]


def _find_common_start(names: Sequence[str]) -> str:
    """Return the letters that all names begin with."""
    first, last = min(names), max(names)
    same = next((place for place, sign in enumerate(first) if not last.startswith(sign, place)), len(first))
    return first[:same]


def open_class_arrays(classes: Mapping[Path, str], context: ReadContext) -> list[tuple[StoredArray, str]]:
    """Return the array of each file and its class."""
    opened = []
    for file, label in classes.items():
        (stored,) = open_npy(file, context.cache)
        stored.name = file.stem
        opened.append((stored, label))
    return opened


def list_class_arrays(
    root: str, classes: Sequence[tuple[StoredArray, str]], context: ReadContext, each: str = "file"
) -> SourceListing:
    """Return every row of the arrays of classes.

    Args:
        root: the source, for a person.
        classes: an array and its class.
        context: says the modality, and whether labels are wanted.
        each: what a class is, for a person.

    Raises:
        DataError: the rows make no items.
    """
    pairs, names = [], list_item_names()
    known = [label for _, label in classes]
    for stored, label in classes:
        labels = LoadedArray.from_array("labels", np.full(stored.shape[0], label))
        pairs.append(ArrayPair(stored, labels, parse_array_name("x", names), BY_NAME))
    try:
        blocks, notes = make_blocks(pairs, [None] * len(pairs), known, context)
    except DataError as error:
        raise DataError(f"{root!r}: {error}") from None
    listing = list_blocks(root, blocks)
    read = f"each {each} is a class, {preview(known)}: there are arrays of rows of one shape and no labels"
    stems = [stored.name for stored, _ in classes]
    kept = [read, *dict.fromkeys(_generalise(note, stems) for note in notes)]
    return SourceListing(
        root,
        listing.samples,
        listing.classes,
        listing.entries,
        notes=tuple(kept),
        modality=listing.modality,
        in_rows=True,
    )


def list_class_folders(root: str, folders: Mapping[str, Sequence[StoredArray]], context: ReadContext) -> SourceListing:
    """Return every array in the folders of a file, of which each is a class.

    Args:
        root: the source, for a person.
        folders: class -> its items.
        context: says the modality.

    Raises:
        DataError: the arrays are no items of it.
    """
    first = next(iter(folders.values()))[0]
    modality = choose_by_array(context.options.modality, WholeArraySource(first).read()[None], first.name)
    samples = tuple(
        RawSample(f"{label}/{stored.name.rpartition('/')[2]}", label, WholeArraySource(stored))
        for label, items in folders.items()
        for stored in items
    )
    read = f"each folder in the file is a class, {preview(list(folders))}: there is an array for each item"
    return SourceListing(root, samples, frozenset(folders), notes=(read,), modality=modality.name, in_rows=True)


def _generalise(note: str, stems: Sequence[str]) -> str:
    """Return a note on one of the arrays as one on all of them."""
    stem = next((stem for stem in stems if note.startswith(f"{stem!r}: ")), None)
    return note if stem is None else note.removeprefix(f"{stem!r}: ")
