"""A network is trained: its upper part, all of it, or the same architecture from random weights.

``partial-finetune`` trains the layers above a boundary from cached activations, ``full-finetune`` all of them at a low
rate (Girshick et al. 2014; Yosinski et al. 2014), ``scratch`` starts from random weights: what pretraining gives is
the difference. The first two start from the solved head (``training.trainable``); with the setting ``search`` each of
them is the best of several trainings (``hyperparameters``).
"""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.backbones.backbone import middle_stage
from headstart.data.samples import Subset
from headstart.engines.choose import choose_engine
from headstart.errors import SettingError
from headstart.export import FeatureBranch, FittedModel
from headstart.heads.catalog import fit_head
from headstart.heads.head import Head
from headstart.libraries import import_openvino
from headstart.process import passive_waiting
from headstart.selection.arm import Arm, ArmPlan, arm_file_name, score_arm
from headstart.selection.context import FitContext
from headstart.selection.hyperparameters import CHOICES, SearchResult, search_hyperparameters
from headstart.selection.planning import (
    estimate_search_cost,
    estimate_training_cost,
    estimate_untimed,
    plan_within_budget,
)
from headstart.selection.probes import LAYER, base_head_name, build_model, fit_probe
from headstart.selection.refit import add_refit, should_refit
from headstart.settings import FitSettings
from headstart.training.cost import Cost
from headstart.training.curves import KEPT_EPOCH_RULE, Epoch

if TYPE_CHECKING:  # it imports PyTorch, which a run of probes has no need of
    from headstart.training.benchmark_record import BenchmarkResult
    from headstart.training.fine_tuning import FineTuneResult, FineTuning


ENDING = 5.0  #: seconds for exporting a trained network and scoring it


def partial_finetune(context: FitContext, detail: str | None = None) -> Sequence[ArmPlan]:
    """Plan the training of the layers from ``detail``, or from the setting ``unfreeze``, upwards."""
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


def build_training(
    context: FitContext, name: str, unfreeze: str | None, *, scratch: bool, settings: FitSettings | None = None
) -> "FineTuning":
    """Return the training, not started."""
    head = None if scratch else fit_probe(context, base_head_name(context)).head
    return _build(context, name, unfreeze, head, [Subset.TRAIN], settings or context.settings)


def _build_refit(
    context: FitContext,
    name: str,
    unfreeze: str | None,
    trained: "FineTuneResult",
    settings: FitSettings,
    timed: "BenchmarkResult",
    share: float = 1.0,
    *,
    scratch: bool,
) -> "FineTuning":
    """Return the training once more, on train and validation photos, for a share of the steps that validation kept."""
    head, parts = None, [Subset.TRAIN, Subset.VALIDATION]
    train = len(context.samples_in(Subset.TRAIN))
    epochs = settings.epochs_for(train)
    again = ceil(share * epochs * train / len(context.samples_in(*parts)))
    update: dict[str, object] = {"epochs": again}
    if trained.rate_curve is not None:
        update["rate"] = trained.rate_curve.suggestion
    if not scratch:
        kind = base_head_name(context)
        task = context.training_set([context.branch(LAYER)], *parts)
        head = fit_head(kind, task, context.settings, fixed=fit_probe(context, kind).chosen).head
    ends = max(1, round(again * trained.best_epoch / epochs))
    job = _build(context, name, unfreeze, head, parts, settings.model_copy(update=update), ends=ends)
    job.benchmark = timed
    return job


def _build(
    context: FitContext,
    name: str,
    unfreeze: str | None,
    head: Head | None,
    learnt: Sequence[Subset],
    settings: FitSettings,
    *,
    ends: int | None = None,
) -> "FineTuning":
    import_openvino()  # a trained network runs in nothing else: said before the training, not after it
    with passive_waiting():
        from headstart.training.fine_tuning import FineTuneSpec, FineTuning

    held_out = context.samples_in(Subset.VALIDATION)
    return FineTuning(
        FineTuneSpec(
            name=name,
            train=context.samples_in(*learnt),
            validation=held_out,
            classes=len(context.samples.classes),
            backbone=context.backbone,
            engine=context.engine,
            unfreeze=unfreeze,
            head=head,
            rows=None if head is None else context.load_features(context.branch(LAYER), held_out),
            parity_samples=context.parity_samples,
            settings=settings,
            folder=context.store.folder,
            ends=ends,
        ),
        context.log,
    )


