"""Trainings as strategies need them: from the probe's head on train, and once more on train and validation."""

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

from headstart.data.samples import Subset
from headstart.heads.head import Head
from headstart.process import passive_waiting
from headstart.selection.context import FitContext
from headstart.selection.probes import LAYER, base_head_name, fit_probe, fit_task_head
from headstart.settings import FitSettings
from headstart_runtime.libraries import import_openvino

if TYPE_CHECKING:  # it imports PyTorch, which a run of probes has no need of
    from headstart.training.benchmark_record import BenchmarkResult
    from headstart.training.fine_tuning import FineTuneResult, FineTuning


def build_training(
    context: FitContext, name: str, unfreeze: str | None, *, scratch: bool, settings: FitSettings | None = None
) -> "FineTuning":
    """Return the training, not started."""
    head = None if scratch else fit_probe(context, base_head_name(context)).head
    return _build(context, name, unfreeze, head, [Subset.TRAIN], settings or context.settings)


def build_refit(
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
    """Return the training once more, on train and validation samples, for a share of the steps that validation kept."""
    head, subsets = None, [Subset.TRAIN, Subset.VALIDATION]
    train = len(context.samples_in(Subset.TRAIN))
    epochs = settings.epochs_for(train)
    again = ceil(share * epochs * train / len(context.samples_in(*subsets)))
    update: dict[str, object] = {"epochs": again}
    if trained.rate_curve is not None:
        update["rate"] = trained.rate_curve.suggestion
    if not scratch:
        kind = base_head_name(context)
        training_set = context.training_set([context.branch(LAYER)], *subsets)
        head = fit_task_head(context, kind, training_set, fixed=fit_probe(context, kind).chosen).head
    ends = max(1, round(again * trained.best_epoch / epochs))
    training = _build(context, name, unfreeze, head, subsets, settings.model_copy(update=update), ends=ends)
    training.benchmark = timed
    return training


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
            space=context.samples.space,
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
