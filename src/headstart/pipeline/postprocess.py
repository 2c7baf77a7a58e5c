"""Postprocessors of the winner, fitted before it is saved: calibration, prediction sets, and a novelty score.

All three are fitted on predictions for photos that the classifier was not fitted on, and are part of what is saved.
"""

from dataclasses import replace

from headstart.evaluation.evaluation import Evaluation
from headstart.export import FittedModel
from headstart.selection.arm import Arm
from headstart.selection.context import FitContext
from headstart.selection.results import Postprocessed
from headstart.tasks.classification.postprocessor import ClassPostprocessor, make_batch
from headstart.uncertainty.calibration import choose_calibration
from headstart.uncertainty.calibration_set import predict_calibration_set
from headstart.uncertainty.conformal import fit_conformal
from headstart.uncertainty.novelty import fit_novelty


def fit_postprocessors(winner: Arm, model: FittedModel, context: FitContext) -> Postprocessed:
    """Return the model with calibration, prediction sets and a threshold beyond which photos are unfamiliar.

    Args:
        winner: the arm, as validated.
        model: what is saved of it.
        context: what the winner was fitted on.
    """
    with context.log.stage("calibrate") as stage:
        fitted = postprocess_winner(winner, model, context)
        stage.summary = describe_postprocessors(fitted)
    return fitted


def postprocess_winner(winner: Arm, model: FittedModel, context: FitContext) -> Postprocessed:
    """Do what ``fit_postprocessors`` does, outside a stage."""
    settings = context.settings
    held = predict_calibration_set(context, winner, model)
    found = choose_calibration(held.targets, held.outputs, held.groups, kind=settings.calibration, seed=settings.seed)
    # By calibrations that were not fitted on the photo either: sets promise something about new photos.
    sets = fit_conformal(held.targets, found.cross_fitted, coverage=settings.coverage)
    novelty = fit_novelty(context, winner, model)
    calibrated = found.calibration.apply(winner.outputs)
    validation = make_batch(calibrated, winner.outputs, sets.predict(calibrated), novelty.validation)
    saved = replace(novelty.model, postprocessor=ClassPostprocessor(found.calibration, sets))
    return Postprocessed(saved, held, found.log_losses, validation)


def mark_validation(validation: Evaluation, fitted: Postprocessed) -> Evaluation:
    """Return the score on validation, marked where the calibration was fitted on these photos too."""
    if fitted.calibration_set.source != "validation" or fitted.model.postprocessor.calibration.kind == "none":
        return validation
    return replace(validation, chosen_on=(*validation.chosen_on, "calibration"))


def describe_postprocessors(fitted: Postprocessed) -> str:
    """Return what was fitted, and on how many photos, in one line."""
    sets, calibration = fitted.model.postprocessor.conformal, fitted.model.postprocessor.calibration
    how = f"{calibration.kind} calibration" if calibration.kind != "none" else "no calibration needed"
    covered = f", prediction sets for {sets.coverage:.0%}" if sets else ""
    return f"{how}{covered}, by {len(fitted.calibration_set.targets)} photos held out ({fitted.calibration_set.source})"
