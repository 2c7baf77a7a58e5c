"""A network is trained: its upper part, all of it, or the same architecture from random weights.

``partial-finetune`` trains the layers above a boundary from cached activations, ``full-finetune`` all of them at a low
rate (Girshick et al. 2014; Yosinski et al. 2014), ``scratch`` starts from random weights: what pretraining gives is
the difference. The first two start from the solved head (``training.trainable``); with the setting ``search`` each of
them is the best of several trainings (``hyperparameters``).
"""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from headstart import events
from headstart.backbones.backbone import middle_stage
from headstart.data.samples import Subset
from headstart.selection.arm import Arm, ArmPlan, arm_file_name, score_arm
from headstart.selection.context import FitContext
from headstart.selection.hyperparameters import SearchResult, count_kinds_of_views, search_hyperparameters
from headstart.selection.open_training import OpenTraining, is_left_open, list_options
from headstart.selection.planning import (
    estimate_search_cost,
    estimate_training_cost,
    estimate_untimed,
    plan_within_budget,
)
from headstart.selection.refit import add_refit, should_refit
from headstart.selection.trained_model import build_trained_model
from headstart.selection.training_prices import estimate_shortest
from headstart.selection.trainings import build_refit, build_training
from headstart.settings import FitSettings
from headstart.training.cost import Cost
from headstart.training.curves import KEPT_EPOCH_RULE, Epoch
from headstart.training.views import explain_views
from headstart_runtime.errors import SettingError

if TYPE_CHECKING:  # it imports PyTorch, which a run of probes has no need of
    from headstart.training.fine_tuning import FineTuneResult, FineTuning


ENDING = 5.0  #: seconds for exporting a trained network and scoring it


def partial_finetune(context: FitContext, detail: str | None = None) -> Sequence[ArmPlan]:
    """Plan the training of the layers from ``detail``, or from the setting ``unfreeze``, upwards."""
    if detail is None and is_left_open(context):
        return [_plan_open(context)]
    unfreeze = detail or context.settings.unfreeze
    lowest = middle_stage([layer.name for layer in context.backbone.layers]) if unfreeze == "auto" else unfreeze
    return [_plan_arm(context, "partial-finetune", f"partial-finetune {lowest}", lowest, scratch=False)]


def full_finetune(context: FitContext, detail: str | None = None) -> Sequence[ArmPlan]:
    """Plan the training of all layers."""
    _refuse_detail("full-finetune", detail)
    return [_plan_arm(context, "full-finetune", "full-finetune", None, scratch=False)]


def scratch(context: FitContext, detail: str | None = None) -> Sequence[ArmPlan]:
    """Plan the training of all layers, from random weights."""
    _refuse_detail("scratch", detail)
    return [_plan_arm(context, "scratch", "scratch", None, scratch=True)]


def _refuse_detail(name: str, detail: str | None) -> None:
    if detail:
        raise SettingError(f"{name} takes no detail, seen {detail!r}; partial-finetune:{detail} trains from there up")


def _plan_arm(context: FitContext, strategy: str, name: str, unfreeze: str | None, *, scratch: bool) -> ArmPlan:
    planned = _PlannedTraining(context, strategy, name, unfreeze, scratch)
    if scratch or not context.settings.search:
        return ArmPlan(
            name, strategy, planned.estimate_cost, planned.fit, trains=True, shortest=planned.estimate_shortest
        )
    most = "" if context.budget.limit is None else "up to "
    best = f"{name}, best of {most}{context.settings.search}"
    make, shortest = partial(planned.search, best), planned.estimate_shortest
    return ArmPlan(best, strategy, planned.estimate_search_cost, make, trains=True, shortest=shortest)


def _plan_open(context: FitContext) -> ArmPlan:
    """Plan a training of which the budget decides the boundary."""
    name = "partial-finetune"
    highest, planner = list_options(context)[-1], OpenTraining(context, name)
    planned = _PlannedTraining(context, name, name, highest, scratch=False, open=planner)
    return ArmPlan(name, name, planned.estimate_cost, planned.fit, trains=True, shortest=planned.estimate_shortest)


