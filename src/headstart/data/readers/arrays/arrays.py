"""Arrays of items and labels: those in memory, and blocks of rows that readers of files of arrays make a listing of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.choose_modality import choose_by_array, choose_by_items
from headstart.data.names import preview
from headstart.data.readers.arrays.array_labels import ArrayLabels, read_array_labels
from headstart.data.readers.arrays.array_names import list_item_names
from headstart.data.readers.arrays.value_range import refuse_dark_bytes
from headstart.data.readers.items import collect_items, list_item_samples, note_names_of_files
from headstart.data.readers.label_forms import FORM_WORDS, propose_tasks
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.sources import ArraySource, SampleSource, ValueSource
from headstart.data.subsets import resolve_subsets
from headstart.label_text import LabelForm
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.given import accepts_rows
from headstart_runtime.modalities.modality import Modality

IN_MEMORY = "arrays in memory"  #: what such samples have instead of a path


@dataclass(frozen=True, slots=True)
class LabelledArrays:
    """Items and labels as the user gave them."""

    items: Any  #: an array (N, ...) of its modality's form, or a sequence of N paths, texts, bytes or arrays
    labels: Any  #: as of ``read_array_labels``


@dataclass(frozen=True, slots=True)
class ArrayBlock:
    """Items of one subset, and a label for each."""

    make_source: Callable[[int], SampleSource]  #: returns where a row of the items is
    labels: ArrayLabels  #: of the N rows
    given_subset: Subset | None
    prefix: str  #: before "#17" in the names, so that rows of different subsets differ
    modality: Modality
    groups: Sequence[str] = ()  #: N names of what the items belong to; none for no groups


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
            refuse_dark_bytes("the items", np.asarray(items))
            return list_blocks(IN_MEMORY, [make_block("", items, source.labels, None, None, "", context)])
        choice = choose_by_items(context.options.modality, items, IN_MEMORY)
        labels = read_array_labels(source.labels, None, choice.modality.noun, len(items), context)
        samples = list_item_samples(items, labels.texts, choice.modality)
        entries = [LedgerEntry(one.name, FileStatus.SKIPPED, "empty label") for one in samples if not one.label]
        kept = tuple(one for one in samples if one.label)
        return SourceListing(
            IN_MEMORY,
            kept,
            frozenset(one.label for one in kept) if labels.names is None else labels.names,
            tuple(entries),
            notes=(*choice.notes, *note_names_of_files(items, choice.modality)),
            in_rows=True,
            modality=choice.modality.name,
            form=labels.form,
            form_reason=labels.reason,
            label_columns=labels.columns,
        )


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
        labels: as of ``read_array_labels``.
        classes: a name for each label, which is then an index; None names a class after its label.
        subset: the subset they are given in, if any.
        prefix: see ``ArrayBlock``.
        context: says the modality, where it does not show.

    Raises:
        DataError: another shape or type, not one label for each item, or the modality cannot be told.
    """
    array = np.asarray(items)
    modality = choose_by_array(context.options.modality, array, name or IN_MEMORY)
    name = name or list_item_names(modality)[0]
    if not accepts_rows(modality, array):
        raise DataError(_describe_refused(name, array, modality))
    if len(array):
        modality.decode(_make_source(array, 0).read(), modality.default_spec)
    found = read_array_labels(labels, classes, modality.noun, len(array), context, name)
    return ArrayBlock(partial(_make_source, array), found, subset, prefix, modality)


def list_blocks(root: str, blocks: Sequence[ArrayBlock]) -> SourceListing:
    """Return every item of some blocks, one at least, of one modality.

    Raises:
        DataError: the subsets of the blocks make no split, their items are of several modalities, or their labels of
            forms that do not go together.
    """
    modality = blocks[0].modality
    if any(block.modality.name != modality.name for block in blocks):
        names = sorted({block.modality.name for block in blocks})
        raise DataError(f"{root!r} has arrays of several kinds, {preview(names)}; wanted one kind, with --modality")
    given = resolve_subsets((block.given_subset for block in blocks if block.given_subset), modality.noun)
    if given.problem:
        raise DataError(f"{root!r}: {given.problem}")
    form, columns = _find_form(root, blocks)
    samples, entries = [], []
    for block in blocks:
        subset = given.used_as[block.given_subset] if block.given_subset else None
        for index, label in enumerate(block.labels.texts):
            name = f"{block.prefix}#{index}"
            if label:
                group = block.groups[index] if block.groups else ""
                samples.append(RawSample(name, label, block.make_source(index), subset, group))
            else:
                entries.append(LedgerEntry(name, FileStatus.SKIPPED, "empty label"))
    notes = (given.note,) if given.note else ()
    named = [block.labels.names for block in blocks]
    own = frozenset(sample.label for sample in samples)
    return SourceListing(
        root,
        tuple(samples),
        own if form == "one" else frozenset(name for names in named for name in names or ()),
        tuple(entries),
        notes=notes,
        in_rows=True,
        modality=modality.name,
        form=form,
        form_reason=next((block.labels.reason for block in blocks if block.labels.reason), ""),
        label_columns=columns,
    )


def _find_form(root: str, blocks: Sequence[ArrayBlock]) -> tuple[LabelForm, tuple[str, ...]]:
    """Return the form of the labels of all blocks, and their columns.

    Raises:
        DataError: they are of several.
    """
    forms = {(block.labels.form, block.labels.columns) for block in blocks if block.labels.texts}
    if len(forms) > 1:
        said = preview(sorted(f"{FORM_WORDS[form]} ({len(columns)})" for form, columns in forms), str)
        flags = " or ".join(filter(None, (propose_tasks(form) for form, _ in sorted(forms) if form != "one")))
        ways = f"; add {flags}" if flags else ""
        raise DataError(f"{root!r} has arrays of labels of several forms: {said}; wanted the same in all{ways}")
    return next(iter(forms), ("one", ()))


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
