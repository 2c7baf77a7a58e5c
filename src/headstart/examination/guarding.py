"""What is put around the winner before it is saved: calibration, prediction sets, and a score of novelty.

All three are set on photos that the classifier was not fitted on, and are part of what is saved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from headstart.examination.declining import with_declining
from headstart.examination.held_out import HeldOut, held_out
from headstart.runtime.answers import Answers
from headstart.saving import Parts
from headstart.strategies.material import Material
from headstart.strategies.strategy import Arm
from headstart.trust.calibrating import calibrate
from headstart.trust.conformal import conform


@dataclass(frozen=True)
class Guarded:
    """What is saved, and how its guards came about."""

    parts: Parts
    held: HeldOut
    tried: Mapping[str, float]  #: kind of calibration -> cross-validated log loss, nats
    validation: Answers  #: what the winner, as validated, says of the validation photos


def guarded(material: Material, winner: Arm, parts: Parts) -> Guarded:
    """Calibrates the winner, and says which photos it shall decline.

    Args:
        material: of the run.
        winner: the arm, as validated.
        parts: what is saved of it.
    """
    settings = material.settings
    held = held_out(material, winner, parts)
    found = calibrate(held.labels, held.probabilities, held.groups, wanted=settings.calibration, seed=settings.seed)
    # By calibrations that were not fitted on the photo either: sets promise something about new photos.
    sets = conform(held.labels, found.crossed, coverage=settings.coverage, kind=settings.sets)
    declining = with_declining(material, winner, parts)
    calibrated = found.calibration.apply(winner.probabilities)
    validation = Answers(calibrated, winner.probabilities, sets.of(calibrated), declining.validation)
    saved = replace(declining.parts, calibration=found.calibration, sets=sets)
    return Guarded(saved, held, found.tried, validation)


def in_words(it: Guarded) -> str:
    """One line for a person."""
    sets, calibration = it.parts.sets, it.parts.calibration
    how = f"{calibration.kind} calibration" if calibration.kind != "none" else "no calibration needed"
    covered = f", prediction sets for {sets.coverage:.0%}" if sets else ""
    return f"{how}{covered}, by {len(it.held.labels)} photos held out ({it.held.how})"