def _plan_arm(context: FitContext, strategy: str, name: str, unfreeze: str | None, *, scratch: bool) -> ArmPlan:
    jobs: list[FineTuning] = []  # made when first asked for: loading the network takes seconds

    def job() -> "FineTuning":
        if not jobs:
            jobs.append(plan_within_budget(build_training(context, name, unfreeze, scratch=scratch), context))
        return jobs[0]

    def price() -> Cost | None:
        return None if jobs else estimate_untimed(context, name, unfreeze)

    def make() -> Arm:
        try:
            trained = job().run(make_stop_rule(context))
            return build(name, trained, job().spec.settings)
        finally:
            jobs.clear()  # what failed for want of memory must not keep it from the next

    def build(told: str, trained: "FineTuneResult", settings: FitSettings) -> Arm:
        timed = job().benchmark
        jobs.clear()
        gc.collect()  # a network as a graph is full of cycles, and the next one wants its memory
        arm = build_arm(context, strategy, told, unfreeze or "stage1", trained)
        return add_refit(
            context,
            arm,
            trained,
            lambda share: _build_refit(context, name, unfreeze, trained, settings, timed, share, scratch=scratch),
            lambda again: _build_model(context, again),
        )

    def make_best() -> Arm:
        folder = _arm_folder(context, name)
        try:
            again = (
                estimate_training_cost(job()).refit
                if should_refit(context) and context.budget.limit is not None
                else 0.0
            )
            found = search_hyperparameters(
                job(),
                context.settings.search,
                folder,
                stop=make_stop_rule(context),
                left=lambda: context.left - ENDING - again,
            )
            settings = job().spec.settings.model_copy(update=dict(found.best.settings))
            return _describe_search(build(best, found.trained, settings), found, context)
        finally:
            jobs.clear()  # as in make

    if scratch or not context.settings.search:
        return ArmPlan(name, strategy, lambda: price() or estimate_training_cost(job()), make, trains=True)
    most = "" if context.budget.limit is None else "up to "
    best = f"{name}, best of {most}{context.settings.search}"
    presets = len({*CHOICES["augmentation"], context.settings.augmentation})
    return ArmPlan(
        best, strategy, lambda: price() or estimate_search_cost(context, job(), presets), make_best, trains=True
    )


def _arm_folder(context: FitContext, name: str) -> Path:
    """Return the folder where an arm leaves what it tried."""
    several = f" on {context.backbone.name}" if "," in context.settings.backbone else ""
    return context.folder / "arms" / arm_file_name(f"{name}{several}")


def _describe_search(arm: Arm, found: SearchResult, context: FitContext) -> Arm:
    """Return the arm of a search: the time of all its trials, and notes on its validation score."""
    trials, wanted = found.trials, context.settings.search
    best = f"trial {found.best.number} of {len(trials)} was the best on validation"
    notes = [f"{best}, which therefore flatters it: it was chosen on these photos; the test score is fair"]
    if len(trials) < wanted:
        notes.append(f"the budget allowed {len(trials)} of {wanted} trials")
    for ended, said in (("pruned", "given up early"), ("failed", "failed")):
        if count := sum(it.ended == ended for it in trials):
            notes.append(f"{count} of {len(trials)} trials {said}")
    disk = {it.settings["augmentation"]: it.disk for it in trials}
    return replace(
        arm,
        seconds=arm.seconds - sum(found.trained.seconds.values()) + sum(it.seconds for it in trials),
        disk=sum(disk.values()),
        chosen={**arm.chosen, **found.best.settings},
        notes=(*notes, *arm.notes),
    )


def make_stop_rule(context: FitContext) -> "Callable[[int, Epoch], bool]":
    """Return a rule that ends a training whose next epoch would not end within the budget."""

    def stop(epochs: int, epoch: Epoch) -> bool:
        return epochs > 0 and context.left < epoch.seconds + ENDING

    return stop


def build_arm(context: FitContext, strategy: str, name: str, layer: str, trained: "FineTuneResult") -> Arm:
    """Return a trained network as an arm: scored through the engine that will run it when it is shipped."""
    began = time.perf_counter()
    arm = score_arm(
        context,
        _build_model(context, trained),
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


def _build_model(context: FitContext, trained: "FineTuneResult") -> FittedModel:
    """Return a model of a network that was trained here; it exists as ONNX alone, so OpenVINO runs it everywhere."""
    precision = context.settings.precision
    chosen = choose_engine(
        trained.backbone, context.parity_samples, engine="openvino", precision=precision, listener=context.log
    )
    context.features.add_engine(trained.backbone, chosen.engine)
    branch = FeatureBranch(trained.backbone, chosen.engine.name, chosen.engine.precision, (LAYER,))
    return build_model(context, branch, trained.head)


def _list_chosen(trained: "FineTuneResult") -> dict[str, object]:
    found = {"rate": trained.rate_curve.suggestion} if trained.rate_curve is not None else {}
    return {"training_precision": trained.precision, **found}


def _list_notes(trained: "FineTuneResult") -> tuple[str, ...]:
    last = trained.epochs[-1].number
    notes = [f"{trained.frozen} tensors under {trained.boundary} are bit-identical to what was loaded"]
    if (curve := trained.rate_curve) is not None:
        how = f"{len(curve.rates)} steps, " + ("until the loss blew up" if curve.stopped else "the loss never blew up")
        notes.append(f"the rate {curve.suggestion:.1e} comes from a range test ({how})")
    if trained.cut:
        notes.append(f"{last} of {trained.planned} planned epochs were made: the budget allowed no more")
    elif last < trained.planned:
        notes.append(f"{last} of {trained.planned} planned epochs were made: later ones no longer helped on validation")
    if trained.best_epoch == 0:
        notes.append(f"none of {last} epochs was better on validation than the start, which is kept")
    elif trained.best_epoch < last:
        notes.append(f"epoch {trained.best_epoch} of {last} is kept, {KEPT_EPOCH_RULE}")
    return tuple(notes)
