"""The protocol of a modality: all that is special about one kind of data, and the registry of them.

What stands here is needed to predict, so it imports no PyTorch. What only fitting needs is a facet, a small protocol of
``modalities.facets``; a modality imports what is behind a facet when it is first asked for. A facet may be None: then
that part of the job is left out, and the run says so.
"""

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Floats
from headstart.errors import DataError, SettingError, nearest
from headstart.plugins import load_plugins

if TYPE_CHECKING:
    from headstart.modalities import facets
    from headstart.settings.chapters import Chapter

GROUP = "headstart.modalities"  #: of the entry points by which other packages add modalities
#: Where each built-in modality is; it is imported when it is first asked for.
MODALITIES: dict[str, str] = {"image": "headstart.modalities.image.modality:ImageModality"}

#: Stands near the beginning of every file of items that headstart drew, so that none is taken for an item.
MARK = b"drawn by headstart"
MARK_WITHIN = 4096  #: bytes

Batch: TypeAlias = Mapping[str, NDArray[Any]]  #: tensors by name; the first axis of each is the parts of items
Raw: TypeAlias = bytes | NDArray[Any]  #: an item as it is stored: the bytes of a file, or a row of an array
AnySpec: TypeAlias = Any  #: the modality's own ``InputSpec``
Part: TypeAlias = Any  #: what a network sees at a time: an array, or several by name


class BinaryFile(Protocol):
    """An open file, ``io.BytesIO``, an upload: anything whose ``read()`` gives bytes."""

    def read(self, size: int = ..., /) -> bytes:
        """Return the bytes that follow."""


class ArrayInterface(Protocol):
    """An object that NumPy reads as an array, such as one of a library of its own."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


#: An item as a caller gives it: a path or a text, bytes, an open binary file, an array; what of it a modality takes is
#: the modality's to say.
ItemLike: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile | ArrayInterface | NDArray[Any]
)


class BrokenItem(DataError):
    """An item that is not of its modality, or no longer. The message is the reason, without the item's name."""


class UnreadableItem(BrokenItem):
    """An item that could not be read this time, for want of a file or of memory; nothing is known of what is in it."""


@dataclass(frozen=True, slots=True)
class Noun:
    """The word that people have for an item of a modality."""

    one: str  #: "photo"
    many: str  #: "photos"

    def form(self, number: float) -> str:
        """Return the word as it follows a number."""
        return self.one if number == 1 else self.many

    def count(self, number: int) -> str:
        """Return a number of items, such as "1 clip" or "12 clips"."""
        return f"{number} {self.form(number)}"

    def fill(self, text: str) -> str:
        """Return a text with the word in place of "{one}", "{many}" and, at the beginning of a sentence, "{Many}"."""
        return text.format(one=self.one, many=self.many, Many=self.many.capitalize())


@dataclass(frozen=True, slots=True)
class SourceHints:
    """What sources of a modality's items look like: words and names by which items, labels and tables are found."""

    array_form: str = ""  #: shapes and type of arrays of its items, for people: "(N, H, W), uint8"; "" for none
    array_names: tuple[str, ...] = ()  #: names of such arrays in files of several, beside "x" and "data"
    path_columns: tuple[str, ...] = ()  #: table columns with paths of its files, beside "path", "file" and the like
    value_columns: tuple[str, ...] = ()  #: table columns whose cells are its items; in lower case with underscores
    units: Mapping[str, str] = field(default_factory=dict)  #: properties with numbers that a check sums up -> unit
    container_words: frozenset[str] = frozenset()  #: in names of folders that hold its items whatever their class
    product_words: frozenset[str] = frozenset()  #: the same where results may lie beside them
    counter_words: frozenset[str] = frozenset()  #: before numbers in names of files that a device gave


