"""Arrays: items and labels in memory or in an ``.npz`` file, perhaps in subsets as in Keras' ``mnist.npz``."""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.choose_modality import choose_by_array, choose_by_items
from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.items import collect_items, list_item_samples, note_names_of_files
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.sources import ArraySource, SampleSource, ValueSource
from headstart.data.subsets import parse_subset, resolve_subsets
from headstart.errors import DataError
from headstart.modalities.given import accepts_rows
from headstart.modalities.item import Noun
from headstart.modalities.modality import Modality, all_modalities

_ITEMS = ("x", "X", "data")
_LABELS = ("labels", "y", "Y", "label", "targets")
_CLASSES = ("classes", "class_names")
IN_MEMORY = "arrays in memory"  #: what such samples have instead of a path


@dataclass(frozen=True, slots=True)
class LabelledArrays:
    """Items and labels as the user gave them."""

    items: Any  #: an array (N, ...) of its modality's form, or a sequence of N paths, texts, bytes or arrays
    labels: Any  #: (N,) integers or text


@dataclass(frozen=True, slots=True)
class ArrayBlock:
    """Items of one subset, and a label for each."""

    items: NDArray[Any]  #: (N, ...)
    labels: list[str]  #: N names of classes
    given_subset: Subset | None
    prefix: str  #: before "#17" in the names, so that rows of different subsets differ
    modality: Modality


