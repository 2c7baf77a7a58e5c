"""The protocol of a modality: all that is special about one kind of data, and the registry of them.

What stands here is needed to predict, so it imports no PyTorch. What only fitting needs is a facet, a small protocol of
``modalities.facets``; a modality imports what is behind a facet when it is first asked for. A facet may be None: then
that part of the job is left out, and the run says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from headstart_runtime.errors import UserError
from headstart_runtime.modalities.batch import AnySpec, Batch, InputSpec, Part
from headstart_runtime.modalities.item import SAMPLE, Decoded, ItemFacts, Noun, OpenedItem, Raw, SourceHints
from headstart_runtime.plugins import Registry
from headstart_runtime.protocol_checks import expect_members

if TYPE_CHECKING:
    from headstart.settings.chapter import Chapter
    from headstart_runtime.modalities import facets
    from headstart_runtime.modalities.explanation_facet import ExplanationFacet, RemovalFacet
    from headstart_runtime.modalities.preprocessing_facet import PreprocessingFacet

GROUP = "headstart.modalities"  #: of the entry points by which other packages add modalities
#: Where each built-in modality is; it is imported when it is first asked for.
MODALITIES: dict[str, "str | Modality"] = {
    "image": "headstart_runtime.modalities.image.modality:ImageModality",
    "text": "headstart_runtime.modalities.text.modality:TextModality",
    "sound": "headstart_runtime.modalities.sound.modality:SoundModality",
}


class Modality(Protocol):
    """One kind of data."""

    name: str
    noun: Noun
    suffixes: frozenset[str]  #: of its files, in lower case with the dot
    hints: SourceHints
    default_backbone: str  #: the network where none is named; "" for none: then one of a provider is

    # An item as a caller gives it: a path, bytes, an array, an object. Asked here and nowhere else.

    def accepts(self, value: object) -> bool:
        """Return whether a caller gave one item, or an attempt at one, and not a collection of items."""

    def accepts_array(self, array: NDArray[Any]) -> bool:
        """Return whether an array looks like several of its items."""

    def open(self, value: object) -> OpenedItem:
        """Return an item as a caller gave it; nothing is read yet.

        Args:
            value: a ``pathlib.Path`` of a file that is there; the bytes of a file; an array or another object; a str,
                which is an item itself where ``hints.value_columns`` names columns of items or ``accepts_array`` takes
                arrays of text, and else the path of a file as a person wrote it.
        """

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
        """Return a number that is alike for items that go well into one batch, such as their length.

        Samples are sorted by it before their features are computed; where items are predicted, their parts are sorted
        by how long their tensors are.
        """

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
    def explanation(self) -> "ExplanationFacet | RemovalFacet | None":
        """Evidence for an answer, shown on the item."""

    @property
    def graph(self) -> "PreprocessingFacet | None":
        """Preprocessing inside the saved graph."""

    @property
    def settings(self) -> "type[Chapter] | None":
        """The modality's own chapter of settings: its flags, its table, its keywords."""


def _check_modality(modality: Modality) -> str:
    """Return why an object is no modality of use; "" where it is."""
    if fault := expect_members(Modality)(modality):
        return fault
    odd = [suffix for suffix in modality.suffixes if suffix[:1] != "." or suffix != suffix.lower()]
    return f"its suffixes have {odd[0]!r}; wanted lower case and a dot in front" if odd else ""


REGISTRY: Registry[Modality] = Registry(
    GROUP, "modality", MODALITIES, _check_modality, name_in="name", reserved=("auto",)
)


def get_modality(name: str) -> Modality:
    """Return the modality of a name.

    Raises:
        SettingError: there is none, as where its package is not installed any more.
        PluginError: it cannot be used.
    """
    return REGISTRY.get(name)


def find_noun(name: str) -> Noun:
    """Return the word for the items of a modality; "sample" where it is not installed any more."""
    try:
        return get_modality(name).noun
    except UserError:
        return SAMPLE


def all_modalities() -> Iterable[Modality]:
    """Return the modalities of this package and those that other packages register."""
    return REGISTRY.all().values()


def read_spec(record: Mapping[str, Any]) -> InputSpec:
    """Return the spec that ``InputSpec.to_json`` describes, of any modality.

    Raises:
        KeyError: it names no kind.
        SettingError: there is no such modality.
    """
    return get_modality(record["kind"]).read_spec(record)
