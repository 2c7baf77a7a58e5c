"""Postprocessors of the winner, fitted before it is saved: the task's own, such as calibration, and a novelty score.

They are fitted on predictions for samples that the model was not fitted on, and are part of what is saved.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from headstart import events
from headstart.data.samples import Samples, Subset
from headstart.data.split import Split
from headstart.evaluation.evaluation import Evaluation
from headstart.evaluation.grouping import Targets
from headstart.saving import FittedModel
from headstart.selection.arm import Arm
from headstart.selection.arm_specs import ArmSpec
from headstart.selection.context import FitContext, RunContext, make_targets
from headstart.selection.ensembles import ENSEMBLES
from headstart.selection.results import Postprocessed
from headstart.training.obstacle import TRAINING
from headstart.uncertainty.calibration_set import predict_calibration_set
from headstart.uncertainty.novelty import fit_novelty
from headstart_runtime.errors import DataError, UserError
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.item import Noun


def check_promises(samples: Samples, split: Split, specs: Sequence[ArmSpec], context: RunContext) -> None:
    """Refuse what the settings promise and so few samples cannot keep, before any network runs.

    Where every arm trains a network, or the winner is not fitted once more, only validation is held out from fitting.

    Raises:
        UserError: there is such a promise.
    """
    fitting, settings = samples.task.postprocessing, context.settings
    if fitting is None:
        return
    names = {spec.name for spec in specs} - ENSEMBLES.keys()
    targets = partial(_gather_targets, samples, split)
    if settings.refit == "never" or names <= set(TRAINING):
        notes = fitting.check(targets(Subset.VALIDATION), samples.space, settings)
    else:
        notes = fitting.check(targets(Subset.TRAIN, Subset.VALIDATION), samples.space, settings)
        if names & set(TRAINING):
            try:
                fitting.check(targets(Subset.VALIDATION), samples.space, settings)
            except UserError as error:
                notes = (*notes, f"if a trained network wins, this run ends without a model: {error}")
    for note in notes:
        context.log(events.Note(note))


def _gather_targets(samples: Samples, split: Split, *subsets: Subset) -> Targets:
    held = [sample for subset in subsets for sample in split.samples_in(samples, subset)]
    return make_targets(held, samples.task)


def fit_postprocessors(winner: Arm, model: FittedModel, context: FitContext) -> Postprocessed:
    """Return the model with what makes answers of its outputs and a threshold beyond which samples are unfamiliar.

    Args:
        winner: the arm, as validated.
        model: what is saved of it.
        context: what the winner was fitted on.
    """
    with context.log.stage("calibrate") as stage:
        fitted = postprocess_winner(winner, model, context)
        stage.summary = describe_postprocessors(fitted, context.noun)
    return fitted


def postprocess_winner(winner: Arm, model: FittedModel, context: FitContext) -> Postprocessed:
    """Do what ``fit_postprocessors`` does, outside a stage.

    Raises:
        DataError: the settings promise something that so few held-out samples cannot keep.
    """
    fitting, held, found = context.task.postprocessing, None, None
    if fitting is not None:
        held = predict_calibration_set(context, winner, model)
        found = fitting.fit(Targets(held.targets, held.groups), held.outputs, context.samples.space, context.settings)
        if found.refusal:
            raise DataError(found.refusal)
    postprocessor = model.task.make_postprocessor() if found is None else found.postprocessor
    novelty = fit_novelty(context, winner, model)
    validation = BatchPredictions(postprocessor.apply(winner.outputs), novelty.validation)
    return Postprocessed(replace(novelty.model, postprocessor=postprocessor), held, found, validation)


def score_validation(winner: Arm, fitted: Postprocessed, context: FitContext) -> Evaluation:
    """Return the score on validation of answers as the saved model gives them, by its calibration and its thresholds.

    It is marked where these were fitted on the same samples. Arms are compared by outputs without them.
    """
    held, found = fitted.calibration_set, fitted.postprocessing
    targets = make_targets(context.samples_in(Subset.VALIDATION), context.task)
    outputs, postprocessor = fitted.validation.outputs, fitted.model.postprocessor
    score = context.task.scoring.score_answers("validation", targets, outputs, context.samples.space, postprocessor)
    flatters = held is not None and found is not None and held.source == "validation" and found.changes_answers
    return replace(score, chosen_on=(*winner.validation.chosen_on, *(["calibration"] if flatters else [])))


def describe_postprocessors(fitted: Postprocessed, noun: Noun) -> str:
    """Return what was fitted, and on how many samples, in one line."""
    held, found = fitted.calibration_set, fitted.postprocessing
    if held is None or found is None:
        return f"{fitted.model.task.title} has no calibration here: outputs are shown as they are"
    return f"{found.summary}, by {noun.count(len(held.targets))} held out ({held.source})"
