"""Arms made of other arms: several answers as one, features of several backbones joined.

``average`` and ``vote``: all arms answer. ``concat``: one head on the last layers of several backbones,
``concat-all``: on all of their layers. Each is tested like any other arm.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from headstart.data.samples import Subset
from headstart.saving import EnsembleMember, FeatureBranch, FittedModel
from headstart.selection.arm import Arm, HeldOutAnswers, refit_model, score_arm
from headstart.selection.context import DatasetContext, FitContext
from headstart.selection.probes import ALL, LAYER, base_head_name, count_parameters, fit_task_head, predict_by_folds
from headstart.selection.recall import Stopwatch
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import SettingError
from headstart_runtime.tasks.task import TargetSpace

#: make(context of the run, those of its backbones, arms so far) -> an arm
Ensemble = Callable[[DatasetContext, Sequence[FitContext], Sequence[Arm]], Arm]


def combine_models(space: TargetSpace, models: Sequence[FittedModel], combine: str) -> FittedModel:
    """Return several models as one: their branches, each once, and their members with equal shares for each model."""
    branches: list[FeatureBranch] = []
    members: list[EnsembleMember] = []
    for model in models:
        branches += [branch for branch in model.branches if branch not in branches]
        for member in model.members:
            read = tuple(branches.index(model.branches[index]) for index in member.branches)
            members.append(replace(member, branches=read, weight=member.weight / len(models)))
    return FittedModel(space, tuple(branches), tuple(members), combine)


def average_arms(context: DatasetContext, backbones: Sequence[FitContext], arms: Sequence[Arm]) -> Arm:
    """Return an arm that is the mean of all arms' probabilities."""
    return combine_arms(context, "average", arms, "mean")


def vote_arms(context: DatasetContext, backbones: Sequence[FitContext], arms: Sequence[Arm]) -> Arm:
    """Return an arm that answers the class which most arms name; ties go to the mean."""
    return combine_arms(context, "vote", arms, "vote")


def concat_backbones(context: DatasetContext, backbones: Sequence[FitContext], arms: Sequence[Arm]) -> Arm:
    """Return an arm of one head on the last layers of all backbones."""
    return _concat(context, "concat", [backbone.branch(LAYER) for backbone in backbones], LAYER)


def concat_all_layers(context: DatasetContext, backbones: Sequence[FitContext], arms: Sequence[Arm]) -> Arm:
    """Return an arm of one head on all layers of all backbones."""
    branches = [backbone.branch(*(layer.name for layer in backbone.backbone.layers)) for backbone in backbones]
    return _concat(context, "concat-all", branches, ALL)


def _concat(context: DatasetContext, name: str, branches: Sequence[FeatureBranch], layer: str) -> Arm:
    if len(branches) < 2:
        raise SettingError(
            f"{name} joins the features of several backbones, and there is one; name more: --backbone a,b"
        )
    watch = Stopwatch(context)
    branches = tuple(branches)
    head = base_head_name(context)
    rows = replace(context.training_set(branches, Subset.TRAIN), disposable=True)
    fitted = fit_task_head(context, head, rows)
    del rows  # before the arm is scored, which reads others

    def fit_again(own: DatasetContext, *learnt: Subset, fixed: Mapping[str, float]) -> FittedModel:
        rows = replace(own.training_set(branches, *learnt), disposable=True)
        whole = fit_task_head(own, head, rows, fixed=fixed)
        return FittedModel(own.samples.space, branches, (EnsembleMember(tuple(range(len(branches))), whole.head),))

    return score_arm(
        context,
        FittedModel(context.samples.space, branches, (EnsembleMember(tuple(range(len(branches))), fitted.head),)),
        name,
        strategy=name,
        backbone=" + ".join(branch.backbone.name for branch in branches),
        layer=layer,
        head=head,
        parameters=count_parameters(fitted.head),
        seconds=watch.seconds,
        refit=lambda own: fit_again(own, Subset.TRAIN, Subset.VALIDATION, fixed=fitted.chosen),
        chosen=fitted.chosen,
        path=fitted.path,
        held_out=HeldOutAnswers(partial(predict_by_folds, branches=branches, head=head, chosen=fitted.chosen))
        if head in context.task.heads.solved
        else None,
    )


def combine_arms(
    context: DatasetContext, name: str, arms: Sequence[Arm], combine: str, *, strategy: str | None = None
) -> Arm:
    """Return an arm that answers with several arms, each with an equal share.

    Args:
        context: of the run.
        name: its name.
        arms: its members; ensembles may be among them.
        combine: how their answers become one, see ``Task.combine``.
        strategy: the name of the ensemble that it is; None: ``name``.

    Raises:
        SettingError: there is no second member.
    """
    if len(arms) < 2:
        raise SettingError(f"{name} blends several arms, and there is {len(arms)}; name more in --arms")
    began = time.perf_counter()
    space = context.samples.space
    arm = score_arm(
        context,
        combine_models(space, [arm.model for arm in arms], combine),
        name,
        strategy=strategy or name,
        backbone=" + ".join(dict.fromkeys(arm.backbone for arm in arms)),
        layer=" + ".join(dict.fromkeys(arm.layer for arm in arms)),
        head=" + ".join(dict.fromkeys(arm.head for arm in arms)),
        parameters=sum(arm.parameters for arm in arms),
        seconds=0.0,
        refit=lambda own: combine_models(space, [refit_model(own, arm) for arm in arms], combine),
        refit_seconds=sum(arm.refit_seconds for arm in arms),
        chosen={arm.name: 1 / len(arms) for arm in arms},
        held_out=HeldOutAnswers(partial(_combine_held_out, arms=arms, combine=combine))
        if all(arm.held_out is not None for arm in arms)
        else None,
    )
    return replace(arm, seconds=sum(arm.seconds for arm in arms) + time.perf_counter() - began)


def _combine_held_out(context: DatasetContext, arms: Sequence[Arm], combine: str) -> Floats:
    rows = [arm.held_out.predict(context) for arm in arms if arm.held_out is not None]
    return context.task.combine(rows, [1 / len(rows)] * len(rows), combine)


ENSEMBLES: dict[str, Ensemble] = {
    "average": average_arms,
    "vote": vote_arms,
    "concat": concat_backbones,
    "concat-all": concat_all_layers,
}
