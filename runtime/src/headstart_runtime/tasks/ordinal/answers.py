"""The answer for one item: a grade, how likely each grade is, and a range."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.inference.item_notes import list_item_notes, render_answer
from headstart_runtime.inference.model_format import PREDICTION_SET
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.item import OpenedItem
from headstart_runtime.tasks.ordinal.postprocessor import RANK
from headstart_runtime.tasks.ordinal.ranges import find_ends


@dataclass(frozen=True, slots=True, eq=False)
class Grade:
    """The answer for one item. One that could not be read has an ``error``, no label and no probabilities."""

    source: str  #: the path as given, or what was given: "bytes", "array", "file"
    label: str | None  #: the median class, which is the fewest ranks off on average
    rank: int | None  #: its rank, 0 for the lowest class
    probability: float  #: of ``label``; 0 where there is none
    probabilities: Floats  #: (K,), from the lowest class to the highest, sums to 1; (0,) on an error
    error: str | None = None
    uncalibrated: Floats = field(
        default_factory=lambda: np.zeros(0, np.float32)
    )  #: before calibration; (0,) on an error
    range: tuple[str, str] | None = None
    #: the lowest and the highest class of the range that is taken to hold the true one with the promised coverage; None
    #: on an error and where the model makes none
    novelty: float | None = None  #: how unlike the training items, 1.0 at the threshold; None where it is not judged
    out_of_distribution: bool = False  #: novelty is above 1: the item is unlike all of training, the label unsure
    repaired: str | None = None  #: what had to be mended in memory before the item could be answered, if anything
    note: str = ""  #: what was done with the item that is not done with every one
    classes: tuple[str, ...] = field(default=(), repr=False)  #: the model's, in the order of ``probabilities``

    @property
    def prediction_set(self) -> tuple[str, ...]:
        """The classes of the range, from the lowest to the highest; none where there is no range."""
        if self.range is None:
            return ()
        low, high = (self.classes.index(name) for name in self.range)
        return self.classes[low : high + 1]

    def top(self, count: int) -> list[tuple[str, float]]:
        """Return the likeliest classes with their probabilities, at most ``count``; none on an error."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.classes[index], float(self.probabilities[index])) for index in order]

    def describe(self, top: int = 1) -> str:
        """Return the answer for a person: the class with its probability, and the range where it is wider."""
        if self.range is None or self.range[0] == self.range[1]:
            between = ""
        else:
            between = f" ({self.range[0]} to {self.range[1]})"
        likely = [f"{label} {probability:.1%}" for label, probability in self.top(top)] if top > 1 else []
        more = f": {', '.join(likely)}" if likely else f" {self.probability:.1%}"
        return f"{self.label}{more}{between}"

    def to_cells(self, top: int = 1) -> list[str | tuple[str, ...]]:
        """Return the answer as cells, in the columns of ``Task.answer_columns``."""
        low, high = self.range or ("", "")
        rank = "" if self.rank is None else str(self.rank)
        return [self.label or "", rank, f"{self.probability:.6f}", low, high]

    def to_values(self, top: int = 1) -> list[Any]:
        """Return the answer as plain values, in the columns of ``Task.answer_columns``."""
        return [self.label, self.rank, self.probability, *(self.range or (None, None))]

    def to_json(self, top: int = 1) -> dict[str, Any]:
        """Return plain values for ``json.dumps``. Every key is always there; None stands where there is nothing to say.

        Args:
            top: how many of the likeliest classes ``"top"`` lists.
        """
        read = self.error is None
        probabilities = zip(self.classes, self.probabilities.tolist(), strict=read)
        likeliest = [{"label": label, "probability": probability} for label, probability in self.top(top)]
        return {
            "source": self.source,
            "label": self.label,
            "rank": self.rank,
            "probability": self.probability if read else None,
            "probabilities": dict(probabilities) if read else None,
            "top": likeliest if read else None,
            "range": list(self.range) if self.range else None,
            "prediction_set": list(self.prediction_set) if read else None,
            **list_item_notes(self),
        }

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        return render_answer(self, self._list_rows)

    def _list_rows(self) -> list[tuple[str, str]]:
        rows = [(name, f"{share:.1%}") for name, share in zip(self.classes, self.probabilities.tolist(), strict=True)]
        rows.insert(0, ("answer", str(self.label)))
        if self.range:
            rows.append(("range", " to ".join(dict.fromkeys(self.range))))
        return rows


def make_grades(items: Sequence[OpenedItem], batch: BatchPredictions, classes: tuple[str, ...]) -> list[Grade]:
    """Return the answer for each item, in their order, from the arrays of all of them."""
    inside = batch.outputs.get(PREDICTION_SET)
    ends = None if inside is None else find_ends(inside)
    grades = []
    for index, (item, row, rank) in enumerate(zip(items, batch.probabilities, batch.outputs[RANK], strict=True)):
        grade = Grade(
            item.name,
            classes[rank],
            int(rank),
            float(row[rank]),
            row,
            uncalibrated=batch.uncalibrated[index],
            range=None if ends is None else (classes[ends[index, 0]], classes[ends[index, 1]]),
            novelty=None if batch.novelty is None else float(batch.novelty[index]),
            out_of_distribution=bool(batch.out_of_distribution[index]),
            repaired=item.repaired,
            note=item.note,
            classes=classes,
        )
        grades.append(grade)
    return grades


def fail_grade(item: OpenedItem, error: Exception, classes: tuple[str, ...]) -> Grade:
    """Return the answer for an item that cannot be read."""
    return Grade(item.name, None, None, 0.0, np.zeros(0, np.float32), str(error), classes=classes)
