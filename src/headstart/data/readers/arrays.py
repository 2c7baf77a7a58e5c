"""Arrays: images and labels in memory or in an ``.npz`` file, perhaps in subsets as in Keras' ``mnist.npz``."""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.data.samples import ArraySource, FileStatus, LedgerEntry, Subset
from headstart.data.subsets import parse_subset, resolve_subsets
from headstart.errors import DataError
from headstart.modalities.image.decode import array_to_rgb

_IMAGES = ("images", "x", "X", "data", "image")
_LABELS = ("labels", "y", "Y", "label", "targets")
_CLASSES = ("classes", "class_names")
_WANTED = "wanted images and labels (or x and y, or x_train, y_train, x_test, y_test)"

IN_MEMORY = "arrays in memory"  #: what such samples have instead of a path


@dataclass(frozen=True, slots=True)
class LabelledArrays:
    """Images and labels as the user gave them."""

    images: Any  #: (N, H, W) or (N, H, W, channels) uint8
    labels: Any  #: (N,) integers or text


@dataclass(frozen=True, slots=True)
class ArrayBlock:
    """Images of one subset, and a label for each."""

    images: NDArray[np.uint8]  #: (N, H, W) or (N, H, W, channels)
    labels: list[str]  #: N names of classes
    given_subset: Subset | None
    prefix: str  #: before "#17" in the names, so that rows of different subsets differ


class ArrayReader:
    """The reader of arrays in memory."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "the labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a source is images and labels."""
        return isinstance(source, LabelledArrays)

    def list(self, source: LabelledArrays, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every image.

        Raises:
            DataError: another shape or type, or not one label for each image.
        """
        return list_blocks(IN_MEMORY, [make_block("images", source.images, source.labels, None, None, "")])


class NpzReader:
    """The reader of an ``.npz`` file."""

    suffixes: tuple[str, ...] = (".npz",)
    label_place: str = "its labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file ends in .npz."""
        return isinstance(source, Path) and tree is None and source.suffix.lower() in self.suffixes

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every image.

        Raises:
            DataError: it is no such file, holds pickled objects, or arrays that are not images and labels.
        """
        try:
            with source.open("rb") as raw, np.lib.npyio.NpzFile(raw, allow_pickle=False) as file:
                return list_blocks(str(source), _make_blocks(str(source), file))
        except (ValueError, OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise DataError(
                f"{str(source)!r} cannot be read as arrays: {error}; save it with numpy.savez(images=..., labels=...), "
                "without objects"
            ) from None


def make_block(
    name: str, images: Any, labels: Any, classes: Sequence[str] | None, subset: Subset | None, prefix: str
) -> ArrayBlock:
    """Return images and labels that belong together.

    Args:
        name: of the images, in an error.
        images: (N, H, W) or (N, H, W, channels) uint8; kept as it is, so it may be memory-mapped.
        labels: (N,) or (N, 1) integers or text.
        classes: a name for each label, which is then an index; None names a class after its label.
        subset: the subset they are given in, if any.
        prefix: see ``ArrayBlock``.

    Raises:
        DataError: another shape or type, or not one label for each image.
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
    texts = _format_labels(labels, classes)
    if len(texts) != len(array):
        raise DataError(f"{len(array)} images and {len(texts)} labels; wanted one label per image")
    return ArrayBlock(array, texts, subset, prefix)


def list_blocks(root: str, blocks: Sequence[ArrayBlock]) -> SourceListing:
    """Return every image of some blocks.

    Raises:
        DataError: the subsets of the blocks make no split.
    """
    given = resolve_subsets(block.given_subset for block in blocks if block.given_subset)
    if given.problem:
        raise DataError(f"{root!r}: {given.problem}")
    samples, entries = [], []
    for block in blocks:
        subset = given.used_as[block.given_subset] if block.given_subset else None
        for index, label in enumerate(block.labels):
            name = f"{block.prefix}#{index}"
            if label:
                samples.append(RawSample(name, label, ArraySource(block.images, index), subset))
            else:
                entries.append(LedgerEntry(name, FileStatus.SKIPPED, "empty label"))
    notes = (given.note,) if given.note else ()
    classes = frozenset(sample.label for sample in samples)
    return SourceListing(root, tuple(samples), classes, tuple(entries), notes=notes)


def _make_blocks(root: str, arrays: Mapping[str, NDArray[Any]]) -> list[ArrayBlock]:
    """Return a block for each subset that the names of the arrays end in, else one."""

    def find(aliases: Sequence[str], suffix: str = "") -> str | None:
        return next((alias + suffix for alias in aliases if alias + suffix in arrays), None)

    named = find(_CLASSES)
    classes = [str(name) for name in arrays[named]] if named else None
    endings = {name.rpartition("_")[2] for name in arrays}
    subsets = sorted(ending for ending in endings if parse_subset(ending) and find(_IMAGES, f"_{ending}"))
    blocks = []
    for ending in subsets or [""]:
        suffix = f"_{ending}" if ending else ""
        images, labels = find(_IMAGES, suffix), find(_LABELS, suffix)
        if images is None or labels is None:
            raise DataError(f"{root!r} has the arrays {preview(sorted(arrays), most=8)}; {_WANTED}")
        try:
            blocks.append(make_block(images, arrays[images], arrays[labels], classes, parse_subset(ending), ending))
        except DataError as error:
            raise DataError(f"{root!r}: {error}") from None
    return blocks


def _format_labels(labels: Any, classes: Sequence[str] | None) -> list[str]:
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
