"""Arrays: images and labels in memory or in an ``.npz`` file, perhaps in parts as in Keras' ``mnist.npz``."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.samples import ArraySource, FileStatus, LedgerEntry, Subset
from headstart.data.subsets import parse_subset, resolve_subsets
from headstart.errors import DataError
from headstart.modalities.image.decoding.decode import array_to_rgb

_IMAGES = ("images", "x", "X", "data", "image")
_LABELS = ("labels", "y", "Y", "label", "targets")
_CLASSES = ("classes", "class_names")
_WANTED = "wanted images and labels (or x and y, or x_train, y_train, x_test, y_test)"

IN_MEMORY = "arrays in memory"  #: what such samples have instead of a path


@dataclass(frozen=True, slots=True)
class ArrayBlock:
    """Images of one part, and a label for each."""

    images: NDArray[np.uint8]  #: (N, H, W) or (N, H, W, channels)
    labels: list[str]  #: N names of classes
    found_part: Subset | None
    prefix: str  #: before "#17" in the names, so that rows of different parts differ


def list_arrays(images: Any, labels: Any) -> SourceListing:
    """Every image of an array: images (N, H, W) or (N, H, W, channels) uint8; labels (N,) integers or text.

    Raises:
        DataError: another shape or type, or not one label per image.
    """
    return list_blocks(IN_MEMORY, [make_block("images", images, labels, None, None, "")])


def list_npz(path: Path) -> SourceListing:
    """Every image of an ``.npz`` file.

    Raises:
        DataError: it is no such file, holds pickled objects, or arrays that are not images and labels.
    """
    try:
        with path.open("rb") as raw, np.lib.npyio.NpzFile(raw, allow_pickle=False) as file:
            arrays = _Named(str(path), {name: name for name in file.files})
            return list_blocks(str(path), _blocks(arrays, file))
    except (ValueError, OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(
            f"{str(path)!r} cannot be read as arrays: {error}; save it with numpy.savez(images=..., labels=...), "
            "without objects"
        ) from None


@dataclass(frozen=True, slots=True)
class _Named:
    """The names of the arrays in a file."""

    root: str
    names: dict[str, str]

    def one_of(self, aliases: tuple[str, ...], suffix: str = "") -> str | None:
        return next((alias + suffix for alias in aliases if alias + suffix in self.names), None)


def _blocks(arrays: _Named, file: Mapping[str, NDArray[Any]]) -> list[ArrayBlock]:
    named = arrays.one_of(_CLASSES)
    classes = [str(name) for name in file[named]] if named else None
    endings = {name.rpartition("_")[2] for name in arrays.names}
    parts = sorted(ending for ending in endings if parse_subset(ending) and arrays.one_of(_IMAGES, f"_{ending}"))
    blocks = []
    for part in parts or [""]:
        suffix = f"_{part}" if part else ""
        images, labels = arrays.one_of(_IMAGES, suffix), arrays.one_of(_LABELS, suffix)
        if images is None or labels is None:
            raise DataError(f"{arrays.root!r} has the arrays {preview(sorted(arrays.names), most=8)}; {_WANTED}")
        try:
            blocks.append(make_block(images, file[images], file[labels], classes, parse_subset(part), part))
        except DataError as error:
            raise DataError(f"{arrays.root!r}: {error}") from None
    return blocks


def make_block(
    name: str, images: Any, labels: Any, classes: list[str] | None, part: Subset | None, prefix: str
) -> ArrayBlock:
    """Images and labels that belong together.

    Args:
        name: what the images are called in an error.
        images: (N, H, W) or (N, H, W, channels) uint8; kept as it is, so it may be memory-mapped.
        labels: (N,) or (N, 1) integers or text.
        classes: a name for each label, which is then an index; None names a class after its label.
        part: the part they are given in, if any.
        prefix: see ``ArrayBlock``.

    Raises:
        DataError: another shape or type, or not one label per image.
    """
    try:
        array = np.asarray(images)
    except ValueError:
        raise DataError(f"{name} have different shapes; wanted one array (N, H, W) or (N, H, W, channels)") from None
    if array.ndim == 1 and array.dtype.kind in "UO":
        first = "text" if array.dtype.kind == "U" else type(array[0]).__name__ if len(array) else "nothing"
        raise DataError(
            f"{name} are {len(array)} values of type {first}; wanted pixels, (N, H, W) or (N, H, W, channels), uint8; "
            "photos in files are given as a folder, or as a table with the columns path and label"
        )
    if array.ndim not in (3, 4):
        raise DataError(f"{name} has shape {array.shape}; wanted (N, H, W) or (N, H, W, channels), uint8")
    if len(array):
        array_to_rgb(array[0])
    texts = _label_texts(labels, classes)
    if len(texts) != len(array):
        raise DataError(f"{len(array)} images and {len(texts)} labels; wanted one label per image")
    return ArrayBlock(array, texts, part, prefix)


def _label_texts(labels: Any, classes: list[str] | None) -> list[str]:
    array = np.asarray(labels)
    if array.size == 0:
        return []
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iuUSbOT":
        raise DataError(
            f"the labels have shape {array.shape} and type {array.dtype}; wanted (N,) of integers or text, one a photo"
        )
    values = [value.decode() if isinstance(value, bytes) else value for value in array.tolist()]
    if classes is None:
        return [normalise_class_name(str(value)) for value in values]
    indices = [value for value in values if isinstance(value, int) and 0 <= value < len(classes)]
    if len(indices) < len(values):
        raise DataError(
            f"{len(classes)} class names are given; wanted labels that are integers from 0 up to below that"
        )
    return [normalise_class_name(classes[index]) for index in indices]


def list_blocks(root: str, blocks: list[ArrayBlock]) -> SourceListing:
    """Every image of some blocks.

    Raises:
        DataError: the blocks are parts that make no split.
    """
    given = resolve_subsets(block.found_part for block in blocks if block.found_part)
    if given.problem:
        raise DataError(f"{root!r}: {given.problem}")
    found, entries = [], []
    for block in blocks:
        part = given.used_as[block.found_part] if block.found_part else None
        for i, label in enumerate(block.labels):
            name = f"{block.prefix}#{i}"
            if label:
                found.append(RawSample(name, label, ArraySource(block.images, i), part))
            else:
                entries.append(LedgerEntry(name, FileStatus.SKIPPED, "empty label"))
    notes = (given.note,) if given.note else ()
    return SourceListing(root, tuple(found), frozenset(item.label for item in found), tuple(entries), notes=notes)
