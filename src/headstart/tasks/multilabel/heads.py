"""Heads of labels: a logistic regression for each, all solved side by side, ridge, and a small neural network."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from headstart.heads.head import Fit, TrainingSet
from headstart.heads.scaling import knows_each_row
from headstart.heads.threads import limit_to_idle_threads
from headstart.tasks.multilabel.folds import assign_label_folds
from headstart.tasks.multilabel.label_logistic import fit_label_logistic, predict_labels_by_folds
from headstart.tasks.multilabel.label_mlp import fit_label_mlp
from headstart.tasks.multilabel.label_ridge import fit_label_ridge
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import DataError
from headstart_runtime.linalg import sigmoid

_HEADS: Mapping[str, Fit] = {"logistic": fit_label_logistic, "ridge": fit_label_ridge, "mlp": fit_label_mlp}


class LabelSetHeads:
    """Heads that give a logit for each label."""

    default: str = "logistic"
    automatic: tuple[str, ...] = ("logistic", "ridge")

    @property
    def solved(self) -> frozenset[str]:
        """Heads that are solved in seconds."""
        return frozenset({"logistic", "ridge"})

    @property
    def heads(self) -> Mapping[str, Fit]:
        """The heads by name."""
        return _HEADS

    def is_balanced(self, settings: Any) -> bool:
        """Return whether samples that have a label count as much as those that do not."""
        return bool(settings.label_weights == "balanced")

    def check(self, training_set: TrainingSet) -> None:
        """Raise a DataError where features, targets and groups do not belong together."""
        training_set.check()
        targets, labels = training_set.targets, training_set.outputs
        if targets.ndim != 2 or targets.shape[1] != labels:
            raise DataError(f"targets have shape {targets.shape}; wanted (N, {labels}), a column for each label")
        if targets.size and not -1 <= targets.min() <= targets.max() <= 1:
            raise DataError(f"targets run from {targets.min()} to {targets.max()}; wanted 1, 0 and -1 for unknown")

    def predict_held_out(
        self, training_set: TrainingSet, head: str, settings: Any, chosen: Mapping[str, float]
    ) -> Floats:
        """Return probabilities (N, K) of each row by heads that were fitted without the row's fold; groups together.

        A label that the other folds do not have gets what a head without rows of it says. Where nothing can be held
        out every label is as likely as not.
        """
        self.check(training_set)
        fold = assign_label_folds(training_set.targets, training_set.groups, settings.folds, training_set.seed)
        if fold is None:
            return np.full((len(training_set), training_set.outputs), 0.5, np.float32)
        fit = self.heads[head]
        with limit_to_idle_threads(training_set.features.size):
            fixed = chosen or fit(replace(training_set, disposable=False), settings, None).chosen
            # Of few rows the spread of a feature knows the rows that are held out: there each fold has its own.
            if fit is fit_label_logistic and not knows_each_row(training_set.features):
                return predict_labels_by_folds(training_set, fold, float(fixed["C"]))
            answers = np.empty((len(fold), training_set.outputs), np.float32)
            for held in range(int(fold.max()) + 1):
                out = fold == held
                fitted = fit(training_set.take(~out), settings, fixed)
                answers[out] = sigmoid(fitted.head.logits(training_set.features[out]))
        return answers
