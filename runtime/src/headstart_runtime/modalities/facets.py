"""Facets of a modality: what only fitting, judging and reporting ask of it. Each may be absent."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor
from dataclasses import dataclass
from mimetypes import MimeTypes
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.modalities.batch import AnySpec, InputSpec, Part

if TYPE_CHECKING:
    from headstart.storage.store import FeatureSpace, Store

Properties = Sequence[Mapping[str, Any]]  #: of N items, as ``ItemFacts.properties`` has them, with their "format"


class ItemStats(Protocol):
    """Statistics of N items, as the modality has them."""

    def __len__(self) -> int: ...

    def take(self, rows: Sequence[int]) -> "ItemStats":
        """Return the statistics of some of the items, by their rows, in that order."""


@dataclass(frozen=True, slots=True)
class NamedProperty:
    """A property by which items are sliced, with names for values."""

    name: str  #: "file type"
    values: Sequence[Sequence[str]]  #: for each of N items its values, mostly one


@dataclass(frozen=True, slots=True)
class NumericProperty:
    """A property by which items are sliced, with numbers for values; they are cut into thirds."""

    name: str  #: "brightness"
    values: Doubles  #: (N,), cut between whole ones
    thirds: tuple[str, str, str]  #: "dark", "middle", "bright"
    unit: str = ""  #: behind a limit
    scale: int = 1  #: limits are shown divided by it


@dataclass(frozen=True, slots=True)
class ItemIssue:
    """The items that have one kind of issue."""

    kind: str  #: "blurred"
    limit: str  #: from where on an item counts, for a person
    ids: tuple[str, ...]  #: of the items, the worst first


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Rows by which it shows whether a cue that is a part of each item is only what the item shows, reaching there."""

    subject: Floats  #: (N, k) of the part where the subject is
    rest: Floats  #: (N, k) of all but the cue's own part
    whole: Floats  #: (N, k) of all


@dataclass(frozen=True, slots=True)
class Cue:
    """Something about N items, other than what they show, that may tell their classes."""

    name: str  #: "border"
    words: str  #: for a person: "the border of the photo"
    make_rows: Callable[[], Floats]  #: float32 (N, k) of the cue alone
    make_surroundings: Callable[[], Surroundings] | None = None  #: where the cue is a part of each item
    #: Gives, where each column alone is a cue, the words for each: "the word 'free'"; the one that tells most is taken.
    name_columns: Callable[[], Sequence[str]] | None = None


class StatisticsFacet(Protocol):
    """Small facts about items that need no network, computed while their features are."""

    def space(self, spec: AnySpec) -> "FeatureSpace":
        """Return where the statistics of items prepared by a spec are stored."""

    def keep(self, value: Any, parts: Sequence[Part], spec: AnySpec) -> Any:
        """Return what of an item is measured; it is held until a few items are measured together.

        Args:
            value: the decoded item.
            parts: of it, as a network sees them.
            spec: by which it was decoded.
        """

    def compute(self, kept: Sequence[Any]) -> Mapping[str, Floats]:
        """Return the statistics of B items by what is kept of each, float32 (B, width) for each layer of the space."""

    def read(self, store: "Store", spec: AnySpec, digests: Sequence[str], items: Sequence[Any]) -> ItemStats:
        """Read the statistics of items, in the order of the digests.

        Args:
            store: that has them.
            spec: by which the items were prepared.
            digests: of N items.
            items: the N decoded items, each read and decoded when it is asked for.

        Raises:
            StoreError: those of some were not computed.
        """

    def list_properties(self, properties: Properties, stats: Any) -> Sequence[NamedProperty | NumericProperty]:
        """Return the properties by which N items are sliced."""

    def find_issues(self, ids: Sequence[str], properties: Properties, stats: Any, spec: AnySpec) -> Iterable[ItemIssue]:
        """Yield one record for each kind of issue, those that no item has included."""

    def list_cues(self, properties: Properties, stats: Any) -> Sequence[Cue]:
        """Return the cues by which N items may be told apart without what they show."""


class PairScorer(Protocol):
    """A scorer of pairs among N items."""

    def describe(self) -> Floats:
        """Return descriptors of length 1, (N, D): near-duplicates have a cosine of 0.5 or more."""

    def score(self, pairs: Ints, pool: Executor) -> Floats:
        """Return log-odds (M,) that the items of each pair show the same; 0 is the threshold.

        Args:
            pairs: (M, 2) of 0 ... N - 1, in rising order of the first.
            pool: threads that the work may be divided among.
        """

    def note(self) -> str:
        """Return what is to be said of the items, such as that they are too plain to be compared; "" for nothing."""


