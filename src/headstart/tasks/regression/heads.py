"""Heads of numbers: ridge regression and a small neural network."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from headstart.heads.head import Fit, TrainingSet
from headstart.heads.number_mlp import fit_number_mlp
from headstart.heads.number_ridge import fit_number_ridge, predict_without_group
from headstart.heads.number_targets import fold_numbers
from headstart.heads.threads import limit_to_idle_threads
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import DataError

NUMBER_HEADS: dict[str, Fit] = {"ridge": fit_number_ridge, "mlp": fit_number_mlp}


class NumberHeads:
    """Heads that give the numbers as they were given, in their units."""

    default: str = "ridge"
    automatic: tuple[str, ...] = ("ridge", "mlp")

    @property
    def solved(self) -> frozenset[str]:
        """Ridge regression."""
        return frozenset({"ridge"})

    @property
    def heads(self) -> Mapping[str, Fit]:
        """The heads by name."""
        return NUMBER_HEADS

    def is_balanced(self, settings: Any) -> bool:
        """Return that all rows count the same."""
        return False

    def check(self, training_set: TrainingSet) -> None:
        """Raise a DataError where features, numbers and groups do not belong together, or no number is known."""
        training_set.check()
        shape = training_set.targets.shape
        if len(shape) != 2 or shape[1] != training_set.outputs:
            raise DataError(f"numbers have shape {shape}; wanted (N, {training_set.outputs})")
        if np.isinf(training_set.targets).any() or not np.isfinite(training_set.targets).any():
            raise DataError("numbers are infinite, or none is known; wanted finite ones, NaN where one is unknown")

    def predict_held_out(
        self, training_set: TrainingSet, head: str, settings: Any, chosen: Mapping[str, float]
    ) -> Floats:
        """Return the numbers (N, K) of each row by a head that was fitted without the row's fold.

        Of ridge regression folds are single groups, and the answers exact: they come from one decomposition. Where
        nothing was chosen yet, it is chosen once, on all rows.
        """
        self.check(training_set)
        with limit_to_idle_threads(training_set.features.size):
            if head == "ridge":
                return predict_without_group(training_set, chosen or None)
            fit = NUMBER_HEADS[head]
            fixed = chosen or fit(replace(training_set, disposable=False), settings, None).chosen
            fold = fold_numbers(training_set.targets, training_set.groups, settings.folds, training_set.seed)
            answers = np.empty(training_set.targets.shape, np.float32)
            for held in np.unique(fold):
                seen = fold != held
                rest = training_set.take(seen if seen.any() else ~seen)
                answers[~seen] = fit(rest, settings, fixed).head.logits(training_set.features[~seen])
            return answers
