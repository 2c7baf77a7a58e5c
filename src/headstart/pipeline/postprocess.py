"""What is put around the winner before it is saved: calibration, prediction sets, and a score of novelty.

All three are set on photos that the classifier was not fitted on, and are part of what is saved.
"""

from dataclasses import replace

from headstart.export import FittedModel
from headstart.inference.postprocess import BatchPredictions
from headstart.selection.arm import Arm
from headstart.selection.context import FitContext
from headstart.selection.results import Postprocessed
from headstart.uncertainty.calibration import choose_calibration
from headstart.uncertainty.calibration_set import predict_calibration_set
from headstart.uncertainty.conformal import fit_conformal
from headstart.uncertainty.declining import add_novelty


def fit_postprocessors(material: FitContext, winner: Arm, parts: FittedModel) -> Postprocessed:
    """Calibrates the winner, and says which photos it shall decline.

    Args:
        material: of the run.
        winner: the arm, as validated.
        parts: what is saved of it.
    """
    settings = material.settings
    held = predict_calibration_set(material, winner, parts)
    found = choose_calibration(
        held.labels, held.probabilities, held.groups, wanted=settings.calibration, seed=settings.seed
    )
    # By calibrations that were not fitted on the photo either: sets promise something about new photos.
    sets = fit_conformal(held.labels, found.crossed, coverage=settings.coverage, kind=settings.sets)
    declining = add_novelty(material, winner, parts)
    calibrated = found.calibration.apply(winner.probabilities)
    validation = BatchPredictions(calibrated, winner.probabilities, sets.predict(calibrated), declining.validation)
    saved = replace(declining.parts, calibration=found.calibration, conformal=sets)
    return Postprocessed(saved, held, found.tried, validation)


def in_words(it: Postprocessed) -> str:
    """One line for a person."""
    sets, calibration = it.model.conformal, it.model.calibration
    how = f"{calibration.kind} calibration" if calibration.kind != "none" else "no calibration needed"
    covered = f", prediction sets for {sets.coverage:.0%}" if sets else ""
    return f"{how}{covered}, by {len(it.held.labels)} photos held out ({it.held.how})"
