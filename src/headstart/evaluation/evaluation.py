"""How good predictions are: one record, which knows of what part and of how many rows it speaks."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headstart.errors import DataError
from headstart.evaluation import metrics
from headstart.evaluation.intervals import Interval, wilson

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class of an evaluation."""

    name: str
    support: int  #: rows of the class in the part
    precision: float  #: 0 where the class was never predicted
    recall: float  #: 0 where the class has no rows
    f1: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores on one part. The predicted class is the most probable one, the first of equals."""

    part: str  #: "train", "validation", "test"
    n: int  #: rows
    classes: tuple[str, ...]
    accuracy: float
    accuracy_interval: Interval
    balanced_accuracy: float  #: over the classes that have rows
    macro_f1: float  #: over the classes that have rows or were predicted
    log_loss: float  #: nats per row
    per_class: tuple[ClassScore, ...]  #: in the order of ``classes``
    confusion: tuple[tuple[int, ...], ...]  #: rows true, columns predicted

    def to_json(self) -> dict[str, Any]:
        """As what ``json.dumps`` takes."""
        return {"schema_version": SCHEMA_VERSION, **json.loads(json.dumps(asdict(self)))}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Back from ``to_json``.

        Raises:
            DataError: another version, or fields missing or unknown.
        """
        fields = dict(value)
        version = fields.pop("schema_version", None)
        if version != SCHEMA_VERSION:
            raise DataError(f"evaluation has schema version {version!r}; this headstart reads {SCHEMA_VERSION}")
        try:
            fields["classes"] = tuple(fields["classes"])
            fields["accuracy_interval"] = Interval(**fields["accuracy_interval"])
            fields["per_class"] = tuple(ClassScore(**score) for score in fields["per_class"])
            fields["confusion"] = tuple(tuple(row) for row in fields["confusion"])
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise DataError(f"evaluation cannot be read: {error}; wanted the fields that to_json writes") from None


def evaluate(
    part: str, labels: NDArray[np.int64], probabilities: NDArray[np.floating], classes: Sequence[str]
) -> Evaluation:
    """Score probabilities (N, C) against labels (N,) in 0..C-1.

    Raises:
        DataError: no rows, shapes that do not belong together, probabilities that are not.
    """
    _check(part, labels, probabilities, len(classes))
    confusion = metrics.confusion_matrix(labels, probabilities.argmax(axis=1), len(classes))
    columns = zip(
        classes,
        confusion.sum(axis=1),
        metrics.precisions(confusion),
        metrics.recalls(confusion),
        metrics.f1_scores(confusion),
        strict=True,
    )
    return Evaluation(
        part=part,
        n=len(labels),
        classes=tuple(classes),
        accuracy=metrics.accuracy(confusion),
        accuracy_interval=wilson(int(np.trace(confusion)), len(labels)),
        balanced_accuracy=metrics.balanced_accuracy(confusion),
        macro_f1=metrics.macro_f1(confusion),
        log_loss=metrics.log_loss(labels, probabilities),
        per_class=tuple(ClassScore(name, int(n), float(p), float(r), float(f)) for name, n, p, r, f in columns),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )


def _check(part: str, labels: NDArray[np.int64], probabilities: NDArray[np.floating], classes: int) -> None:
    if not len(labels):
        raise DataError(f"the part {part!r} has no rows to evaluate")
    if probabilities.shape != (len(labels), classes):
        raise DataError(
            f"{part}: probabilities have shape {probabilities.shape}; wanted ({len(labels)}, {classes}), "
            "a row for each label and a column for each class"
        )
    if not 0 <= labels.min() <= labels.max() < classes:
        raise DataError(f"{part}: labels run from {labels.min()} to {labels.max()}; wanted 0 to {classes - 1}")
    if not np.isfinite(probabilities).all():
        raise DataError(f"{part}: {np.sum(~np.isfinite(probabilities).all(axis=1))} rows of probabilities hold NaN")
