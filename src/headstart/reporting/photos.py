"""Photos as a page shows them: what each is, what was said of it, what it is like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.reporting.records import Records


@dataclass(frozen=True, slots=True)
class Tile:
    """A photo with its name."""

    id: str
    name: str
    label: str = ""  #: its class; empty where that needs no saying


@dataclass(frozen=True, slots=True)
class Tested:
    """A test photo and what the saved classifier said of it."""

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
    declined: bool
    neighbours: tuple[Tile, ...]  #: the training photos most like it, where they were kept

    @property
    def heat(self) -> str:
        """The key of the picture of where the classifier looked."""
        return f"heat/{self.id}"

    @property
    def alt(self) -> str:
        """What the picture shows, for those who don't see it."""
        return f"{self.name}: {self.label}, " + ("found" if self.right else f"taken for {self.predicted}")


class PhotosOfTest:
    """The photos of the test part, by their rows in ``predictions.npz``."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._neighbours: Mapping[str, Any] = records.trust.get("neighbours") or {}
        self.rows = np.flatnonzero(records.predictions.part == "test")  #: (T,)

    def __getitem__(self, row: int) -> Tested:
        it, classes = self._records.predictions, self._records.classes
        said, id_ = it.probabilities[row], str(it.id[row])
        predicted, label = int(said.argmax()), int(it.label[row])
        order = np.argsort(-said, kind="stable")
        return Tested(
            row=int(row),
            id=id_,
            name=self._records.name(id_),
            label=classes[label],
            predicted=classes[predicted],
            right=predicted == label,
            probability=float(said[predicted]),
            own=float(said[label]),
            likely=tuple(classes[k] for k in order if it.prediction_set[row, k]),
            novelty=float(it.novelty[row]),
            declined=bool(it.declined[row]),
            neighbours=tuple(tile_of(self._records, near) for near, _ in self._neighbours.get(id_, ())),
        )


def tile_of(records: Records, id_: str) -> Tile:
    """Any photo that the run's records name."""
    label = records.trust["classes_of"].get(id_)
    return Tile(id_, records.name(id_), "" if label is None else records.classes[label])
