"""Novelty of a classifier: a score that tells samples unlike those it was made from, and its threshold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from headstart.data.groups import encode_groups
from headstart.data.samples import Sample, Subset
from headstart.saving import FeatureBranch, FittedModel
from headstart.selection.arm import Arm
from headstart.selection.context import FitContext
from headstart.storage.results import Arrays, Question, Result
from headstart.uncertainty.calibration_set import FROZEN
from headstart.uncertainty.novelty_fits import fit_score, fit_unscaled, select_layers, set_acceptance
from headstart_runtime.arrays import Floats
from headstart_runtime.inference.novelty import Novelty


@dataclass(frozen=True)
class NoveltyFit:
    """A model with its novelty score."""

    model: FittedModel
    validation: Floats | None  #: (N,) novelty of the validation samples, where they were held out for it


@dataclass(frozen=True)
class _Branches:
    """A model's branches, with those that the novelty score reads."""

    all: tuple[FeatureBranch, ...]
    indices: tuple[int, ...]  #: of those that the score reads

    def load_features(self, context: FitContext, samples: Sequence[Sample]) -> list[Floats]:
        """Return the features (N, D of it) of each branch that the score reads."""
        return [context.load_features(self.all[index], samples) for index in self.indices]


def fit_novelty(context: FitContext, winner: Arm, model: FittedModel) -> NoveltyFit:
    """Return the model with a novelty score and the branches that it reads; without where all samples are accepted.

    Where the network is as it was loaded, samples of train and validation both make the score and, left out in turn,
    its threshold. A network that was trained here knows the samples it was trained on: then the threshold is that of
    the winner as validated, on validation samples, and the score is fitted anew on all samples if the winner was.

    Args:
        context: what the winner was fitted on.
        winner: the arm, as validated.
        model: what is saved of it.
    """
    acceptance, seed = context.settings.acceptance, context.settings.seed
    if acceptance == 1:
        return NoveltyFit(model, None)
    branches = _choose_branches(model)
    seen = context.samples_in(Subset.TRAIN, Subset.VALIDATION)
    if winner.strategy in FROZEN or model.branches[0].backbone.fingerprint == context.backbone.fingerprint:
        novelty = _recall_score(context, branches, seen, acceptance)
        return NoveltyFit(replace(model, branches=branches.all, novelty=novelty), None)
    validated = _choose_branches(winner.model)
    train = validated.load_features(context, context.samples_in(Subset.TRAIN))
    validation = validated.load_features(context, context.samples_in(Subset.VALIDATION))
    unscaled = fit_unscaled(train, branches=validated.indices, seed=seed)
    novelty = set_acceptance(unscaled, unscaled.score(validation), acceptance)
    scores = novelty.score(validation)
    if model is not winner.model:
        refitted = fit_unscaled(branches.load_features(context, seen), branches=branches.indices, seed=seed)
        novelty = replace(refitted, ood_acceptance=novelty.ood_acceptance, scale=novelty.scale)
    return NoveltyFit(replace(model, branches=branches.all, novelty=novelty), scores)


def _recall_score(context: FitContext, branches: _Branches, seen: Sequence[Sample], acceptance: float) -> Novelty:
    """Return the score with its threshold, both from the samples seen, known from before or fitted now."""
    features = branches.load_features(context, seen)
    strata, groups = context.strata(Subset.TRAIN, Subset.VALIDATION), encode_groups(seen)
    seed = context.settings.seed

    def make() -> Result:
        fitted = fit_score(features, strata, groups, branches=branches.indices, acceptance=acceptance, seed=seed)
        return Result(fitted.tensors(), fitted.to_json())

    arrays: Arrays = {**{str(place): each for place, each in enumerate(features)}, "strata": strata, "groups": groups}
    question = Question("novelty", arrays, [branches.indices, acceptance, seed])
    known = context.store.results.recall(question, make)
    return Novelty.from_json(known.facts, known.arrays)


def _choose_branches(model: FittedModel) -> _Branches:
    """Return the model's branches and those of the layers that the score reads, added where they are missing."""
    first = model.branches[0]
    top = max(first.layers, key=[layer.name for layer in first.backbone.layers].index)
    read = [replace(first, layers=(layer,)) for layer in select_layers(first.backbone, top)]
    branches = (*model.branches, *(branch for branch in read if branch not in model.branches))
    return _Branches(branches, tuple(branches.index(branch) for branch in read))