@dataclass
class _PlannedTraining:
    """A training that an arm may need; it is built when it is first asked for, as loading the network takes seconds."""

    context: FitContext
    strategy: str
    name: str
    unfreeze: str | None
    scratch: bool
    built: "FineTuning | None" = None
    open: OpenTraining | None = None  #: decides boundary, views and epochs; ``unfreeze`` then is what it decided

    @property
    def training(self) -> "FineTuning":
        """The training, with as many epochs as the budget allows."""
        if self.built is None and self.open is not None:
            self.built = self.open.plan()
            self.unfreeze = self.built.spec.unfreeze
        if self.built is None:
            training = build_training(self.context, self.name, self.unfreeze, scratch=self.scratch)
            self.built = plan_within_budget(training, self.context)
        return self.built

    def estimate_cost(self) -> Cost:
        """Return the cost of one training."""
        if self.open is not None:
            return self._estimate_open(self.open)
        return self._estimate_untimed() or estimate_training_cost(self.training)

    def _estimate_open(self, planned: OpenTraining) -> Cost:
        """Return the cost of what was planned: its seconds as they were chosen by."""
        cost = estimate_training_cost(self.training)
        return cost if planned.choice is None else replace(cost, seconds=planned.choice.seconds)

    def estimate_search_cost(self) -> Cost:
        """Return the cost of a search."""
        kinds = count_kinds_of_views(self.training)
        return self._estimate_untimed() or estimate_search_cost(self.context, self.training, kinds)

    def estimate_shortest(self) -> float | None:
        """Return the seconds of the shortest training that may be planned; None where they cannot be told."""
        return estimate_shortest(self.context, self.unfreeze)

    def _estimate_untimed(self) -> Cost | None:
        return None if self.built else estimate_untimed(self.context, self.name, self.unfreeze)

    def fit(self) -> Arm:
        """Train, and return the arm."""
        note_views(self.context)
        try:
            if self.open is not None:
                self.built = self.open.prepare(self.training)
            planned = self.training.epochs if self.open is not None else None
            trained = self.training.run(make_stop_rule(self.context, planned))
            return self._build_arm(self.name, trained, self.training.spec.settings)
        finally:
            self.built = None  # what failed for want of memory must not keep it from the next

    def search(self, best: str) -> Arm:
        """Search for hyperparameters, and return the best training as an arm of this name."""
        context = self.context
        note_views(context)
        refits = should_refit(context) and context.budget.limit is not None
        try:
            again = estimate_training_cost(self.training).refit if refits else 0.0
            found = search_hyperparameters(
                self.training,
                context.settings.search,
                _arm_folder(context, self.name),
                stop=make_stop_rule(context),
                left=lambda: context.left - ENDING - again,
            )
            settings = self.training.spec.settings.model_copy(update=dict(found.best.settings))
            return _describe_search(self._build_arm(best, found.trained, settings), found, context)
        finally:
            self.built = None  # as in fit

    def _build_arm(self, name: str, trained: "FineTuneResult", settings: FitSettings) -> Arm:
        """Return the arm of a training, after letting go of it."""
        timed = self.training.benchmark
        self.built = None
        gc.collect()  # a network as a graph is full of cycles, and the next one wants its memory
        context, unfreeze, scratch = self.context, self.unfreeze, self.scratch
        return add_refit(
            context,
            build_arm(context, self.strategy, name, unfreeze or "stage1", trained),
            trained,
            lambda share: build_refit(context, self.name, unfreeze, trained, settings, timed, share, scratch=scratch),
            lambda again: build_trained_model(context, again.backbone, again.head),
        )


def note_views(context: FitContext) -> None:
    """Note once in a run which changes of views its task leaves out, and which it does not say to keep the answer."""
    for text in explain_views(context.settings, context.samples.modality, context.task):
        if text not in context.log.notes:
            context.log(events.Note(text))


def _arm_folder(context: FitContext, name: str) -> Path:
    """Return the folder where an arm leaves what it tried."""
    several = f" on {context.backbone.name}" if "," in (context.settings.backbone or "") else ""
    return context.folder / "arms" / arm_file_name(f"{name}{several}")


