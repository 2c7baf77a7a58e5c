"""Intervals, fitted on predictions for samples that the model was not fitted on."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from headstart.evaluation.grouping import Targets
from headstart.tasks.optional_facets import FittedPostprocessor
from headstart.tasks.regression.interval_fits import count_needed_numbers, fit_intervals
from headstart_runtime.arrays import Floats
from headstart_runtime.tasks.regression.postprocessor import NumberPostprocessor
from headstart_runtime.tasks.task import TargetSpace


class NumberPostprocessing:
    """Fits of intervals."""

    def check(self, targets: Targets, space: TargetSpace, settings: Any) -> Sequence[str]:
        """Return that there will be no intervals where all groups together are too few for what they promise."""
        groups, needed = len(np.unique(targets.groups)), count_needed_numbers(settings.coverage)
        if groups >= needed:
            return ()
        wanted = f"intervals that hold {settings.coverage:.0%} need {needed} held-out numbers that stand by themselves"
        return (f"{wanted}, and there are {groups}: numbers are answered without intervals",)

    def fit(self, targets: Targets, raw: Floats, space: TargetSpace, settings: Any) -> FittedPostprocessor:
        """Return intervals for the numbers (N, K) of held-out samples."""
        found = fit_intervals(
            targets.values,
            raw,
            targets.groups,
            coverage=settings.coverage,
            kind=settings.intervals,
            seed=settings.seed,
        )
        rule = found.rule
        facts = {"n": found.n, "reason": found.reason, "interval_scores": found.scores, "worst_thirds": found.worst}
        widths = {"constant": "of one width", "scaled": "as wide as the numbers around them are off"}
        told = f"{settings.coverage:.0%} intervals {widths[rule.kind]}" if rule else f"no intervals: {found.reason}"
        return FittedPostprocessor(NumberPostprocessor(rule), facts, told, changes_answers=False)