class ArrayReader:
    """The reader of arrays in memory."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "the labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a source is items and labels."""
        return isinstance(source, LabelledArrays)

    def list(self, source: LabelledArrays, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every item.

        Raises:
            DataError: another shape or type, or not one label for each item.
        """
        items = collect_items(source.items)
        if not isinstance(items, list):
            return list_blocks(IN_MEMORY, [make_block("", items, source.labels, None, None, "", context)])
        choice = choose_by_items(context.options.modality, items, IN_MEMORY)
        labels = format_labels(source.labels, None, choice.modality.noun, len(items))
        samples = list_item_samples(items, labels, choice.modality)
        entries = [LedgerEntry(one.name, FileStatus.SKIPPED, "empty label") for one in samples if not one.label]
        kept = tuple(one for one in samples if one.label)
        return SourceListing(
            IN_MEMORY,
            kept,
            frozenset(one.label for one in kept),
            tuple(entries),
            notes=(*choice.notes, *note_names_of_files(items, choice.modality)),
            in_rows=True,
            modality=choice.modality.name,
        )


class NpzReader:
    """The reader of an ``.npz`` file."""

    suffixes: tuple[str, ...] = (".npz",)
    label_place: str = "its labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file ends in .npz."""
        return isinstance(source, Path) and tree is None and source.suffix.lower() in self.suffixes

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every item.

        Raises:
            DataError: it is no such file, holds pickled objects, or arrays that are not items and labels.
        """
        try:
            with source.open("rb") as raw, np.lib.npyio.NpzFile(raw, allow_pickle=False) as file:
                return list_blocks(str(source), _make_blocks(str(source), file, context))
        except (ValueError, OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise DataError(
                f"{str(source)!r} cannot be read as arrays: {error}; save it with numpy.savez({_list_names()[0]}=..., "
                "labels=...), without objects"
            ) from None


def make_block(
    name: str,
    items: Any,
    labels: Any,
    classes: Sequence[str] | None,
    subset: Subset | None,
    prefix: str,
    context: ReadContext,
) -> ArrayBlock:
    """Return items and labels that belong together.

    Args:
        name: of the items, in an error; "" for what their modality calls them.
        items: (N, ...); an array is kept as it is, so it may be memory-mapped.
        labels: (N,) or (N, 1) integers or text.
        classes: a name for each label, which is then an index; None names a class after its label.
        subset: the subset they are given in, if any.
        prefix: see ``ArrayBlock``.
        context: says the modality, where it does not show.

    Raises:
        DataError: another shape or type, not one label for each item, or the modality cannot be told.
    """
    array = np.asarray(items)
    modality = choose_by_array(context.options.modality, array, name or IN_MEMORY)
    name = name or _list_names(modality)[0]
    if not accepts_rows(modality, array):
        raise DataError(_describe_refused(name, array, modality))
    if len(array):
        modality.decode(_make_source(array, 0).read(), modality.default_spec)
    texts = format_labels(labels, classes, modality.noun, len(array), name)
    return ArrayBlock(array, texts, subset, prefix, modality)


def list_blocks(root: str, blocks: Sequence[ArrayBlock]) -> SourceListing:
    """Return every item of some blocks, one at least, of one modality.

    Raises:
        DataError: the subsets of the blocks make no split, or their items are of several modalities.
    """
    modality = blocks[0].modality
    if any(block.modality.name != modality.name for block in blocks):
        names = sorted({block.modality.name for block in blocks})
        raise DataError(f"{root!r} has arrays of several kinds, {preview(names)}; wanted one kind, with --modality")
    given = resolve_subsets((block.given_subset for block in blocks if block.given_subset), modality.noun)
    if given.problem:
        raise DataError(f"{root!r}: {given.problem}")
    samples, entries = [], []
    for block in blocks:
        subset = given.used_as[block.given_subset] if block.given_subset else None
        for index, label in enumerate(block.labels):
            name = f"{block.prefix}#{index}"
            if label:
                samples.append(RawSample(name, label, _make_source(block.items, index), subset))
            else:
                entries.append(LedgerEntry(name, FileStatus.SKIPPED, "empty label"))
    notes = (given.note,) if given.note else ()
    classes = frozenset(sample.label for sample in samples)
    return SourceListing(
        root, tuple(samples), classes, tuple(entries), notes=notes, in_rows=True, modality=modality.name
    )


def _make_source(array: NDArray[Any], index: int) -> SampleSource:
    """Return where a row is; of text its UTF-8 bytes, so that it is the same in every array."""
    if array.ndim == 1 and isinstance(value := array[index], str | bytes):
        return ValueSource(value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass"))
    return ArraySource(array, index)


def _describe_refused(name: str, array: NDArray[Any], modality: Modality) -> str:
    """Return why an array is none of a modality's."""
    if not modality.hints.array_form:
        return f"{name} are given as an array; {modality.noun.many} are read from files and tables only"
    if array.ndim != 1 or array.dtype.kind not in "UOT":
        return f"{name} has shape {array.shape}; wanted {modality.hints.array_form}"
    kind = "text" if len(array) and isinstance(array[0], str) else type(array[0]).__name__ if len(array) else "nothing"
    return (
        f"{name} are {len(array)} values of type {kind}; wanted {modality.hints.array_form}; {modality.noun.many} in "
        "files are given as a folder, or as a table with the columns path and label"
    )


def _list_names(modality: Modality | None = None) -> list[str]:
    """Return names of arrays of items: a modality's own, or those of all of them, and what any may be called."""
    owners = list(all_modalities()) if modality is None else [modality]
    return list(dict.fromkeys([name for owner in owners for name in owner.hints.array_names] + list(_ITEMS)))


def _make_blocks(root: str, arrays: Mapping[str, NDArray[Any]], context: ReadContext) -> list[ArrayBlock]:
    """Return a block for each subset that the names of the arrays end in, else one."""

    def find(aliases: Sequence[str], suffix: str = "") -> str | None:
        return next((alias + suffix for alias in aliases if alias + suffix in arrays), None)

    names = _list_names()
    named = find(_CLASSES)
    classes = [str(name) for name in arrays[named]] if named else None
    endings = {name.rpartition("_")[2] for name in arrays}
    subsets = sorted(ending for ending in endings if parse_subset(ending) and find(names, f"_{ending}"))
    blocks = []
    for ending in subsets or [""]:
        suffix = f"_{ending}" if ending else ""
        items, labels = find(names, suffix), find(_LABELS, suffix)
        if items is None or labels is None:
            wanted = f"wanted {names[0]} and labels (or x and y, or x_train, y_train, x_test, y_test)"
            raise DataError(f"{root!r} has the arrays {preview(sorted(arrays), most=8)}; {wanted}")
        subset = parse_subset(ending)
        try:
            blocks.append(make_block(items, arrays[items], arrays[labels], classes, subset, ending, context))
        except DataError as error:
            raise DataError(f"{root!r}: {error}") from None
    return blocks


def format_labels(labels: Any, classes: Sequence[str] | None, noun: Noun, count: int, name: str = "") -> list[str]:
    """Return labels as names of classes.

    Args:
        labels: (N,) or (N, 1) integers or text.
        classes: a name for each label, which is then an index; None names a class after its label.
        noun: of the items.
        count: how many items there are, N.
        name: of the items, in an error.

    Raises:
        DataError: another shape or type, or not one label for each item.
    """
    texts = _name_classes(labels, classes, noun)
    if len(texts) != count:
        raise DataError(f"{count} {name or noun.form(count)} and {len(texts)} labels; wanted one label for each")
    return texts


def _name_classes(labels: Any, classes: Sequence[str] | None, noun: Noun) -> list[str]:
    array = np.asarray(labels)
    if array.size == 0:
        return []
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iuUSbOT":
        raise DataError(
            f"the labels have shape {array.shape} and type {array.dtype}; wanted (N,) of integers or text, one a "
            f"{noun.one}"
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
