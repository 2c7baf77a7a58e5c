"""What is said of one photo, and how it is made of arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headstart.inference.postprocess import BatchPredictions
from headstart.modalities.image.load import OpenedPhoto


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The answer for one photo. A photo that could not be read has an ``error``, no label and no probabilities."""

    source: str  #: the path as given, or what was given: "bytes", "array", "image", "file"
    label: str | None  #: the likeliest class, also of a photo that is declined
    probability: float  #: of ``label``; 0 where there is none
    probabilities: NDArray[np.float32]  #: (C,), in the order of the classifier's classes, sums to 1; (0,) on an error
    error: str | None = None
    uncalibrated: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    #: (C,), the probabilities before calibration; (0,) on an error
    prediction_set: tuple[str, ...] = ()
    #: the classes that it takes to hold the true one with the promised coverage, likeliest first; empty on an error and
    #: where the classifier makes none
    novelty: float | None = None  #: how unlike the training photos, 1.0 at the threshold; None where it is not judged
    out_of_distribution: bool = (
        False  #: novelty is above 1: the label means little, for the photo is unlike all training photos
    )
    repaired: str | None = None  #: what had to be mended in memory before the photo could be answered, if anything
    note: str = ""
    #: what was done with the photo that is not done with every one: by what range more than 8 bits were scaled, and
    #: whether values outside of it were clipped; which picture of a file of several was taken


def make_predictions(photos: Sequence[OpenedPhoto], said: BatchPredictions, classes: Sequence[str]) -> list[Prediction]:
    """Return a prediction for each photo, from what is said of all of them, in their order."""
    declined = said.out_of_distribution
    predictions = []
    for index, (photo, row) in enumerate(zip(photos, said.probabilities, strict=True)):
        best = int(row.argmax())
        prediction = Prediction(
            photo.name,
            classes[best],
            float(row[best]),
            row,
            uncalibrated=said.uncalibrated[index],
            prediction_set=()
            if said.prediction_set is None
            else _names_in_set(row, said.prediction_set[index], classes),
            novelty=None if said.novelty is None else float(said.novelty[index]),
            out_of_distribution=bool(declined[index]),
            repaired=photo.repaired,
            note=photo.note,
        )
        predictions.append(prediction)
    return predictions


def make_failure(photo: OpenedPhoto, error: Exception) -> Prediction:
    """Return the answer for a photo that cannot be read."""
    return Prediction(photo.name, None, 0.0, np.zeros(0, np.float32), str(error))


def _names_in_set(row: NDArray[np.float32], chosen: NDArray[np.bool_], classes: Sequence[str]) -> tuple[str, ...]:
    """A prediction set (C,) by its names, likeliest first."""
    return tuple(classes[index] for index in np.argsort(-row, kind="stable") if chosen[index])
