"""The inputs of a training, made when they are first asked for: network, boundary, frozen part, views, activations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart import events
from headstart.backbones.backbone import INPUT, Backbone
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.graph import TracedNetwork, trace
from headstart.backbones.loaded import LoadedNetwork
from headstart.backbones.zoo import build_untrained, load_network
from headstart.data.samples import Sample
from headstart.engines.engine import Engine
from headstart.engines.parity import ParitySamples
from headstart.engines.pytorch import select_device
from headstart.extraction.activations import Activations
from headstart.extraction.ragged_activations import RaggedActivations
from headstart.heads.head import Head
from headstart.settings import FitSettings, TrainSettings, parse_size
from headstart.storage.usage import get_free_bytes
from headstart.training.boundary import (
    CachedActivations,
    StreamedActivations,
    activations_key,
    compute_activations,
)
from headstart.training.lengths import find_usual_length, measure_samples
from headstart.training.plan import ActivationSource
from headstart.training.trunk import FrozenPart, Trunk, build_trunk, build_view_trunk, limit_view_spec
from headstart.training.views import ViewLoader, fit_view_spec, make_augmenter, make_plain
from headstart_runtime.arrays import Ints
from headstart_runtime.modalities.batch import InputSpec, is_free
from headstart_runtime.tasks.task import TargetArray, TargetSpace, Task, get_task

SPARE = 10**9  #: bytes of a disk that are never filled


@dataclass(frozen=True)
class FineTuneSpec:
    """A training that is wanted: network, samples, where to begin, settings."""

    name: str  #: for people: "partial-finetune stage4"
    train: Sequence[Sample]
    validation: Sequence[Sample]
    space: TargetSpace  #: of their targets
    backbone: Backbone
    engine: Engine  #: what the head's features were computed with, and what runs the frozen part
    unfreeze: str | None  #: the lowest layer that is trained; None: all
    head: Head | None  #: solved on the backbone's last layer; None: random weights, from scratch
    rows: NDArray[np.float32] | None  #: (validation, D) the features it reads, for the check before the first step
    parity_samples: ParitySamples
    settings: FitSettings
    folder: Path  #: the store's
    ends: int | None = None  #: see ``TrainingPlan``


class TrainingInputs:
    """The network of a training, cut at its boundary, and the views and activations that it learns from."""

    def __init__(self, spec: FineTuneSpec, listener: events.Listener = events.ignore):
        self.spec, self.listener = spec, listener
        self.settings: TrainSettings = spec.settings
        self.scratch = spec.head is None
        self.device = select_device()
        self._open: list[Activations] = []  # until the training ends
        self._view_trunks: dict[InputSpec, Trunk] = {}  # by the spec of the views; shared with other settings' jobs

    @cached_property
    def loaded(self) -> LoadedNetwork:
        """The network, with its weights or random ones."""
        origin = resolve_origin(self.spec.backbone.name)
        loaded = build_untrained(origin, self.spec.settings.seed) if self.scratch else load_network(origin)
        return replace(loaded, spec=self.spec.backbone.spec)

    @cached_property
    def traced(self) -> TracedNetwork:
        """The network's graph."""
        return trace(self.loaded)

    @cached_property
    def boundary(self) -> str:
        """The layer up to which all is frozen, or ``INPUT``."""
        return INPUT if self.spec.unfreeze is None else self.traced.boundary_below(self.spec.unfreeze)

    @property
    def starts_blank(self) -> bool:
        """Whether the head begins blank, and not as the probe ended."""
        wanted = self.settings.start
        return self.scratch or (is_free(self.spec.backbone.spec) if wanted == "auto" else wanted == "blank")

    @property
    def parameters(self) -> int:
        """Parameters that are trained, without the head."""
        return sum(part.parameters for part in self.traced.sections_above(self.boundary))

    @cached_property
    def trunk(self) -> Trunk:
        """The frozen part, for the plain views that are validated on."""
        part = FrozenPart(self.spec.backbone, self.traced, self.boundary)
        return build_trunk(part, self.spec.engine, self.device)

    @property
    def view_trunk(self) -> Trunk:
        """The frozen part, for the views that are trained on."""
        views, spec = self.train_views.spec, self.spec
        if self.train_views.plain and views == spec.backbone.spec:
            return self.trunk
        if views not in self._view_trunks:
            precision, samples = spec.settings.precision, spec.parity_samples.load
            self._view_trunks[views] = build_view_trunk(self.trunk, views, precision, samples)
        return self._view_trunks[views]

    @cached_property
    def train_views(self) -> ViewLoader:
        """The views that are trained on."""
        settings, spec = self.spec.settings, self.loaded.spec
        views = limit_view_spec(self.traced, self.boundary, spec, fit_view_spec(settings, spec, self.task))
        return ViewLoader(views, make_augmenter(settings, spec, self.task), settings.seed)

    @cached_property
    def validation_views(self) -> ViewLoader:
        """The views that are validated on: as predicted on."""
        return ViewLoader(self.loaded.spec, make_plain(self.loaded.spec), 0)

    @property
    def epochs(self) -> int:
        """Passes over the training samples."""
        return self.settings.epochs_for(len(self.spec.train))

    @cached_property
    def views_per_sample(self) -> int:
        """Views of each sample that are kept: no more than there are epochs, one where nothing is changed."""
        return 1 if self.train_views.plain else min(self.settings.views, self.epochs)

    @cached_property
    def lengths(self) -> Ints | None:
        """The lengths of some of the training samples; None where all have one length."""
        return measure_samples(self.spec.train, self.loaded.spec)

    @property
    def usual_length(self) -> int | None:
        """The mean length of a batch of a step; None where all samples have one length."""
        return find_usual_length(self.lengths, self.settings.batch_size)

    @property
    def longest_share(self) -> float:
        """The length of the longest sample as a share of a usual batch's; 1 where all have one length."""
        return 1.0 if self.lengths is None else max(1.0, self.lengths.max() / (self.usual_length or 1))

    @property
    def disk_bytes(self) -> int:
        """Bytes that all boundary activations take; of samples that are as long as they come, by some of them."""
        if self.lengths is not None:
            views = len(self.spec.train) * self.views_per_sample + len(self.spec.validation)
            return round(self.lengths.mean() * views * self.trunk.shape[0])
        trained, plain = (int(np.prod(trunk.shape)) for trunk in (self.view_trunk, self.trunk))
        numbers = trained * len(self.spec.train) * self.views_per_sample + plain * len(self.spec.validation)
        return numbers * (2 if self.trunk.kind == "bf16" else 1)

    @cached_property
    def is_cached(self) -> bool:
        """Whether the activations fit on disk and are kept; else each epoch computes them anew."""
        allowed = min(parse_size(self.settings.cache_budget), get_free_bytes(self.spec.folder) - SPARE)
        return self.disk_bytes <= allowed

    def open_sources(self) -> tuple[ActivationSource, ActivationSource]:
        """Return the activations of training and of validation samples; what is not stored is computed first."""
        name = self.spec.name
        if not self.is_cached:
            self.listener(
                events.Note(
                    f"boundary activations of {name} would take {self.disk_bytes / 1e9:.1f} GB, more than the disk "
                    f"budget allows (--cache-budget {self.settings.cache_budget}); each epoch computes them anew"
                )
            )
            return (
                self._stream(self.spec.train, self.view_trunk, self.train_views),
                self._stream(self.spec.validation, self.trunk, self.validation_views),
            )
        many = "" if self.views_per_sample == 1 else f"{self.views_per_sample} views, "
        told = f"{many}{self.disk_bytes / 1e6:.0f} MB in the store"
        self.listener(events.Note(f"boundary activations of {name}: {told}"))
        train = self.open_cached(self.spec.train, self.views_per_sample, self.view_trunk, self.train_views)
        return train, self.open_cached(self.spec.validation, 1, self.trunk, self.validation_views)

    def close(self) -> None:
        """Close the stored activations."""
        while self._open:
            self._open.pop().close()

    @property
    def task(self) -> Task:
        """The task that is learnt."""
        return get_task(self.spec.space.task)

    @property
    def outputs(self) -> int:
        """The numbers K that a head gives for a sample."""
        return self.task.count_outputs(self.spec.space)

    def stack_targets(self, samples: Sequence[Sample]) -> TargetArray:
        """Return the targets of samples, (N, ...)."""
        return self.task.targets.stack([sample.target for sample in samples])

    def _stream(self, samples: Sequence[Sample], trunk: Trunk, views: ViewLoader) -> StreamedActivations:
        lengths = measure_samples(samples, views.spec, most=None)
        return StreamedActivations(samples, self.stack_targets(samples), trunk, views, lengths)

    def open_cached(self, samples: Sequence[Sample], count: int, trunk: Trunk, views: ViewLoader) -> CachedActivations:
        """Return the stored activations of ``count`` views of each sample; what is missing is computed first."""
        described = f"{trunk.description}, {views.augmenter.describe()}"
        folder, key = self.spec.folder / "activations", activations_key(trunk, views)
        kind = Activations if self.lengths is None else RaggedActivations
        activations = kind(folder, key, trunk.shape, trunk.kind, described)
        self._open.append(activations)
        compute_activations(samples, count, trunk, views, activations, self.listener)
        return CachedActivations(samples, self.stack_targets(samples), activations, count)
