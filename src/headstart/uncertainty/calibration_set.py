"""What the winner says of photos that it was not fitted on: what its probabilities are calibrated by.

What is saved may have been fitted on validation too. So validation is answered by the classifier as it was validated;
and where only a head was solved again, which is cheap, all photos of train and validation are answered by
cross-validation instead: six times as many as validation alone has.
"""

import numpy as np
from numpy.typing import NDArray

from headstart.data.samples import Subset
from headstart.export import FittedModel
from headstart.heads.catalog import HEADS, SOLVED
from headstart.heads.crossfit import cross_val_predict
from headstart.selection.arm import Arm
from headstart.selection.compare import PROBES
from headstart.selection.context import FitContext
from headstart.selection.results import HeldOut

FROZEN = (*PROBES, "concat")  #: ways to transfer in which a head on frozen networks is all that is fitted


def predict_calibration_set(material: FitContext, winner: Arm, parts: FittedModel) -> HeldOut:
    """The honest answers there are for the parts that are saved.

    Args:
        material: of the run.
        winner: the arm, as validated.
        parts: what is saved of it.
    """
    if parts is not winner.model and winner.strategy in FROZEN and winner.head in SOLVED:
        samples = material.samples_in(Subset.TRAIN, Subset.VALIDATION)
        rows = cross_validated(material, parts, winner)
        return HeldOut(tuple(samples), material.labels(Subset.TRAIN, Subset.VALIDATION), rows, "cross-validated")
    samples = material.samples_in(Subset.VALIDATION)
    return HeldOut(tuple(samples), material.labels(Subset.VALIDATION), winner.probabilities, "validation")


def cross_validated(material: FitContext, parts: FittedModel, winner: Arm) -> NDArray[np.float32]:
    """Probabilities (N, C) for train and validation photos, each by a head that was not fitted on it."""
    (answer,) = parts.members
    task = material.training_set(
        [parts.branches[branch] for branch in answer.branches], Subset.TRAIN, Subset.VALIDATION
    )
    fixed = {name: float(value) for name, value in winner.chosen.items()}
    return cross_val_predict(task, HEADS[answer.head.kind], material.settings, fixed, folds=material.settings.folds)