class DuplicatesFacet(Protocol):
    """Evidence by which near-duplicates are found."""

    def make_scorer(self, features: Floats, stats: Any, rows: Ints) -> PairScorer:
        """Return a scorer of the pairs among some items.

        Args:
            features: (N, D) rows of the final layer.
            stats: of the same items.
            rows: (M,) the items that are compared.
        """


class Augmenter(Protocol):
    """Changes that are drawn for each view of a training item."""

    @property
    def identity(self) -> bool:
        """Whether every view is the plain one."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the views would."""

    def describe(self) -> str:
        """Return the changes in one line for a person."""

    def make_view(self, value: Any, spec: AnySpec, *, seed: int, digest: str, number: int) -> Part:
        """Return one changed view of a decoded item. Pure: what names a view decides it."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small copy of an item for a report."""

    content: bytes
    media_type: str  #: "image/jpeg", "text/plain", "image/svg+xml"

    @property
    def is_text(self) -> bool:
        """Whether it is plain text."""
        return self.media_type == "text/plain"

    @property
    def suffix(self) -> str:
        """The ending of a file with this content, such as ".jpg"."""
        return MimeTypes().guess_extension(self.media_type) or ""


@dataclass(frozen=True, slots=True)
class SheetItem:
    """An item whose changed views are shown."""

    caption: str
    digest: str
    value: Any  #: decoded


class AugmentationFacet(Protocol):
    """Changed views of training items, by the settings."""

    sheet_suffixes: tuple[str, ...]  #: of files that a sheet of views can be written as, in lower case with the dot

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """The values that a search of hyperparameters tries, of settings of the modality's chapter."""

    def make_augmenter(self, settings: Any, kept: AbstractSet[str]) -> Augmenter:
        """Return the augmenter that the settings ask for.

        Args:
            settings: of the fit.
            kept: names of changes that keep what a task asks, see ``Task.invariances``; "*" for all. By default others
                are left out; what the settings name is done.
        """

    def make_plain(self) -> Augmenter:
        """Return the augmenter that changes nothing."""

    def explain_kept(self, settings: Any, kept: AbstractSet[str]) -> Sequence[str]:
        """Return what is left out for what a task asks, and what is done in spite of it: clauses without an end."""

    def fit_view_spec(self, settings: Any, spec: AnySpec, kept: AbstractSet[str]) -> InputSpec:
        """Return the spec of the views that are trained on: they may be smaller than what a network is judged on."""

    def smallest_window(self, settings: Any, kept: AbstractSet[str]) -> float:
        """Return the least share of a feature map's edge that a step of training sees; 1 is the whole."""

    def note_unseen(self, properties: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        """Return notes on parts of items that no network sees, plain or changed, by the properties of N items."""

    def make_sheet_spec(self) -> InputSpec:
        """Return the spec of the views on a sheet where there is no network that would say its own."""

    def draw_sheet(
        self, items: Iterable[SheetItem], spec: AnySpec, augmenter: Any, *, seed: int, suffix: str = ""
    ) -> Thumbnail | None:
        """Return a sheet of the first items, each plain and changed; None for no items.

        Args:
            items: decoded for the spec; no more are taken than the sheet has room for.
            spec: of the views.
            augmenter: of the changes, as ``make_augmenter`` gives one.
            seed: of the changes.
            suffix: of the file that it is for; "" for a report, in which it is smaller.
        """


class PreviewFacet(Protocol):
    """Small copies of items for reports."""

    def make_spec(self, spec: AnySpec | None = None, *, close: bool = False) -> InputSpec:
        """Return the spec that items are decoded for to be shown.

        Args:
            spec: of a network; what is decoded then suits it too.
            close: they are looked at one by one.
        """

    def make_thumbnail(self, value: Any, *, close: bool = False) -> Thumbnail:
        """Return a small copy of a decoded item; a larger one where it is looked at closely."""


@runtime_checkable
class PlayablePreview(PreviewFacet, Protocol):
    """A facet of previews whose items can be played."""

    def make_player(self, value: Any) -> Thumbnail:
        """Return a short copy of an item that was decoded for ``make_spec()``, of a type such as "audio/wav"."""
