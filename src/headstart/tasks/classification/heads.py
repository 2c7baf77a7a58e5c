"""Heads of classes: logistic regression, LDA, ridge and a small neural network."""

from collections.abc import Mapping
from typing import Any

from headstart.heads.catalog import check_classes, list_heads, list_solved
from headstart.heads.crossfit import cross_val_predict
from headstart.heads.head import Fit, TrainingSet
from headstart_runtime.arrays import Floats

AUTO = ("logistic", "ridge")  #: the heads that ``auto`` tries


class ClassHeads:
    """Heads that give a logit for each class."""

    default: str = "logistic"
    automatic: tuple[str, ...] = AUTO

    @property
    def solved(self) -> frozenset[str]:
        """Heads that are solved in seconds, those of other packages that say so among them."""
        return frozenset(list_solved())

    @property
    def heads(self) -> Mapping[str, Fit]:
        """The heads by name."""
        return list_heads()

    def is_balanced(self, settings: Any) -> bool:
        """Return whether each class counts the same."""
        return bool(settings.class_weights == "balanced")

    def check(self, training_set: TrainingSet) -> None:
        """Raise a DataError where features, labels and groups do not belong together."""
        check_classes(training_set)

    def predict_held_out(
        self, training_set: TrainingSet, head: str, settings: Any, chosen: Mapping[str, float]
    ) -> Floats:
        """Return probabilities (N, C) of each row by a head that was fitted without the row's fold."""
        return cross_val_predict(training_set, list_heads()[head], settings, chosen, folds=settings.folds)
