"""The facets of a modality by which answers are explained: evidence for an answer, shown on the item."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.modalities.batch import AnySpec, Batch, InputSpec
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.item import OpenedItem
from headstart_runtime.modalities.marked_text import MarkedPiece


class ExplanationFacet(Protocol):
    """Evidence for an answer, shown on the item: a map of the places of an item, as networks have it inside."""

    dimensions: Literal[1, 2]  #: in which places lie: 2 for a square of them, 1 for a row
    legend: str  #: of an overlay: "the words that spoke for the answer, between stars"

    def make_probe(self, spec: AnySpec) -> Batch:
        """Return one part of noise, by which the layers of a network are told apart."""

    def align(self, places: Floats, spec: AnySpec, widest: AnySpec, shape: tuple[int, int]) -> Floats:
        """Return a map on a common grid.

        Args:
            places: (h, w), or (1, w) of a row, over what ``spec`` lets a network see of an item; of several parts a
                row has those of all, one after the other.
            spec: of the network that has the map.
            widest: the spec that sees most, see ``find_widest``; the grid covers what it sees.
            shape: of the grid.
        """

    def find_widest(self, specs: Sequence[AnySpec]) -> InputSpec:
        """Return the spec that lets a network see most of an item."""

    def locate(self, item: OpenedItem, spec: AnySpec, part: int) -> Any:
        """Return where the places of a map lie on an item, seen by a spec: a record that the modality knows.

        Args:
            item: as it was opened.
            spec: see ``find_widest``.
            part: of a map in a square, the part of the item that it is of; a row is of all parts: 0.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """

    def overlay(self, value: Any, weights: Floats, extent: Any) -> Thumbnail:
        """Return a small copy of a decoded item with weights 0..1 of its places laid over it, for a report.

        Args:
            value: the item, decoded for any spec.
            weights: of its places, (h, w) or (1, w).
            extent: where they lie, see ``locate``.
        """

    def illustrate(self, value: Any, weights: Floats, extent: Any) -> Thumbnail:
        """Return a decoded item beside its evidence, for a file of its own; see ``overlay``."""


@runtime_checkable
class RemovalFacet(Protocol):
    """Evidence for an answer by removal: pieces of an item are taken out, and the answer without them is compared.

    It needs no map inside a network, and so suits items of which every piece is read together with all others.
    """

    legend: str  #: of an overlay: "the words that spoke for the answer, marked"
    method: str  #: "removal of words"
    marks_text: bool  #: whether items are running text, which ``list_marked`` gives

    def split(self, value: Any) -> Any:
        """Return the pieces of a decoded item, in order: a record that the modality knows, with a length."""

    def remove(self, value: Any, pieces: Any, removed: Bools) -> Any:
        """Return a decoded item without some of its pieces.

        Args:
            value: the item.
            pieces: of it, see ``split``.
            removed: (P,) whether each is taken out; not all of them.
        """

    def overlay(self, value: Any, weights: Floats, extent: Any) -> Thumbnail:
        """Return a small copy of a decoded item with weights 0..1 of its pieces shown on it, for a report.

        Args:
            value: the item.
            weights: of its pieces, (1, P).
            extent: the pieces, see ``split``.
        """

    def illustrate(self, value: Any, weights: Floats, extent: Any) -> Thumbnail:
        """Return a decoded item with its evidence, for a file of its own; see ``overlay``."""

    def list_marked(self, value: Any, weights: Floats, extent: Any) -> Sequence[MarkedPiece]:
        """Return a decoded item as running text with the weights of its pieces, for a terminal; () where it is none."""
