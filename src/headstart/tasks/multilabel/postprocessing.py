"""Calibration, thresholds and the promise, fitted on predictions for samples that the model was not fitted on."""

from collections.abc import Sequence
from typing import Any

from headstart.evaluation.grouping import Targets
from headstart.tasks.multilabel.calibration_choice import choose_label_calibration
from headstart.tasks.multilabel.risk_control import fit_risk_control
from headstart.tasks.multilabel.settings import MultilabelSettings
from headstart.tasks.multilabel.thresholds import choose_thresholds
from headstart.tasks.optional_facets import FittedPostprocessor
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import SettingError
from headstart_runtime.tasks.multilabel.postprocessor import LabelSetPostprocessor
from headstart_runtime.tasks.task import TargetSpace

_WANTED = MultilabelSettings.model_fields["label_wanted"].default  #: where nothing is asked for


class LabelSetPostprocessing:
    """Fits of calibration, of thresholds, and of the sets that miss few labels."""

    def check(self, targets: Targets, space: TargetSpace, settings: Any) -> Sequence[str]:
        """Return nothing: whatever there is to hold out, thresholds and sets can be made of it.

        Raises:
            SettingError: a precision or recall is wanted, and thresholds are chosen for neither.
        """
        if settings.label_threshold == "f1" and settings.label_wanted != _WANTED:
            raise SettingError(
                f"--label-wanted {settings.label_wanted:g} has no effect where thresholds are chosen for the best F1; "
                "add --label-threshold precision or --label-threshold recall, or drop it"
            )
        return ()

    def fit(self, targets: Targets, raw: Floats, space: TargetSpace, settings: Any) -> FittedPostprocessor:
        """Return calibration, thresholds and sets for raw probabilities (N, K) of held-out samples.

        Thresholds and sets are chosen on probabilities whose calibration was not fitted on the sample either.
        """
        truth = targets.values
        found = choose_label_calibration(
            truth, raw, targets.groups, kind=settings.label_calibration, seed=settings.seed
        )
        known = found.cross_fitted
        rule, wanted = settings.label_threshold, settings.label_wanted
        thresholds = choose_thresholds(truth, known, rule, wanted)
        risk = fit_risk_control(truth, known, targets.groups, 1 - settings.coverage)
        calibration = found.calibration
        how = f"{calibration.kind} calibration" if calibration.kind != "none" else "no calibration needed"
        aim = "F1" if rule == "f1" else f"a {rule} of {wanted:.0%}"
        few = sum(one.shared for one in thresholds)
        shared = f" ({few} of {len(thresholds)} labels share one: too few samples have them)" if few else ""
        return FittedPostprocessor(
            LabelSetPostprocessor(calibration, thresholds, risk),
            {"log_losses": dict(found.log_losses), "reason": found.reason},
            f"{how}, thresholds for {aim}{shared}, sets that miss {risk.promised:.0%} of labels at most",
            changes_answers=True,
        )
