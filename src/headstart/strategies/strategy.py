"""The contract of a strategy, and what strategies learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from headstart.backbones.backbone import Backbone
from headstart.data.samples import Part, Sample, Samples
from headstart.data.splits import Split
from headstart.evaluation.evaluation import Evaluation
from headstart.features.space import Space
from headstart.features.store import Store
from headstart.heads.head import Fitted, Head, Task, Trial
from headstart.settings import FitSettings


@dataclass(frozen=True, slots=True)
class Material:
    """What strategies learn from: samples, their split, and the features of a backbone's layers."""

    samples: Samples
    split: Split
    backbone: Backbone
    store: Store
    space: Space
    settings: FitSettings

    def of(self, *parts: Part) -> list[Sample]:
        """The samples of some parts, one part after the other."""
        return [sample for part in parts for sample in self.split.of(self.samples, part)]

    def task(self, layer: str, *parts: Part) -> Task:
        """One layer's features and the labels of some parts; rows are joined by the photos' digests."""
        samples = self.of(*parts)
        _, groups = np.unique([sample.group for sample in samples], return_inverse=True)
        return Task(
            features=self.store.read(self.space, [sample.digest for sample in samples], layer),
            labels=np.array([sample.label for sample in samples], dtype=np.int64),
            classes=len(self.samples.classes),
            groups=groups.astype(np.int64),
            balanced=self.settings.class_weights == "balanced",
            seed=self.settings.seed,
        )


@dataclass(frozen=True, slots=True)
class Arm:
    """One row of a comparison: a strategy on a backbone with its settings, fitted on train, scored on validation."""

    strategy: str
    backbone: str
    layer: str
    head: str
    chosen: Mapping[str, float]  #: hyperparameters that cross-validation inside train chose
    path: tuple[Trial, ...]  #: what was tried for them
    validation: Evaluation
    seconds: float  #: of fitting
    fitted: Head  #: on train alone

    @property
    def name(self) -> str:
        """For a person: what distinguishes it from other arms."""
        return f"{self.strategy} {self.head} on {self.backbone} {self.layer}"


class Strategy(Protocol):
    """A way to transfer."""

    def __call__(self, material: Material) -> Sequence[Arm]:
        """The arms of this strategy, cheap to dear."""
        ...


def refitted(material: Material, arm: Arm) -> Fitted:
    """The arm's head on train and validation together, with the hyperparameters it chose in train."""
    from headstart.heads.catalog import fit_head

    task = material.task(arm.layer, Part.TRAIN, Part.VALIDATION)
    return fit_head(arm.head, task, material.settings, fixed=arm.chosen)
