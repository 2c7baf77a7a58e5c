"""The facet of explanations: the part of an answer that is explained. It needs what predicting needs, and no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.tasks.task import TargetArray, TargetSpace


@dataclass(frozen=True, slots=True)
class ExplainedOutput:
    """The part of an answer that is explained."""

    index: int  #: of the output, as ``AnswerExplanation.differentiate`` takes it
    label: str  #: for people: a class, a label, a column
    value: float  #: of the answer: a probability, a number, a mean rank
    shown: str  #: the value, for people: "87.2%", "12.5"
    probability: float | None = None  #: of a class or label, calibrated; None of what is none


@dataclass(frozen=True, slots=True)
class ExplainedSlope:
    """The answer of one member of a model, as the places of an item make it up."""

    gradient: Floats  #: (K,) of what is explained, by the member's logits
    #: What is explained, above what an item without evidence has: the places add up to it. None: there is no such
    #: beginning, and places are told from each other.
    answer: float | None
    share: float  #: what the member gives to the answer: members of an ensemble count by it


class AnswerExplanation(Protocol):
    """The part of an answer that a heat map explains. Asking for it imports what predicting needs, and no more."""

    noun: str  #: of what may be asked about: "class"

    def list_explained(self, space: TargetSpace) -> Sequence[str]:
        """Return the names that may be asked about: classes, labels, columns of numbers."""

    def choose(self, space: TargetSpace, outputs: Mapping[str, NDArray[Any]], label: str | None) -> ExplainedOutput:
        """Return what is explained of an item's answer.

        Args:
            space: of the model.
            outputs: of the item, by their names in the graph, without the axis of items.
            label: what is asked about, one of ``list_explained``; None: what the answer says.
        """

    def find_disputed(
        self, space: TargetSpace, targets: TargetArray, outputs: Mapping[str, NDArray[Any]]
    ) -> Sequence[str | None]:
        """Return for each of N labelled items what of its answer is worth explaining: where answer and label disagree.

        None: what the answer says.

        Args:
            space: of the model.
            targets: as the items are labelled, (N, ...).
            outputs: of the items, by their names in the graph, (N, ...) each.
        """

    def differentiate(self, space: TargetSpace, logits: Floats, index: int) -> ExplainedSlope:
        """Return what is explained of one member's logits (K,), linear around them."""
