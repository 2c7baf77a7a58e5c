"""Which photos the winner shall decline, as unlike those it was made from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headstart.data.groups import encode_groups
from headstart.data.samples import Sample, Subset
from headstart.export import FeatureBranch, FittedModel
from headstart.inference.novelty import Novelty
from headstart.selection.arm import Arm
from headstart.selection.context import FitContext
from headstart.uncertainty.calibration_set import FROZEN
from headstart.uncertainty.novelty import fit_novelty, fit_unscaled, novelty_layers, set_acceptance


@dataclass(frozen=True)
class Declining:
    """Parts that know strangers."""

    parts: FittedModel
    validation: NDArray[np.float32] | None  #: (N,) novelty of the validation photos, where they were held out for it


def add_novelty(material: FitContext, winner: Arm, parts: FittedModel) -> Declining:
    """Adds a score of novelty and the branches that it reads; nothing where all photos shall be accepted.

    Where the network is as it was loaded, photos of train and validation both make the score and, left out in turn,
    its threshold. A network that was trained here knows the photos it was trained on: then the threshold is that of
    the winner as validated, on validation photos, and the score is made anew from all photos if the winner was.

    Args:
        material: of the run.
        winner: the arm, as validated.
        parts: what is saved of it.
    """
    settings = material.settings
    if settings.acceptance == 1:
        return Declining(parts, None)
    seen = material.samples_in(Subset.TRAIN, Subset.VALIDATION)
    reading = _reading(parts)
    if winner.strategy in FROZEN or parts.branches[0].backbone.fingerprint == material.backbone.fingerprint:
        novelty = fit_novelty(
            reading.features(material, seen),
            material.labels(Subset.TRAIN, Subset.VALIDATION),
            encode_groups(seen),
            branches=reading.indices,
            acceptance=settings.acceptance,
            seed=settings.seed,
        )
        return Declining(reading.of(parts, novelty), None)
    validated = _reading(winner.model)
    learnt = validated.features(material, material.samples_in(Subset.TRAIN))
    others = validated.features(material, material.samples_in(Subset.VALIDATION))
    unscaled = fit_unscaled(learnt, branches=validated.indices, seed=settings.seed)
    found = set_acceptance(unscaled, unscaled.score(others), settings.acceptance)
    scores = found.score(others)
    if parts is not winner.model:
        anew = fit_unscaled(reading.features(material, seen), branches=reading.indices, seed=settings.seed)
        found = replace(anew, ood_acceptance=found.ood_acceptance, scale=found.scale)
    return Declining(reading.of(parts, found), scores)


@dataclass(frozen=True)
class _Reading:
    """A classifier's branches, with those that novelty is told from."""

    branches: tuple[FeatureBranch, ...]
    indices: tuple[int, ...]  #: of those

    def features(self, material: FitContext, samples: Sequence[Sample]) -> list[NDArray[np.float32]]:
        """For each branch that novelty is told from float32 (N, D of it)."""
        return [material.load_features(self.branches[index], samples) for index in self.indices]

    def of(self, parts: FittedModel, novelty: Novelty) -> FittedModel:
        """The parts with these branches and this score."""
        return replace(parts, branches=self.branches, novelty=novelty)


def _reading(parts: FittedModel) -> _Reading:
    first = next((branch for branch in parts.branches if not branch.flipped), parts.branches[0])
    top = max(first.layers, key=[layer.name for layer in first.backbone.layers].index)
    wanted = [replace(first, layers=(layer,)) for layer in novelty_layers(first.backbone, top)]
    branches = (*parts.branches, *(branch for branch in wanted if branch not in parts.branches))
    return _Reading(branches, tuple(branches.index(branch) for branch in wanted))