SAMPLE = Noun("sample", "samples")  #: where the modality is not known


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor that a network reads."""

    name: str
    dtype: str  #: NumPy's name
    shape: tuple[int | None, ...]  #: without the first axis, which is the parts; None: as long as it comes


class InputSpec(Protocol):
    """The way from an item to the input of a network, as data: frozen, hashable, saved, part of every fingerprint."""

    kind: ClassVar[str]  #: the name of its modality

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        """The tensors of a batch."""

    @property
    def rank(self) -> float:
        """A number for how much of an item is kept: what is decoded for the greatest suits the others too."""

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values with the key "kind", for records and fingerprints."""


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """The facts in an item's first bytes, without decoding it."""

    format: str  #: "JPEG", "array", ...
    #: Plain values for the ledger, such as width and height; slices, issues and cues are made of them.
    properties: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""  #: what is done with this item that is not done with every one


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded item."""

    value: Any  #: as the modality has it: for images uint8 (H, W, 3), upright
    repaired: str | None = None  #: what had to be mended in memory, or None
    note: str = ""  #: what was done with it that is not done with every item


class OpenedItem(Protocol):
    """An item that is read once, and decoded once for all specs by which it decodes alike."""

    name: str  #: for people
    repaired: str | None  #: what had to be mended in memory, once it is decoded
    note: str  #: what was done with it that is not done with every item, once it is decoded

    def load(self, spec: AnySpec) -> Any:
        """Return the decoded value for a spec.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """

    def load_for_specs(self, specs: Sequence[AnySpec]) -> "dict[Any, list[Part]]":
        """Return the parts that each spec makes of the item.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """

    def forget(self) -> None:
        """Free the bytes and what was decoded; they are read again if they are asked for."""


class Modality(Protocol):
    """One kind of data."""

    name: str
    noun: Noun
    suffixes: frozenset[str]  #: of its files, in lower case with the dot
    hints: SourceHints

    # An item as a caller gives it: a path, bytes, an array, an object. Asked here and nowhere else.

    def accepts(self, value: object) -> bool:
        """Return whether a caller gave one item, or an attempt at one, and not a collection of items."""

    def accepts_array(self, array: NDArray[Any]) -> bool:
        """Return whether an array looks like several of its items."""

    def open(self, value: object) -> OpenedItem:
        """Return an item as a caller gave it; nothing is read yet."""

    def suggest_remedy(self, value: object, message: str) -> str:
        """Return advice about an item that cannot be read, to stand behind a message; empty where that has it."""

    # An item as it is stored.

    def recognise(self, head: bytes) -> bool | None:
        """Return whether a file that begins so is an item, by its content; None where only all of it says."""

    def identify(self, raw: Raw) -> ItemFacts:
        """Return the facts of an item, without decoding more than they need.

        Raises:
            BrokenItem: it is none of this modality.
        """

    def decode(self, raw: Raw, spec: AnySpec) -> Decoded:
        """Decode an item for a spec.

        Raises:
            BrokenItem: it cannot be decoded.
        """

    def make_parts(self, value: Any, spec: AnySpec) -> list[Part]:
        """Return the parts of a decoded item that a network sees one by one: mostly one, of a long clip several.

        The features of an item are the mean of those of its parts.
        """

    def collate(self, parts: Sequence[Part], spec: AnySpec) -> Batch:
        """Return parts as one batch."""

    def sort_key(self, properties: Mapping[str, Any]) -> float:
        """Return a number that is alike for items that go well into one batch, such as their length."""

    # Specs.

    @property
    def default_spec(self) -> InputSpec:
        """The spec of a usual network, by which items are decoded where none is at hand."""

    def read_spec(self, record: Mapping[str, Any]) -> InputSpec:
        """Return the spec that ``InputSpec.to_json`` describes."""

    def fit_spec(self, spec: AnySpec, properties: Sequence[Mapping[str, Any]]) -> InputSpec:
        """Return a spec with what it takes from training items, whose properties are given; mostly itself."""

    def describe_fit(self, spec: AnySpec, properties: Sequence[Mapping[str, Any]]) -> str:
        """Return what ``fit_spec`` took from the training items, in a line; "" for nothing."""

    def note_items(self, spec: AnySpec, facts: Sequence[ItemFacts]) -> list[str]:
        """Return for each item the note that stands in the ledger once the spec is fitted."""

    def summarise(self, facts: Sequence[ItemFacts]) -> tuple[str, ...]:
        """Return notes for the ledger on what is unusual about items."""

    # Facets.

    @property
    def stats(self) -> "facets.StatisticsFacet | None":
        """Facts about items that need no network."""

    @property
    def duplicates(self) -> "facets.DuplicatesFacet | None":
        """Evidence by which near-duplicates are found."""

    @property
    def augmentation(self) -> "facets.AugmentationFacet | None":
        """Changed views of training items."""

    @property
    def preview(self) -> "facets.PreviewFacet | None":
        """Small copies of items for reports."""

    @property
    def explanation(self) -> "facets.ExplanationFacet | None":
        """Evidence for an answer, shown on the item."""

    @property
    def graph(self) -> "facets.PreprocessingFacet | None":
        """Preprocessing inside the saved graph."""

    @property
    def settings(self) -> "type[Chapter] | None":
        """The modality's own chapter of settings: its flags, its table, its keywords."""


