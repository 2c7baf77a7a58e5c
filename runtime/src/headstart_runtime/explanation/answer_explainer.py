"""The answers of a saved model, explained item by item; how is left to those that inherit."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart_runtime.arrays import Floats
from headstart_runtime.errors import ClassifierError, DataError, UserError, nearest
from headstart_runtime.inference import model_format
from headstart_runtime.inference.files import read_files
from headstart_runtime.modalities.explanation_facet import ExplanationFacet, RemovalFacet
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.given import open_item
from headstart_runtime.modalities.item import BrokenItem, NamedItem, OpenedItem
from headstart_runtime.modalities.marked_text import MarkedPiece
from headstart_runtime.tasks.explanation_facet import AnswerExplanation
from headstart_runtime.tasks.task import refuse_missing


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """Places of an item that speak for a label, or raise a number."""

    values: Floats  #: (h, w), or (1, w) of a row; 0 where nothing does, the most telling place 1
    extent: Any  #: where they lie on the item, as its modality measures it; of a photo a box, and its size in pixels
    method: str  #: "hirescam", "attention x gradient" or "rollout"; several are joined by " + "
    label: str  #: that is explained: a class, a label, a column of numbers
    shown: str  #: what is said of it, for people: "87.2%", "12.5"
    value: float  #: likewise: a probability, a number, a mean rank
    probability: float | None  #: of a class or label, calibrated; None of what is none
    features: Floats  #: (D,) of the first branch: what ``Neighbours`` compares
    out_of_distribution: bool = False  #: the item is unlike all training samples: the label means little
    part: int = 0  #: of an item that a network sees in several squares, the one that is shown: it says most
    parts: int = 1  #: of how many; 1 for a row, which shows all parts, one after the other


class AnswerExplainer(ABC):
    """Explanations of a saved model's answers. Made once, used for any number of items, from one thread."""

    def __init__(self, folder: Path):
        """Read the model.

        Raises:
            UserError: its task has no explanations.
            ClassifierError: it cannot be read, or its kind of data has no explanation.
        """
        self.folder = model_format.find_model(Path(folder))
        self._files = read_files(self.folder)
        self.record = self._files.record
        explained = self.record.task.explanation
        if explained is None:
            refuse_missing(self.record.task, "heat maps")
        self._answer: AnswerExplanation = explained
        self.labels = tuple(explained.list_explained(self.record.space))  #: that may be asked about
        self.modality = self.record.modality
        if self.modality.explanation is None:
            raise ClassifierError(f"there is no explanation for answers to {self.modality.noun.many}")
        self._shown: ExplanationFacet | RemovalFacet = self.modality.explanation

    def explain(self, item: Any, label: str | None = None) -> HeatMap:
        """Return the places of an item that speak for a label, or raise a number.

        Args:
            item: a path, bytes or an array, as ``predict`` takes them.
            label: one of ``labels``; None means the likeliest class or label, or the first number.

        Raises:
            DataError: the item cannot be read.
            UserError: there is no such label.
        """
        if label is not None and label not in self.labels:
            raise UserError(f"the classifier has no {self._answer.noun} {label!r}; {nearest(label, list(self.labels))}")
        opened = open_item(self.modality, item)
        try:
            return self._explain(opened, label)
        except BrokenItem as error:
            value = item.value if isinstance(item, NamedItem) else item
            remedy = self.modality.suggest_remedy(value, str(error))
            raise DataError(f"{opened.name}: {error}{remedy}") from None

    @abstractmethod
    def _explain(self, opened: OpenedItem, label: str | None) -> HeatMap:
        """Return the places of an opened item that speak for a label, or for the answer where none is named.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """

    @property
    @abstractmethod
    def method(self) -> str:
        """Return how the maps are made."""

    @property
    def legend(self) -> str:
        """Return what an overlay shows, in a few words."""
        return self._shown.legend

    def overlay(self, value: Any, heat: HeatMap) -> Thumbnail:
        """Return a small copy of a decoded item under its heat map, for a report."""
        return self._shown.overlay(value, heat.values, heat.extent)

    def illustrate(self, item: Any, heat: HeatMap) -> Thumbnail:
        """Return an item beside its heat map, for a file of its own.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """
        return self._shown.illustrate(open_item(self.modality, item).load(self.record.spec), heat.values, heat.extent)

    def list_marked(self, item: Any, heat: HeatMap) -> Sequence[MarkedPiece]:
        """Return an item as running text with what speaks for the answer; () where it is none.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """
        if not isinstance(self._shown, RemovalFacet):
            return ()
        return self._shown.list_marked(open_item(self.modality, item).load(self.record.spec), heat.values, heat.extent)
