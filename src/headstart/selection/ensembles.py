"""Arms made of other arms: several answers as one, features of several backbones joined.

``average`` and ``vote``: all arms answer. ``concat``: one head on the last layers of several backbones. Each is tested
like any other arm.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from headstart.data.samples import Subset
from headstart.errors import SettingError
from headstart.export import EnsembleMember, FeatureBranch, FittedModel
from headstart.selection.arm import Arm, refit_model, score_arm
from headstart.selection.context import DatasetContext, FitContext, Refit
from headstart.selection.probes import LAYER, base_head_name, count_parameters, fit_task_head
from headstart.tasks.task import TargetSpace

#: make(context of the run, those of its backbones, arms so far) -> an arm
Ensemble = Callable[[DatasetContext, Sequence[FitContext], Sequence[Arm]], Arm]


@dataclass(frozen=True, slots=True)
class WeightedArm:
    """An arm in an ensemble."""

    arm: Arm
    weight: float  #: its share


def combine_models(space: TargetSpace, members: Sequence[tuple[FittedModel, float]], combine: str) -> FittedModel:
    """Return several models as one: their branches, each once, and their answers with their shares.

    Raises:
        SettingError: one of them is a vote, which has no share in a mean.
    """
    branches: list[FeatureBranch] = []
    combined: list[EnsembleMember] = []
    for model, share in members:
        if model.combine != "mean":
            raise SettingError("a vote cannot be part of another ensemble; leave it out of --arms")
        places = []
        for branch in model.branches:
            if branch not in branches:
                branches.append(branch)
            places.append(branches.index(branch))
        for member in model.members:
            read = tuple(places[index] for index in member.branches)
            combined.append(replace(member, branches=read, weight=member.weight * share))
    return FittedModel(space, tuple(branches), tuple(combined), combine)


def average_arms(context: DatasetContext, backbones: Sequence[FitContext], arms: Sequence[Arm]) -> Arm:
    """Return an arm that is the mean of all arms' probabilities."""
    members = [WeightedArm(arm, 1 / len(arms)) for arm in _require_several("average", arms)]
    return _blend(context, "average", members, "mean")


def vote_arms(context: DatasetContext, backbones: Sequence[FitContext], arms: Sequence[Arm]) -> Arm:
    """Return an arm that answers the class which most arms name; ties go to the mean."""
    members = [WeightedArm(arm, 1 / len(arms)) for arm in _require_several("vote", arms)]
    return _blend(context, "vote", members, "vote")


def concat_backbones(context: DatasetContext, backbones: Sequence[FitContext], arms: Sequence[Arm]) -> Arm:
    """Return an arm of one head on the last layers of all backbones."""
    if len(backbones) < 2:
        raise SettingError(
            "concat joins the features of several backbones, and there is one; name more: --backbone a,b"
        )
    began = time.perf_counter()
    branches = tuple(backbone.branch(LAYER) for backbone in backbones)
    head = base_head_name(context)
    fitted = fit_task_head(context, head, context.training_set(branches, Subset.TRAIN))

    def fit_again(own: DatasetContext, *learnt: Subset, fixed: Mapping[str, float]) -> FittedModel:
        whole = fit_task_head(own, head, own.training_set(branches, *learnt), fixed=fixed)
        return FittedModel(own.samples.space, branches, (EnsembleMember(tuple(range(len(branches))), whole.head),))

    return score_arm(
        context,
        FittedModel(context.samples.space, branches, (EnsembleMember(tuple(range(len(branches))), fitted.head),)),
        "concat",
        strategy="concat",
        backbone=" + ".join(each.backbone.name for each in backbones),
        layer=LAYER,
        head=head,
        parameters=count_parameters(fitted.head),
        seconds=time.perf_counter() - began,
        refit=lambda own: fit_again(own, Subset.TRAIN, Subset.VALIDATION, fixed=fitted.chosen),
        chosen=fitted.chosen,
        path=fitted.path,
    )


def _blend(context: DatasetContext, name: str, members: Sequence[WeightedArm], combine: str) -> Arm:
    began = time.perf_counter()
    space = context.samples.space
    backbones = dict.fromkeys(member.arm.backbone for member in members)
    arm = score_arm(
        context,
        combine_models(space, [(member.arm.model, member.weight) for member in members], combine),
        name,
        strategy=name,
        backbone=" + ".join(backbones),
        layer=" + ".join(dict.fromkeys(member.arm.layer for member in members)),
        head=" + ".join(dict.fromkeys(member.arm.head for member in members)),
        parameters=sum(member.arm.parameters for member in members),
        seconds=0.0,
        refit=_refit(space, members, combine),
        refit_seconds=sum(member.arm.refit_seconds for member in members),
        chosen={member.arm.name: member.weight for member in members},
    )
    return replace(arm, seconds=sum(member.arm.seconds for member in members) + time.perf_counter() - began)


def _refit(space: TargetSpace, members: Sequence[WeightedArm], combine: str) -> Refit:
    def refit(context: DatasetContext) -> FittedModel:
        return combine_models(space, [(refit_model(context, it.arm), it.weight) for it in members], combine)

    return refit


def _require_several(name: str, arms: Sequence[Arm]) -> Sequence[Arm]:
    if len(arms) < 2:
        raise SettingError(f"{name} blends several arms, and there is {len(arms)}; name more in --arms")
    return arms


ENSEMBLES: dict[str, Ensemble] = {
    "average": average_arms,
    "vote": vote_arms,
    "concat": concat_backbones,
}
