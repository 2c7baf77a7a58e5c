"""The evaluation of class probabilities."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.display.html import html_table
from headstart.evaluation import metrics
from headstart.evaluation.evaluation import (
    Evaluation,
    ScoreTable,
    describe_more_classes,
    describe_most_mistaken,
    read_intervals,
    show_share,
)
from headstart.evaluation.grouping import Targets, effective_sample_size, number_groups
from headstart.evaluation.intervals import Interval, grouped_wilson_interval
from headstart.tasks.classification.screening import Screening
from headstart_runtime.arrays import Ints
from headstart_runtime.modalities.item import SAMPLE, Noun


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class of an evaluation."""

    name: str
    support: int  #: rows of the class in the part
    precision: float | None  #: None where the class was never predicted
    recall: float | None  #: None where the class has no rows
    f1: float | None  #: likewise
    recall_interval: Interval | None  #: 95 %, likewise; by groups


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationEvaluation(Evaluation):
    """Scores of class probabilities.

    The predicted class is the most probable one, the first of equals; or by the threshold, where ``screening`` has one.
    """

    classes: tuple[str, ...]
    accuracy: float
    accuracy_interval: Interval  #: Wilson's, by as many rows as the groups are worth
    balanced_accuracy: float  #: over the classes that have rows
    macro_f1: float  #: likewise
    log_loss: float  #: nats per row
    per_class: tuple[ClassScore, ...]  #: in the order of ``classes``
    confusion: tuple[tuple[int, ...], ...]  #: rows true, columns predicted
    screening: Screening | None = None  #: of the positive class; None where none is, or no model was saved yet

    @property
    def score(self) -> float:
        """The accuracy."""
        return self.accuracy

    @property
    def score_interval(self) -> Interval:
        """The interval of the accuracy."""
        return self.accuracy_interval

    @property
    def loss(self) -> float:
        """The log loss."""
        return self.log_loss

    def describe(self, noun: Noun = SAMPLE) -> str:
        """Return the accuracy, its interval and its rows, and by which threshold answers were taken, if by one."""
        described, rule = super(ClassificationEvaluation, self).describe(noun), self.describe_rule()
        return f"{described}, {rule}" if rule else described

    def describe_wanted(self, noun: Noun = SAMPLE) -> str:
        """Return how far what was wished for of the positive class is reached, where a threshold predicts it."""
        found = self.screening
        return "" if found is None or found.threshold is None else found.describe_wished(self.part, noun)

    def describe_rule(self) -> str:
        """Return from which probability on the positive class is predicted; "" where the likeliest class is."""
        found = self.screening
        if found is None or found.threshold is None:
            return ""
        return f"{found.positive!r} predicted from a probability of {found.threshold:.3g} on"

    def describe_faults(self) -> str:
        """Return how many answers are wrong: "makes 3 mistakes"."""
        mistakes = round(self.n * (1 - self.accuracy))
        return f"makes {mistakes} mistake{'s' * (mistakes != 1)}"

    def list_more(self) -> list[str]:
        """Return balanced accuracy, macro F1 and log loss."""
        return [
            f"balanced {self.balanced_accuracy:.1%}",
            f"macro F1 {self.macro_f1:.3f}",
            f"log loss {self.log_loss:.3f}",
        ]

    def tabulate(self, noun: Noun, most: int) -> ScoreTable:
        """Return each class, how well it was told, what it was taken for, and scores of the positive class below."""
        met = [
            (index, score) for index, score in enumerate(self.per_class) if score.support or score.precision is not None
        ]
        rows = tuple(
            (
                score.name,
                score.support,
                show_share(score.precision),
                show_share(score.recall),
                describe_most_mistaken(self.confusion[index], index, self.classes),
            )
            for index, score in met[:most]
        )
        more, absent = len(met) - most, len(self.per_class) - len(met)
        note = describe_more_classes(more)
        if absent:
            have = "es have" if absent > 1 else " has"
            note += f"\n{absent} class{have} no {noun.one} here, and none was taken for one"
        if self.screening is not None:
            note += "".join(f"\n{line}" for line in self.screening.list_scores())
        return ScoreTable(("class", noun.many, "precision", "recall", "most often taken for"), rows, note)

    def _repr_html_(self) -> str:
        rows = [(score.name, score.support, score.precision, score.recall, score.f1) for score in self.per_class]
        caption = f"{self.part}: {self.describe()}"
        return html_table(("class", "samples", "precision", "recall", "F1"), rows, caption=caption)

    @classmethod
    def _read_own(cls, fields: Mapping[str, Any]) -> dict[str, Any]:
        screening = fields.get("screening")
        return {
            "classes": tuple(fields["classes"]),
            "per_class": tuple(ClassScore(**read_intervals(score)) for score in fields["per_class"]),
            "confusion": tuple(tuple(row) for row in fields["confusion"]),
            "screening": None if screening is None else Screening.from_json(screening),
        }


def score_predictions(
    part: str,
    targets: Targets,
    probabilities: NDArray[np.floating],
    classes: Sequence[str],
    *,
    chosen_on: Sequence[str] = (),
    predicted: Ints | None = None,
) -> ClassificationEvaluation:
    """Score probabilities (N, C) against labels (N,) in 0..C-1; intervals know which rows belong together.

    Args:
        part: which one.
        targets: labels and groups of its N rows.
        probabilities: (N, C).
        classes: C names.
        chosen_on: what was chosen on these rows, keys of ``CHOICES``.
        predicted: index of the predicted class, (N,); None: the most probable one is.

    Raises:
        DataError: no rows, shapes that do not belong together, probabilities that are not.
    """
    labels = targets.values
    metrics.check_scored(part, labels, probabilities, len(classes), "labels")
    predicted = np.asarray(probabilities.argmax(axis=1)) if predicted is None else predicted
    confusion = metrics.confusion_matrix(labels, predicted, len(classes))
    right = np.asarray(predicted == labels)
    return ClassificationEvaluation(
        task="classification",
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
        own = targets.values == k
        yield ClassScore(
            name,
            support=int(support[k]),
            precision=float(precision[k]) if met[k] else None,
            recall=float(recall[k]) if support[k] else None,
            f1=float(f1[k]) if support[k] else None,
            recall_interval=grouped_wilson_interval(right[own], targets.groups[own]) if support[k] else None,
        )
