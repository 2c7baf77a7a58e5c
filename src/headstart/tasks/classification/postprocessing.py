"""Calibration, prediction sets and a threshold, fitted on predictions for samples that were held out from fitting."""

from collections.abc import Sequence
from typing import Any

from headstart.evaluation.grouping import Targets
from headstart.tasks.classification.calibration_choice import CalibrationChoice, choose_calibration
from headstart.tasks.classification.conformal_fit import fit_conformal
from headstart.tasks.classification.decision_fit import describe_shortage, fit_decision
from headstart.tasks.optional_facets import FittedPostprocessor
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.tasks.classification.decision import ClassDecision
from headstart_runtime.tasks.classification.operating_point import OperatingPoint, parse_operating_point
from headstart_runtime.tasks.classification.positive_class import find_positive
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor
from headstart_runtime.tasks.task import TargetSpace


class ClassPostprocessing:
    """Fits of calibration, of prediction sets and of a threshold."""

    def check(self, targets: Targets, space: TargetSpace, settings: Any) -> Sequence[str]:
        """Return a note where the positive class is guessed.

        Raises:
            SettingError: an operating point without a positive class, or one that is no class.
            DataError: there are too few positives to promise it.
        """
        found, wish = find_positive(settings.positive, space.names), _read_wish(settings)
        if found is None:
            if wish is not None:
                raise SettingError(
                    f"operating_point {wish} wants a positive class, and the names do not say which one is; name it "
                    f"with --positive, such as --positive {space.names[-1]!r}"
                )
            return ()
        name = space.names[found.index]
        if wish is not None:
            shortage = describe_shortage(wish, name, targets.values == found.index, targets.groups)
            if shortage:
                raise DataError(shortage)
        return (f"{name!r} is taken for the positive class, by its name; --positive names another",) * (found.guessed)

    def fit(self, targets: Targets, raw: Floats, space: TargetSpace, settings: Any) -> FittedPostprocessor:
        """Return calibration, prediction sets and threshold for raw probabilities (N, C) of held-out samples."""
        found = choose_calibration(targets.values, raw, targets.groups, kind=settings.calibration, seed=settings.seed)
        # By calibrations that were not fitted on the photo either: sets promise something about new photos.
        sets = fit_conformal(targets.values, found.cross_fitted, coverage=settings.coverage)
        decision, refusal = _decide(targets, found, space, settings)
        calibration = found.calibration
        how = f"{calibration.kind} calibration" if calibration.kind != "none" else "no calibration needed"
        if decision is not None and decision.wish is not None:
            name = space.names[decision.positive]
            how += f", {name!r} predicted from a probability of {decision.threshold:.3g} on for {decision.wish}"
        return FittedPostprocessor(
            ClassPostprocessor(calibration, sets, decision),
            {
                "log_losses": found.log_losses,
                "reason": found.reason,
                "positives": 0 if decision is None else int((targets.values == decision.positive).sum()),
            },
            f"{how}, prediction sets for {sets.coverage:.0%}",
            calibration.kind != "none" or (decision is not None and decision.threshold is not None),
            refusal,
        )


def _read_wish(settings: Any) -> OperatingPoint | None:
    return None if settings.operating_point is None else parse_operating_point(settings.operating_point)


def _decide(
    targets: Targets, found: CalibrationChoice, space: TargetSpace, settings: Any
) -> tuple[ClassDecision | None, str]:
    """Return the positive class with its threshold, and why a wish for one cannot be kept; "" where it can."""
    positive, wish = find_positive(settings.positive, space.names), _read_wish(settings)
    if positive is None or wish is None:
        return (None if positive is None else ClassDecision(positive.index)), ""
    name = space.names[positive.index]
    try:
        fitted = fit_decision(targets.values, found.cross_fitted, targets.groups, positive.index, wish, name)
    except DataError as error:
        return ClassDecision(positive.index), str(error)
    return fitted, ""
