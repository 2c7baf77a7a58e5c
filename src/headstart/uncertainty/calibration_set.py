"""Calibration set: the winner's predictions for samples that it was not fitted on.

What is saved may have been fitted on validation too. So validation is answered by the classifier as it was validated;
and where only a head was solved again, which is cheap, all samples of train and validation are answered by
cross-validation instead: six times as many as validation alone has.
"""

from headstart.data.samples import Subset
from headstart.saving import FittedModel
from headstart.selection.arm import Arm
from headstart.selection.context import FitContext
from headstart.selection.results import CalibrationSet

#: Ways to transfer in which a head on frozen networks is all that is fitted.
FROZEN = ("linear-probe", "intermediate-probe", "concat", "concat-all")


def predict_calibration_set(context: FitContext, winner: Arm, model: FittedModel) -> CalibrationSet:
    """Return held-out predictions to calibrate the saved model by.

    Args:
        context: what the winner was fitted on.
        winner: the arm, as validated.
        model: what is saved of it.
    """
    if model is not winner.model and winner.held_out is not None:
        samples = context.samples_in(Subset.TRAIN, Subset.VALIDATION)
        outputs = winner.held_out.predict(context)
        targets = context.target_values(Subset.TRAIN, Subset.VALIDATION)
        return CalibrationSet(tuple(samples), targets, outputs, "cross-validated")
    samples = context.samples_in(Subset.VALIDATION)
    return CalibrationSet(tuple(samples), context.target_values(Subset.VALIDATION), winner.outputs, "validation")
