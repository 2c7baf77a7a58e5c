"""The data and means of a run, as its steps need them: before samples are read, with a dataset, with one backbone."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from headstart.backbones.backbone import Backbone
from headstart.data.groups import encode_groups
from headstart.data.samples import Sample, Samples, Subset
from headstart.data.split import Split
from headstart.engines.engine import Engine
from headstart.engines.parity import ParitySamples
from headstart.evaluation.evaluation import Evaluation
from headstart.evaluation.grouping import Targets
from headstart.events import RunLog
from headstart.heads.head import FitResult, TrainingSet
from headstart.saving import FeatureBranch, FittedModel
from headstart.selection.budget import Budget
from headstart.selection.feature_table import FeatureSource
from headstart.settings import FitSettings, Precision
from headstart.storage.store import Store
from headstart.training.obstacle import find_training_obstacle
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import TargetArray, Task

if TYPE_CHECKING:  # it imports PyTorch
    from headstart.training.benchmark_record import BenchmarkResult

TRAIN_SCORED = 2000  #: training samples that an arm is scored on: its training score is for the eye, not for choosing
TRAIN_SCORED_IN_TIME = 256  #: likewise, within a budget: a network that was trained passes over them for it


def make_targets(samples: Sequence[Sample], task: Task) -> Targets:
    """Return the targets of samples, and which of them belong together, as predictions are scored on them."""
    return Targets(task.targets.stack([sample.target for sample in samples]), encode_groups(samples))


def choose_precision(settings: FitSettings, task: Task | None) -> Precision:
    """Return the arithmetic of forward passes: as set; where that is left open, as the task wants it.

    Args:
        settings: of the run.
        task: of its samples; None where nothing is asked of them.
    """
    return task.feature_precision if settings.precision == "auto" and task is not None else settings.precision


@dataclass(frozen=True)
class RunContext:
    """Settings, the store of features, the time that may be spent, and the log that is told of it."""

    settings: FitSettings
    store: Store
    budget: Budget
    log: RunLog

    @property
    def archives(self) -> Path:
        """Folder in the store where archives are unpacked."""
        return self.store.folder / "archives"


@dataclass(frozen=True, kw_only=True)
class DatasetContext(RunContext):
    """A run with its dataset: the samples, their split, and their features by any backbone."""

    samples: Samples
    split: Split
    folder: Path  #: the run's, for what an arm leaves behind
    features: FeatureSource

    @property
    def left(self) -> float:
        """Seconds of the budget that arms may take; infinity without one."""
        return min(self.left_for_refit - self.budget.reserved, self.budget.left_for_training)

    @property
    def left_for_refit(self) -> float:
        """Seconds of the budget that fitting the winner once more may take."""
        return self.budget.left - self.budget.estimate_closing(len(self.samples_in(Subset.TEST)))

    def with_backbone(self, backbone: Backbone, engine: Engine, parity_samples: ParitySamples) -> "FitContext":
        """Return the same with a backbone whose features of the samples are in the store.

        Args:
            backbone: one of the run's.
            engine: that runs it.
            parity_samples: samples that engines of networks trained from it are checked on.
        """
        self.features.add_engine(backbone, engine, stored=True)
        shared = {each.name: getattr(self, each.name) for each in fields(DatasetContext)}
        return FitContext(**shared, backbone=backbone, engine=engine, parity_samples=parity_samples)

    def samples_in(self, *subsets: Subset) -> list[Sample]:
        """Return the samples of some subsets, one subset after the other."""
        return [sample for subset in subsets for sample in self._by_subset[subset]]

    @cached_property
    def _by_subset(self) -> dict[Subset, list[Sample]]:
        return {subset: self.split.samples_in(self.samples, subset) for subset in Subset}

    @cached_property
    def _targets(self) -> dict[tuple[Subset, ...], Targets]:
        return {}

    @property
    def noun(self) -> Noun:
        """The word that people have for a sample."""
        return self.samples.noun

    @property
    def task(self) -> Task:
        """The task that is learnt."""
        return self.samples.task

    @property
    def precision(self) -> Precision:
        """The arithmetic of forward passes, of which "auto" leaves the choice to the engine."""
        return choose_precision(self.settings, self.task)

    def target_values(self, *subsets: Subset) -> TargetArray:
        """Return the targets (N, ...) of some subsets, in the order of ``samples_in``."""
        return self.targets(*subsets).values

    def targets(self, *subsets: Subset) -> Targets:
        """Return targets and groups of some subsets, in the order of ``samples_in``."""
        if subsets not in self._targets:
            self._targets[subsets] = make_targets(self.samples_in(*subsets), self.task)
        return self._targets[subsets]

    def strata(self, *subsets: Subset) -> Ints:
        """Return the stratum (N,) of each sample of some subsets, by which folds are made even."""
        return self.task.targets.stratify(self.samples.space, self.target_values(*subsets)).numbers

    def score(self, part: str, samples: Sequence[Sample], outputs: Floats) -> Evaluation:
        """Return the scores of outputs (N, K) for samples of a part."""
        return self.task.scoring.score(part, make_targets(samples, self.task), outputs, self.samples.space)

    def train_samples_to_score(self) -> list[Sample]:
        """Return the training samples that arms are scored on: all, or the 2,000 with the smallest digests.

        Within a budget 256 of them.
        """
        train, most = self.samples_in(Subset.TRAIN), self.most_train_scored
        return train if len(train) <= most else sorted(train, key=lambda sample: sample.digest)[:most]

    @property
    def most_train_scored(self) -> int:
        """Training samples that an arm is scored on, at most."""
        return TRAIN_SCORED if self.budget.limit is None else TRAIN_SCORED_IN_TIME

    def load_features(self, branch: FeatureBranch, samples: Sequence[Sample]) -> Floats:
        """Return a branch's features of some samples, float32 (N, D); computed now where the store has none."""
        return self.features.load(branch, samples)

    def load_all(self, branches: Sequence[FeatureBranch], samples: Sequence[Sample]) -> list[Floats]:
        """Return the features of some samples, for each branch float32 (N, D)."""
        return [self.load_features(branch, samples) for branch in branches]

    def training_set(self, branches: Sequence[FeatureBranch], *subsets: Subset) -> TrainingSet:
        """Return the features of branches, side by side, with labels and groups of some subsets."""
        rows = self.load_all(branches, self.samples_in(*subsets))
        return self.pose(rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1), *subsets)

    def pose(self, features: Floats, *subsets: Subset) -> TrainingSet:
        """Return features (N, D) of the samples of some subsets with their labels and groups."""
        targets = self.targets(*subsets)
        return TrainingSet(
            features=features,
            targets=targets.values,
            outputs=self.task.count_outputs(self.samples.space),
            groups=targets.groups,
            balanced=self.task.heads.is_balanced(self.settings),
            seed=self.settings.seed,
        )

    def predict_raw(self, model: FittedModel, samples: Sequence[Sample]) -> Floats:
        """Return a model's raw outputs for samples, (N, K), from stored features."""
        return model.predict_raw(self.load_all(model.branches, samples))


