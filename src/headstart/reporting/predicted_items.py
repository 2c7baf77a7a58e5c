"""Samples as a page shows them: name, class, prediction and the training samples most like them."""

from dataclasses import dataclass

import numpy as np

from headstart.reporting.item_tiles import ItemTile, make_tile
from headstart.reporting.records import Records


@dataclass(frozen=True, slots=True)
class PredictedItem:
    """A test sample and the saved classifier's prediction for it."""

    row: int  #: in predictions.npz
    id: str
    name: str
    label: str  #: the true class
    predicted: str
    right: bool
    probability: float  #: of the predicted class, calibrated
    own: float  #: of the true class
    likely: tuple[str, ...]  #: its prediction set, likeliest first
    novelty: float  #: NaN where there is none
    unfamiliar: bool
    neighbours: tuple[ItemTile, ...]  #: the training samples most like it, where they were kept

    @property
    def heat(self) -> str:
        """The key of the preview of where the classifier looked."""
        return f"heat/{self.id}"

    @property
    def alt(self) -> str:
        """The preview in words, for those who don't see it."""
        return f"{self.name}: {self.label}, " + ("found" if self.right else f"taken for {self.predicted}")


class PredictedItems:
    """The test samples, by their rows in ``predictions.npz``."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.rows = np.flatnonzero(records.predictions.part == "test")  #: (T,)

    def __getitem__(self, row: int) -> PredictedItem:
        predictions, classes = self._records.predictions, self._records.classes
        probabilities, id_ = predictions.probabilities[row], str(predictions.id[row])
        predicted, label = int(predictions.predicted[row]), int(predictions.label[row])
        order = np.argsort(-probabilities, kind="stable")
        return PredictedItem(
            row=int(row),
            id=id_,
            name=self._records.name(id_),
            label=classes[label],
            predicted=classes[predicted],
            right=predicted == label,
            probability=float(probabilities[predicted]),
            own=float(probabilities[label]),
            likely=tuple(classes[k] for k in order if predictions.prediction_set[row, k]),
            novelty=float(predictions.novelty[row]),
            unfamiliar=bool(predictions.out_of_distribution[row]),
            neighbours=tuple(make_tile(self._records, near) for near, _ in self._records.trust.neighbours.get(id_, ())),
        )
