"""The prediction for one item, and how it is made of arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.inference.item_notes import list_item_notes, render_answer
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.item import OpenedItem


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The prediction for one item. One that could not be read has an ``error``, no label and no probabilities."""

    source: str  #: the path as given, or what was given: "bytes", "array", "file"
    label: str | None
    #: the predicted class, also of an item that is out of distribution: the likeliest, or by a threshold
    probability: float  #: of ``label``; 0 where there is none
    probabilities: Floats  #: (C,), in the order of the classifier's classes, sums to 1; (0,) on an error
    error: str | None = None
    uncalibrated: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    #: (C,), the probabilities before calibration; (0,) on an error
    prediction_set: tuple[str, ...] = ()
    #: the classes that it takes to hold the true one with the promised coverage, likeliest first; empty on an error and
    #: where the classifier makes none
    novelty: float | None = None  #: how unlike the training items, 1.0 at the threshold; None where it is not judged
    out_of_distribution: bool = False  #: novelty is above 1: the item is unlike all of training, the label unsure
    repaired: str | None = None  #: what had to be mended in memory before the item could be answered, if anything
    note: str = ""
    #: what was done with the item that is not done with every one, such as by what range its values were scaled, and
    #: whether those outside of it were clipped
    classes: tuple[str, ...] = field(default=(), repr=False)  #: the classifier's, in the order of ``probabilities``

    def top(self, count: int) -> list[tuple[str, float]]:
        """Return the likeliest classes with their probabilities, at most ``count``; none on an error."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.classes[index], float(self.probabilities[index])) for index in order]

    def rank(self, count: int) -> list[tuple[str, float]]:
        """Return the predicted class, and then the likeliest others, with their probabilities; at most ``count``."""
        if self.label is None:
            return []
        others = [one for one in self.top(len(self.classes)) if one[0] != self.label]
        return [(self.label, self.probability), *others][:count]

    def describe(self, top: int = 1) -> str:
        """Return the answer for a person: the predicted class and the likeliest others, with their probabilities.

        Args:
            top: how many classes in all.
        """
        return ", ".join(f"{label} {probability:.1%}" for label, probability in self.rank(top))

    def to_cells(self, top: int = 1) -> list[str | tuple[str, ...]]:
        """Return the answer as cells, in the columns of ``Task.answer_columns``; several names are a tuple."""
        pairs = [cell for label, value in self.rank(top) for cell in (label, f"{value:.6f}")]
        return [*pairs, self.prediction_set]

    def to_values(self, top: int = 1) -> list[Any]:
        """Return the answer as plain values, in the columns of ``Task.answer_columns``; None where there is nothing."""
        pairs: list[Any] = [cell for pair in self.rank(top) for cell in pair]
        return [*pairs, list(self.prediction_set) or None]

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
            "probability": self.probability if read else None,
            "probabilities": dict(probabilities) if read else None,
            "top": likeliest if read else None,
            "prediction_set": list(self.prediction_set) if read else None,
            **list_item_notes(self),
        }

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        return render_answer(self, self._list_rows)

    def _list_rows(self) -> list[tuple[str, str]]:
        rows = [(label, f"{probability:.1%}") for label, probability in self.rank(3)]
        if self.prediction_set:
            rows.append(("prediction set", ", ".join(self.prediction_set)))
        return rows


def make_predictions(
    items: Sequence[OpenedItem], batch: BatchPredictions, classes: tuple[str, ...]
) -> list[Prediction]:
    """Return a prediction for each item, in their order, from the arrays of all of them."""
    unfamiliar, predicted = batch.out_of_distribution, batch.predicted
    predictions = []
    for index, (item, row) in enumerate(zip(items, batch.probabilities, strict=True)):
        best = int(predicted[index])
        prediction = Prediction(
            item.name,
            classes[best],
            float(row[best]),
            row,
            uncalibrated=batch.uncalibrated[index],
            prediction_set=()
            if batch.prediction_set is None
            else _list_members(row, batch.prediction_set[index], classes),
            novelty=None if batch.novelty is None else float(batch.novelty[index]),
            out_of_distribution=bool(unfamiliar[index]),
            repaired=item.repaired,
            note=item.note,
            classes=classes,
        )
        predictions.append(prediction)
    return predictions


def make_failure(item: OpenedItem, error: Exception, classes: tuple[str, ...]) -> Prediction:
    """Return the prediction for an item that cannot be read."""
    return Prediction(item.name, None, 0.0, np.zeros(0, np.float32), str(error), classes=classes)


def _list_members(probabilities: Floats, inside: Bools, classes: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the classes in a prediction set (C,), likeliest first."""
    return tuple(classes[index] for index in np.argsort(-probabilities, kind="stable") if inside[index])
