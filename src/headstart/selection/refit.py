"""The winner's training once more, on train and validation samples together.

What was held out to choose by is a fifth of what there is to learn from, and with few samples that shows. A head is
solved again with what was chosen for it; a network is trained again with the same settings and for as many steps as
validation kept. Nothing is left to watch it then, so it is held to what is certain: that it knows the samples it was
trained on.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from headstart import events
from headstart.data.samples import Subset
from headstart.saving import FittedModel
from headstart.selection.arm import Arm
from headstart.selection.context import DatasetContext
from headstart.selection.dataset_stats import LARGE
from headstart.selection.failures import FAILURES, describe_failure
from headstart.training.cost import estimate_refit_seconds

if TYPE_CHECKING:  # it imports PyTorch
    from headstart.training.fine_tuning import FineTuneResult, FineTuning


#: Of the steps, where the budget has no time for all; few numbers, so that a run that was killed finds its training.
SHARES = (1.0, 0.8, 0.6)


def should_refit(context: DatasetContext) -> bool:
    """Return whether a trained network that wins is to be trained once more."""
    wanted = context.settings.refit
    per_class = np.bincount(context.strata(Subset.TRAIN))
    return wanted == "always" or (wanted == "auto" and float(np.median(per_class)) <= LARGE)


def add_refit(
    context: DatasetContext,
    arm: Arm,
    trained: "FineTuneResult",
    build_training: Callable[[float], "FineTuning"],
    build_model: Callable[["FineTuneResult"], FittedModel],
) -> Arm:
    """Return an arm that is trained once more if it wins.

    Args:
        context: what it was trained on.
        arm: as validated.
        trained: its network.
        build_training: gives the training on all samples, with a share of the epochs, to the one that was kept.
        build_model: makes a model of what was trained.
    """
    if trained.best_epoch == 0 or not should_refit(
        context
    ):  # the start was kept: the probe's head on the probe's network
        return arm

    last = trained.epochs[-1].number
    seconds = estimate_refit_seconds(
        trained.seconds,
        len(context.samples_in(Subset.TRAIN)),
        len(context.samples_in(Subset.VALIDATION)),
        cached=trained.cached,
        kept=trained.best_epoch / last,
    )

    def refit(own: DatasetContext) -> FittedModel:
        again = build_training(1.0)
        if again.stored_result is None:
            share = next((it for it in SHARES if it * seconds <= own.left_for_refit), None)
            if share is None:
                left = f"{max(0, own.left_for_refit):.0f} s of the budget are left"
                return _as_validated(own, arm, f"that would take {seconds:.0f} s, {left}")
            again = again if share == 1 else build_training(share)
            count = own.noun.count(len(own.samples_in(Subset.TRAIN, Subset.VALIDATION)))
            text = f"{arm.name} is trained once more, on all {count} of train and validation"
            fewer = f", with {share:.0%} of the steps" if share < 1 else ""
            own.log(events.Note(f"{text}{fewer}: about {share * seconds:.0f} s"))
        try:
            tuned = again.run(lambda epochs, epoch: epochs > 0 and own.left_for_refit < epoch.seconds)
            whole = build_model(tuned)
        except FAILURES as error:
            return _as_validated(own, arm, describe_failure(error))
        if (made := tuned.epochs[-1].number) < (wanted := again.spec.ends or 0):
            return _as_validated(own, arm, f"the budget was used up after {made} of {wanted} epochs")
        held_out, measure = own.samples_in(Subset.VALIDATION), arm.validation.measure
        after, before = own.score("validation", held_out, own.predict_raw(whole, held_out)).score, arm.validation.score
        if measure.is_better(before, after):
            was = f"{measure.name} on the validation {own.noun.many} was {measure.format(before)}"
            return _as_validated(own, arm, f"{was} before it was trained on them, {measure.format(after)} after that")
        return whole

    return replace(arm, refit=refit, refit_seconds=seconds)


def _as_validated(context: DatasetContext, arm: Arm, reason: str) -> FittedModel:
    context.log(events.Note(f"{arm.name} is saved as it was validated, not trained once more: {reason}"))
    return arm.model
