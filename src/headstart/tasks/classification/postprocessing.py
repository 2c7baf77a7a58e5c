"""Calibration and prediction sets, fitted on predictions for samples that the classifier was not fitted on."""

from typing import Any

from headstart.arrays import Floats
from headstart.evaluation.grouping import Targets
from headstart.tasks.classification.calibration_choice import choose_calibration
from headstart.tasks.classification.conformal_fit import fit_conformal
from headstart.tasks.classification.postprocessor import ClassPostprocessor
from headstart.tasks.optional_facets import FittedPostprocessor


class ClassPostprocessing:
    """Fits of calibration and of prediction sets."""

    def fit(self, targets: Targets, raw: Floats, settings: Any) -> FittedPostprocessor:
        """Return calibration and prediction sets for raw probabilities (N, C) of held-out samples."""
        found = choose_calibration(targets.values, raw, targets.groups, kind=settings.calibration, seed=settings.seed)
        # By calibrations that were not fitted on the photo either: sets promise something about new photos.
        sets = fit_conformal(targets.values, found.cross_fitted, coverage=settings.coverage)
        calibration = found.calibration
        how = f"{calibration.kind} calibration" if calibration.kind != "none" else "no calibration needed"
        return FittedPostprocessor(
            ClassPostprocessor(calibration, sets),
            {"log_losses": found.log_losses, "reason": found.reason},
            f"{how}, prediction sets for {sets.coverage:.0%}",
            calibration.kind != "none",
        )
