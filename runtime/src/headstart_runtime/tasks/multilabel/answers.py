"""The answer for one item: the labels that are there, their probabilities, and the set that misses few."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.inference.item_notes import list_item_notes, render_answer
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES, UNCALIBRATED
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.item import OpenedItem
from headstart_runtime.tasks.multilabel.postprocessor import LABELS

_SHOWN = 5  #: labels in a table for notebooks


@dataclass(frozen=True, slots=True, eq=False)
class LabelSetPrediction:
    """The answer for one item. One that could not be read has an ``error``, no labels and no probabilities."""

    source: str  #: the path as given, or what was given: "bytes", "array", "file"
    labels: tuple[str, ...]  #: those that are there, likeliest first; none of them is an answer too
    probabilities: Floats  #: (K,) that each label is there, in the order of ``names``; (0,) on an error
    error: str | None = None
    uncalibrated: Floats = field(default_factory=lambda: np.zeros(0, np.float32))  #: (K,), before calibration
    prediction_set: tuple[str, ...] = ()
    #: the labels that it takes to miss no more than the promised share of those that are there, likeliest first; empty
    #: on an error and where nothing is promised
    novelty: float | None = None  #: how unlike the training items, 1.0 at the threshold; None where it is not judged
    out_of_distribution: bool = False  #: novelty is above 1: the item is unlike all of training, the answer unsure
    repaired: str | None = None  #: what had to be mended in memory before the item could be answered, if anything
    note: str = ""  #: what was done with the item that is not done with every one
    names: tuple[str, ...] = field(default=(), repr=False)  #: all labels, in the order of ``probabilities``

    def top(self, count: int) -> list[tuple[str, float]]:
        """Return the likeliest labels with their probabilities, at most ``count``, there or not; none on an error."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.names[index], float(self.probabilities[index])) for index in order]

    def describe(self, top: int = 1) -> str:
        """Return the answer for a person: the labels that are there with their probabilities, and at least ``top``.

        Labels that are listed without being there stand in brackets.
        """
        ranked = self.top(len(self.names))
        there = [f"{name} {probability:.1%}" for name, probability in ranked if name in self.labels]
        others = [f"{name} {probability:.1%}" for name, probability in ranked if name not in self.labels]
        more = others[: max(0, top - len(there))]
        shown = ", ".join(there) or "none of the labels"
        return f"{shown} ({'not ' if there else 'likeliest '}{', '.join(more)})" if more else shown

    def to_cells(self, top: int = 1) -> list[str | tuple[str, ...]]:
        """Return the answer as cells, in the columns of ``Task.answer_columns``; several names are a tuple."""
        pairs = [cell for name, value in self.top(top) for cell in (name, f"{value:.6f}")]
        return [self.labels, *pairs, self.prediction_set]

    def to_values(self, top: int = 1) -> list[Any]:
        """Return the answer as plain values, in the columns of ``Task.answer_columns``; several names are a list."""
        pairs = [cell for pair in self.top(top) for cell in pair]
        return [list(self.labels), *pairs, list(self.prediction_set)]

    def to_json(self, top: int = 1) -> dict[str, Any]:
        """Return plain values for ``json.dumps``. Every key is always there; None stands where there is nothing to say.

        Args:
            top: how many of the likeliest labels ``"top"`` lists.
        """
        read = self.error is None
        probabilities = zip(self.names, self.probabilities.tolist(), strict=read)
        return {
            "source": self.source,
            "labels": list(self.labels) if read else None,
            "probabilities": dict(probabilities) if read else None,
            "top": [{"label": name, "probability": value} for name, value in self.top(top)] if read else None,
            "prediction_set": list(self.prediction_set) if read else None,
            **list_item_notes(self),
        }

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        return render_answer(self, self._list_rows)

    def _list_rows(self) -> list[tuple[str, str]]:
        rows = [("labels", ", ".join(self.labels) or "none of them")]
        rows += [(name, f"{probability:.1%}") for name, probability in self.top(max(_SHOWN, len(self.labels)))]
        if self.prediction_set:
            rows.append(("at most", ", ".join(self.prediction_set)))
        return rows


def make_label_predictions(
    items: Sequence[OpenedItem], batch: BatchPredictions, names: tuple[str, ...]
) -> list[LabelSetPrediction]:
    """Return the answer for each item, in their order, from the arrays of all of them."""
    probabilities, labels = batch.outputs[PROBABILITIES], batch.outputs[LABELS]
    sets, unfamiliar = batch.outputs.get(PREDICTION_SET), batch.out_of_distribution
    return [
        LabelSetPrediction(
            item.name,
            _list_names(row, labels[index], names),
            row,
            uncalibrated=batch.outputs[UNCALIBRATED][index],
            prediction_set=() if sets is None else _list_names(row, sets[index], names),
            novelty=None if batch.novelty is None else float(batch.novelty[index]),
            out_of_distribution=bool(unfamiliar[index]),
            repaired=item.repaired,
            note=item.note,
            names=names,
        )
        for index, (item, row) in enumerate(zip(items, probabilities, strict=True))
    ]


def make_label_failure(item: OpenedItem, error: Exception, names: tuple[str, ...]) -> LabelSetPrediction:
    """Return the record for an item that cannot be read."""
    return LabelSetPrediction(item.name, (), np.zeros(0, np.float32), str(error), names=names)


def _list_names(probabilities: Floats, inside: Bools, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the labels that are inside, likeliest first."""
    return tuple(names[index] for index in np.argsort(-probabilities, kind="stable") if inside[index])
