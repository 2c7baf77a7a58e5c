"""The evaluation of predictions: one record, which knows of which subset and of how many rows it speaks."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Ints
from headstart.display.html import html_table
from headstart.errors import DataError, describe_schema_mismatch
from headstart.evaluation import metrics
from headstart.evaluation.grouping import Targets, effective_sample_size, number_groups
from headstart.evaluation.intervals import Interval, grouped_wilson_interval

SCHEMA_VERSION = 1


#: What can be chosen on the rows that a score is of, in words: the score is optimistic then.
CHOICES = {
    "epoch": "when to end the training",
    "search": "the settings",
    "winner": "the winner",
    "calibration": "the calibration",
}


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class of an evaluation."""

    name: str
    support: int  #: rows of the class in the part
    precision: float | None  #: None where the class was never predicted
    recall: float | None  #: None where the class has no rows
    f1: float | None  #: likewise
    recall_interval: Interval | None  #: 95 %, likewise; by groups


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores on one part. The predicted class is the most probable one, the first of equals."""

    part: str  #: "train", "validation", "test"
    n: int  #: rows
    classes: tuple[str, ...]
    accuracy: float
    accuracy_interval: Interval  #: Wilson's, by as many rows as the groups are worth
    balanced_accuracy: float  #: over the classes that have rows
    macro_f1: float  #: likewise
    log_loss: float  #: nats per row
    per_class: tuple[ClassScore, ...]  #: in the order of ``classes``
    confusion: tuple[tuple[int, ...], ...]  #: rows true, columns predicted
    groups: int  #: groups of rows that belong together; as many as rows where none do
    effective_n: float  #: independent rows that would tell as much of the accuracy
    chosen_on: tuple[str, ...] = ()  #: what was chosen on the same rows, keys of ``CHOICES``; test has nothing here

    @property
    def optimistic(self) -> bool:
        """Whether something was chosen on the same rows, so that the score flatters."""
        return bool(self.chosen_on)

    @property
    def counted(self) -> str:
        """The rows for a person, and in how many groups they come, where some belong together."""
        return f"{self.n} photo{'s' * (self.n != 1)}" + (f" in {self.groups} groups" if self.groups < self.n else "")

    @property
    def caveat(self) -> str:
        """Why the score flatters, for a person; empty where it does not."""
        return describe_caveat(self.chosen_on)

    def _repr_html_(self) -> str:
        low, high = self.accuracy_interval.low, self.accuracy_interval.high
        rows = [(score.name, score.support, score.precision, score.recall, score.f1) for score in self.per_class]
        caption = f"{self.part}: accuracy {self.accuracy:.1%} ({low:.1%} to {high:.1%}) on {self.counted}"
        return html_table(("class", "photos", "precision", "recall", "F1"), rows, caption=caption)

    def to_json(self) -> dict[str, Any]:
        """Return a record that ``json.dumps`` takes."""
        return {"schema_version": SCHEMA_VERSION, **json.loads(json.dumps(asdict(self)))}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the evaluation that ``to_json`` describes.

        Raises:
            DataError: another schema, or fields missing or unknown.
        """
        fields = dict(value)
        version = fields.pop("schema_version", None)
        if version != SCHEMA_VERSION:
            raise DataError(describe_schema_mismatch("evaluation", version, SCHEMA_VERSION))
        try:
            fields["classes"] = tuple(fields["classes"])
            fields["accuracy_interval"] = Interval(**fields["accuracy_interval"])
            fields["per_class"] = tuple(map(_class_score, fields["per_class"]))
            fields["confusion"] = tuple(tuple(row) for row in fields["confusion"])
            fields["chosen_on"] = tuple(fields["chosen_on"])
            return cls(**fields)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DataError(f"evaluation cannot be read: {error}; wanted the fields that to_json writes") from None


def describe_caveat(chosen_on: Sequence[str]) -> str:
    """Return why a score flatters, for a person; empty where nothing was chosen on its rows."""
    reasons = [CHOICES.get(name, name) for name in chosen_on]
    listed = " and ".join([", ".join(reasons[:-1]), reasons[-1]] if len(reasons) > 1 else reasons)
    return f"optimistic: the same photos decided {listed}" if reasons else ""


def _class_score(value: dict[str, Any]) -> ClassScore:
    interval = value["recall_interval"]
    return ClassScore(**{**value, "recall_interval": None if interval is None else Interval(**interval)})


def score_predictions(
    part: str,
    targets: Targets,
    probabilities: NDArray[np.floating],
    classes: Sequence[str],
    *,
    chosen_on: Sequence[str] = (),
) -> Evaluation:
    """Score probabilities (N, C) against labels (N,) in 0..C-1; intervals know which rows belong together.

    Args:
        part: which one.
        targets: labels and groups of its N rows.
        probabilities: (N, C).
        classes: C names.
        chosen_on: what was chosen on these rows, keys of ``CHOICES``.

    Raises:
        DataError: no rows, shapes that do not belong together, probabilities that are not.
    """
    labels = targets.labels
    _check(part, labels, probabilities, len(classes))
    predicted = probabilities.argmax(axis=1)
    confusion = metrics.confusion_matrix(labels, predicted, len(classes))
    right = np.asarray(predicted == labels)
    return Evaluation(
        part=part,
        n=len(labels),
        classes=tuple(classes),
        accuracy=metrics.accuracy(confusion),
        accuracy_interval=grouped_wilson_interval(right, targets.groups),
        balanced_accuracy=metrics.balanced_accuracy(confusion),
        macro_f1=metrics.macro_f1(confusion),
        log_loss=metrics.log_loss(labels, probabilities),
        per_class=tuple(_per_class(targets, right, confusion, classes)),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        groups=int(number_groups(targets.groups).max()) + 1,
        effective_n=effective_sample_size(right, targets.groups),
        chosen_on=tuple(chosen_on),
    )


def _per_class(
    targets: Targets, right: NDArray[np.bool_], confusion: Ints, classes: Sequence[str]
) -> Iterator[ClassScore]:
    support, met = confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall, f1 = metrics.precisions(confusion), metrics.recalls(confusion), metrics.f1_scores(confusion)
    for k, name in enumerate(classes):
        own = targets.labels == k
        yield ClassScore(
            name,
            support=int(support[k]),
            precision=float(precision[k]) if met[k] else None,
            recall=float(recall[k]) if support[k] else None,
            f1=float(f1[k]) if support[k] else None,
            recall_interval=grouped_wilson_interval(right[own], targets.groups[own]) if support[k] else None,
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