@dataclass
class BackboneMemo:
    """Results on one backbone that several arms of a run ask for, each found once."""

    probes: dict[str, FitResult] = field(default_factory=dict)  #: by head, on the last layer, fitted on train
    probe_seconds: dict[str, float] = field(default_factory=dict)  #: that each of them took
    shortest: dict[str, float] = field(default_factory=dict)  #: seconds of the shortest training above a boundary
    benchmarks: "dict[str, BenchmarkResult]" = field(default_factory=dict)  #: by the boundary trained above
    gathering: threading.Lock = field(default_factory=threading.Lock)  #: held while one of several fits reads features
    lengths: Ints | None = None  #: of some training samples, where they are as long as they come


@dataclass(frozen=True, kw_only=True)
class FitContext(DatasetContext):
    """A run with its dataset and one of its backbones: what a strategy learns from."""

    backbone: Backbone
    engine: Engine
    parity_samples: ParitySamples
    memo: BackboneMemo = field(default_factory=BackboneMemo)

    @property
    def training_obstacle(self) -> str:
        """Why the backbone cannot be trained; "" where it can."""
        return find_training_obstacle(self.backbone.name, self.backbone.spec, self.task)

    def branch(self, *layers: str) -> FeatureBranch:
        """Return this backbone's branch with some layers."""
        return FeatureBranch(self.backbone, self.engine.name, self.engine.precision, layers)


Refit = Callable[[DatasetContext], FittedModel]