def _describe_search(arm: Arm, found: SearchResult, context: FitContext) -> Arm:
    """Return the arm of a search: the time of all its trials, and notes on its validation score."""
    trials, wanted = found.trials, context.settings.search
    best = f"trial {found.best.number} of {len(trials)} was the best on validation"
    notes = [f"{best}, which therefore flatters it: it was chosen on these {context.noun.many}; the test score is fair"]
    if len(trials) < wanted:
        notes.append(f"the budget allowed {len(trials)} of {wanted} trials")
    for ended, words in (("pruned", "given up early"), ("failed", "failed")):
        if count := sum(it.ended == ended for it in trials):
            notes.append(f"{count} of {len(trials)} trials {words}")
    disk = {it.settings.get("augmentation"): it.disk for it in trials}  # one where nothing is changed
    return replace(
        arm,
        seconds=arm.seconds - sum(found.trained.seconds.values()) + sum(it.seconds for it in trials),
        disk=sum(disk.values()),
        chosen={**arm.chosen, **found.best.settings},
        notes=(*notes, *arm.notes),
    )


def make_stop_rule(context: FitContext, planned: int | None = None) -> "Callable[[int, Epoch], bool]":
    """Return a rule that ends a training whose next epoch would not end within the budget.

    Args:
        context: of the run.
        planned: epochs, of a training that the budget decides: where half of them are made and none was better than the
            start, the rest would be time thrown away. None: of a training that was asked for.
    """
    scored = len(context.train_samples_to_score()) + len(context.samples_in(Subset.VALIDATION))
    ending = ENDING + scored * context.budget.pace
    losses: list[float] = []

    def stop(epochs: int, epoch: Epoch) -> bool:
        losses.append(epoch.calibrated_loss)
        if planned is not None and 2 * epochs >= planned and epochs > 0 and min(losses[1:], default=0.0) >= losses[0]:
            return True
        return epochs > 0 and context.left < epoch.seconds + ending

    return stop


def build_arm(context: FitContext, strategy: str, name: str, layer: str, trained: "FineTuneResult") -> Arm:
    """Return a trained network as an arm: scored through the engine that will run it when it is shipped."""
    began = time.perf_counter()
    arm = score_arm(
        context,
        build_trained_model(context, trained.backbone, trained.head),
        name,
        strategy=strategy,
        backbone=context.backbone.name,
        layer=layer,
        head=trained.head.kind,
        parameters=trained.parameters,
        seconds=0.0,
        disk=trained.disk,
        memory=trained.memory,
        planned_epochs=trained.planned,
        chosen=_list_chosen(trained),
        curves=trained.epochs,
        best_epoch=trained.best_epoch,
        rate_curve=trained.rate_curve,
        notes=_list_notes(trained),
    )
    return replace(arm, seconds=sum(trained.seconds.values()) + time.perf_counter() - began)


def _list_chosen(trained: "FineTuneResult") -> dict[str, object]:
    found = {"rate": trained.rate_curve.suggestion} if trained.rate_curve is not None else {}
    return {"training_precision": trained.precision, **found}


def _list_notes(trained: "FineTuneResult") -> tuple[str, ...]:
    last = trained.epochs[-1].number
    notes = [f"{trained.frozen} tensors under {trained.boundary} are bit-identical to what was loaded"]
    if (curve := trained.rate_curve) is not None:
        how = f"{len(curve.rates)} steps, " + ("until the loss blew up" if curve.stopped else "the loss never blew up")
        notes.append(f"the rate {curve.suggestion:.1e} comes from a range test ({how})")
    if trained.cut and trained.best_epoch == 0 and 2 * last >= trained.planned:
        notes.append(f"{last} of {trained.planned} planned epochs were made: none of them was better than the start")
    elif trained.cut:
        notes.append(f"{last} of {trained.planned} planned epochs were made: the budget allowed no more")
    elif last < trained.planned:
        notes.append(f"{last} of {trained.planned} planned epochs were made: later ones no longer helped on validation")
    if trained.best_epoch == 0:
        notes.append(f"none of {last} epochs was better on validation than the start, which is kept")
    elif trained.best_epoch < last:
        notes.append(f"epoch {trained.best_epoch} of {last} is kept, {KEPT_EPOCH_RULE}")
    return tuple(notes)