@cache
def get_modality(name: str) -> Modality:
    """Return the modality of a name.

    Raises:
        SettingError: there is none, as where its package is not installed any more.
    """
    if name in MODALITIES:
        return _load_builtin(name)
    others = dict(load_plugins(GROUP, MODALITIES))
    if name not in others:
        raise SettingError(f"no modality {name!r} is installed; {nearest(name, [*MODALITIES, *others])}")
    modality: Modality = others[name]
    return modality


def find_noun(name: str) -> Noun:
    """Return the word for the items of a modality; "sample" where it is not installed any more."""
    try:
        return get_modality(name).noun
    except SettingError:
        return SAMPLE


def all_modalities() -> Iterator[Modality]:
    """Yield the modalities of this package and those that other packages register."""
    for name in MODALITIES:
        yield get_modality(name)
    for name, _ in load_plugins(GROUP, MODALITIES):
        yield get_modality(name)


def read_spec(record: Mapping[str, Any]) -> InputSpec:
    """Return the spec that ``InputSpec.to_json`` describes, of any modality.

    Raises:
        KeyError: it names no kind.
        SettingError: there is no such modality.
    """
    return get_modality(record["kind"]).read_spec(record)


def is_drawn(content: bytes) -> bool:
    """Return whether the beginning of a file says that headstart drew it."""
    return MARK in content[:MARK_WITHIN]


def _load_builtin(name: str) -> Modality:
    module, _, attribute = MODALITIES[name].partition(":")
    modality: Modality = getattr(importlib.import_module(module), attribute)()
    return modality


def fill_axes(tensor: TensorSpec, length: int = 16) -> tuple[int, ...]:
    """Return the shape of a tensor without the first axis, where axes that are as long as they come have a length."""
    return tuple(length if axis is None else axis for axis in tensor.shape)


def make_blank(spec: InputSpec, parts: int) -> Batch:
    """Return a batch of zeros, to time and try networks on."""
    return {one.name: np.zeros((parts, *fill_axes(one)), one.dtype) for one in spec.tensors}


def take(batch: Batch, places: Sequence[int] | slice) -> Batch:
    """Return some parts of a batch; it is not copied where they are all of it."""
    if not isinstance(places, slice) and len(places) == count_parts(batch):
        return batch
    chosen = places if isinstance(places, slice) else np.asarray(places, np.int64)
    return {name: tensor[chosen] for name, tensor in batch.items()}


def average_parts(rows: Floats, counts: Sequence[int]) -> Floats:
    """Return the mean of each item's rows, float32 (N, D); rows of items that have one part each stay as they are.

    Args:
        rows: float32 (M, D), of the parts of all items, one item after the other.
        counts: for each of N items how many parts it has, at least 1.
    """
    if len(rows) == len(counts):
        return rows
    starts = np.cumsum([0, *counts[:-1]])
    return np.asarray(np.add.reduceat(rows, starts, axis=0) / np.array(counts, np.float32)[:, None], np.float32)


def count_parts(batch: Batch) -> int:
    """Return how many parts a batch has."""
    return len(next(iter(batch.values())))
