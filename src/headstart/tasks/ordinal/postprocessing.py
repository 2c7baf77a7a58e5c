"""Calibration and ranges, fitted on predictions for samples that the model was not fitted on."""

from collections.abc import Sequence
from typing import Any

from headstart.evaluation.grouping import Targets
from headstart.tasks.optional_facets import FittedPostprocessor
from headstart.tasks.ordinal.calibration_choice import choose_rank_calibration
from headstart.tasks.ordinal.range_fit import fit_ranges
from headstart_runtime.arrays import Floats
from headstart_runtime.tasks.ordinal.postprocessor import RankPostprocessor
from headstart_runtime.tasks.task import TargetSpace


class RankPostprocessing:
    """Fits of calibration and of ranges."""

    def check(self, targets: Targets, space: TargetSpace, settings: Any) -> Sequence[str]:
        """Return nothing: what ranges promise can be kept by any number of samples."""
        return ()

    def fit(self, targets: Targets, raw: Floats, space: TargetSpace, settings: Any) -> FittedPostprocessor:
        """Return calibration and ranges for raw distributions (N, K) of held-out samples."""
        found = choose_rank_calibration(
            targets.values, raw, targets.groups, kind=settings.rank_calibration, seed=settings.seed
        )
        # By calibrations that were not fitted on the sample either: ranges promise something about new samples.
        ranges = fit_ranges(targets.values, found.cross_fitted, coverage=settings.coverage)
        calibration = found.calibration
        how = f"{calibration.kind} calibration" if calibration.kind != "none" else "no calibration needed"
        return FittedPostprocessor(
            RankPostprocessor(calibration, ranges),
            {"log_losses": found.log_losses, "reason": found.reason},
            f"{how}, ranges for {ranges.coverage:.0%}",
            calibration.kind != "none",
        )
