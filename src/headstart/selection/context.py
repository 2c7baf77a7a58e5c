"""What strategies learn from: samples, their split, a backbone, and the features of its layers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.data.groups import encode_groups
from headstart.data.samples import Sample, Samples, Subset
from headstart.data.split import Split
from headstart.engines.choose import ParitySamples
from headstart.engines.engine import Engine
from headstart.evaluation.grouping import Targets
from headstart.export import FeatureBranch, FittedModel
from headstart.extraction.extract import extract
from headstart.hardware import ComputePrecision
from headstart.heads.head import FitResult, TrainingSet
from headstart.settings import FitSettings
from headstart.storage.space import FeatureSpace
from headstart.storage.store import Store

if TYPE_CHECKING:  # it imports PyTorch
    from headstart.training.benchmark_record import BenchmarkResult

SAVING = 8.0  #: seconds of the budget for saving the winner; judging it comes on top
TIMING = 0.1  #: share of the budget that timing trainings may take
JUDGED_PER_SECOND = 100  #: photos, for that
TRAIN_SCORED = 2000  #: training photos that an arm is scored on: its training score is for the eye, not for choosing


def make_targets(samples: Sequence[Sample]) -> Targets:
    """What predictions for samples are scored on: their labels, and which of them belong together."""
    return Targets(np.array([sample.label for sample in samples], np.int64), encode_groups(samples))


@dataclass
class Budget:
    """What is left of the budget."""

    limit: float | None  #: seconds for the whole job; None: no limit
    began: float = field(default_factory=time.perf_counter)
    reserved: float = 0.0  #: seconds of it that are kept for fitting the winner once more
    timed: float = 0.0  #: seconds of it that timing trainings has taken

    @property
    def left(self) -> float:
        """Seconds; infinity without a budget."""
        return float("inf") if self.limit is None else self.limit - self.elapsed

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.began

    @property
    def left_for_timing(self) -> float:
        """Seconds that timing trainings may still take; infinity without a budget."""
        return float("inf") if self.limit is None else max(0.0, TIMING * self.limit - self.timed)


@dataclass(frozen=True)
class FitContext:
    """What strategies learn from."""

    samples: Samples
    split: Split
    backbone: Backbone
    engine: Engine
    store: Store
    space: FeatureSpace  #: of the backbone's rows, run by the engine, plain view
    parity_samples: ParitySamples
    settings: FitSettings
    folder: Path  #: the run's, for what an arm leaves behind
    budget: Budget = field(default_factory=lambda: Budget(None))
    listener: events.Listener = events.ignore
    #: (fingerprint of the backbone, precision) -> engine; shared by all materials of a run
    engines: dict[tuple[str, ComputePrecision], Engine] = field(default_factory=dict)

    probes: dict[str, FitResult] = field(
        default_factory=dict
    )  #: by the head's name, on the last layer, fitted on train
    probe_seconds: dict[str, float] = field(default_factory=dict)  #: that each of them took
    least: dict[str, float] = field(default_factory=dict)  #: seconds of the shortest training above a boundary
    timed: dict[str, "BenchmarkResult"] = field(
        default_factory=dict
    )  #: what trials found, by the boundary trained above

    def __post_init__(self) -> None:
        self.add_engine(self.backbone, self.engine)

    def add_engine(self, backbone: Backbone, engine: Engine) -> None:
        """Makes an engine known for the branches of its backbone."""
        self.engines[backbone.fingerprint, engine.precision] = engine

    @property
    def left(self) -> float:
        """Seconds of the budget that arms may take; infinity without one."""
        return self.left_for_refit - self.budget.reserved

    @property
    def left_for_refit(self) -> float:
        """Seconds of it that fitting the winner once more may take."""
        return self.budget.left - SAVING - len(self.samples_in(Subset.TEST)) / JUDGED_PER_SECOND

    def samples_in(self, *parts: Subset) -> list[Sample]:
        """The samples of some parts, one part after the other."""
        return [sample for part in parts for sample in self.split.samples_in(self.samples, part)]

    def labels(self, *parts: Subset) -> NDArray[np.int64]:
        """(N,) of some parts, in the order of ``samples_in``."""
        return np.array([sample.label for sample in self.samples_in(*parts)], dtype=np.int64)

    def targets(self, *parts: Subset) -> Targets:
        """Labels and groups of some parts, in the order of ``samples_in``."""
        return make_targets(self.samples_in(*parts))

    def train_samples_to_score(self) -> list[Sample]:
        """The training photos that arms are scored on: all, or those with the smallest digests."""
        train = self.samples_in(Subset.TRAIN)
        return train if len(train) <= TRAIN_SCORED else sorted(train, key=lambda it: it.digest)[:TRAIN_SCORED]

    def branch(self, *layers: str, flipped: bool = False) -> FeatureBranch:
        """This backbone's branch with some layers."""
        return FeatureBranch(self.backbone, self.engine.name, self.engine.precision, layers, flipped)

    def load_features(self, branch: FeatureBranch, samples: Sequence[Sample]) -> NDArray[np.float32]:
        """A branch's features of some photos, (N, D); computed now where the store has none."""
        space = self._space(branch, samples)
        digests = [sample.digest for sample in samples]
        return np.concatenate([self.store.read(space, digests, layer) for layer in branch.layers], axis=1)

    def _space(self, branch: FeatureBranch, samples: Sequence[Sample]) -> FeatureSpace:
        if branch.backbone.fingerprint == self.backbone.fingerprint and not branch.flipped:
            return self.space
        engine = self.engines[branch.backbone.fingerprint, branch.precision]
        done = extract(
            samples,
            branch.backbone,
            engine,
            self.store,
            flipped=branch.flipped,
            listener=self.listener,
            workers=self.settings.workers,
        )
        return done.space

    def training_set(self, branches: Sequence[FeatureBranch], *parts: Subset) -> TrainingSet:
        """The features of branches, joined, and the labels of some parts; rows are joined by the photos' digests."""
        samples = self.samples_in(*parts)
        rows = [self.load_features(branch, samples) for branch in branches]
        return TrainingSet(
            features=rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1),
            labels=self.labels(*parts),
            classes=len(self.samples.classes),
            groups=encode_groups(samples),
            balanced=self.settings.class_weights == "balanced",
            seed=self.settings.seed,
        )

    def predict_proba(self, parts: FittedModel, samples: Sequence[Sample]) -> NDArray[np.float32]:
        """What a classifier made of these parts says of photos, (N, C), from stored features."""
        return parts.predict_proba([self.load_features(branch, samples) for branch in parts.branches])


Refit = Callable[[FitContext], FittedModel]
