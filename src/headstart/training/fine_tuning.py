"""One training, from a backbone and photos to a network like any other: traced, cut, trained, checked, exported.

What was trained is kept in the store under all that it depends on, so the same command after a kill goes on from the
last epoch, and after the end has the result at once.
"""

import copy
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from headstart import events
from headstart.backbones.backbone import GRAPH, PIXELS, RECORD, Backbone, Layer
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.convert import write_graph
from headstart.backbones.graph import FINAL, TracedNetwork, extract_trunk, trace
from headstart.backbones.zoo import LoadedNetwork, build_untrained, load_network
from headstart.data.samples import Sample
from headstart.engines.choose import ParitySamples, check_trained_network, machine_key
from headstart.engines.engine import Engine
from headstart.engines.pytorch import can_train_in_bf16, select_device
from headstart.errors import EngineError, TrainingError
from headstart.extraction.activations import Activations
from headstart.hardware import ComputePrecision
from headstart.heads.closed_form import compute_sample_weight
from headstart.heads.head import Head
from headstart.heads.saving import read_head, to_tensors, write_head
from headstart.inference.model_format import hash_file
from headstart.modalities.image.augment.presets import PRESETS, Augmentation, resolve_smallest_window, resolve_view_size
from headstart.settings import FitSettings, TrainSettings, parse_size
from headstart.storage.atomic import new_folder, replace_text, stamp
from headstart.storage.prune import TRAINED
from headstart.storage.usage import get_free_bytes
from headstart.training.benchmark import BenchmarkResult, TrainingSpeed, benchmark_training
from headstart.training.boundary import (
    CachedActivations,
    StreamedActivations,
    ViewLoader,
    activations_key,
    compute_activations,
)
from headstart.training.cost import benchmark_file
from headstart.training.curves import Epoch
from headstart.training.loop import ActivationSource, Trainer, TrainingPlan
from headstart.training.memory import MemoryMeter
from headstart.training.network import TrainableTop, build_blank_head, build_head, collect_frozen_tensors
from headstart.training.rate_finder import RateCurve, find_rate
from headstart.training.state import use_all_cores
from headstart.training.trunk import Trunk, build_trunk, build_view_trunk, limit_view_size
from headstart.training.windows import WHOLE, Windows, make_windows

VERSION = 3  #: of training: raised whenever the same task would end elsewhere
HEAD, CURVES, CHECKPOINT = "head.safetensors", "training.json", "checkpoint.safetensors"
RATE = "rate.json"  #: beside the checkpoint
SPARE = 10**9  #: bytes of a disk that are never filled
LEAST_COSINE = 0.98  #: between the top's features and the stored ones, before the first step


@dataclass(frozen=True)
class FineTuneSpec:
    """What is to be trained."""

    name: str  #: for people: "partial-finetune stage4"
    train: Sequence[Sample]
    validation: Sequence[Sample]
    classes: int
    backbone: Backbone
    engine: Engine  #: what the head's features were computed with, and what runs the frozen part
    unfreeze: str | None  #: the lowest layer that is trained; None: all
    head: Head | None  #: solved on the backbone's last layer; None: random weights, from scratch
    rows: NDArray[np.float32] | None  #: (validation, D) the features it reads, for the check before the first step
    parity_samples: ParitySamples
    settings: FitSettings
    folder: Path  #: the store's
    ends: int | None = None  #: see ``loop.Plan``


@dataclass(frozen=True, slots=True)
class FineTuneResult:
    """A network that was trained, as a backbone with its head."""

    backbone: Backbone
    head: Head
    boundary: str
    epochs: tuple[Epoch, ...]  #: number 0 is before the first step
    best_epoch: int
    parameters: int  #: that were trained
    precision: ComputePrecision  #: of training
    planned: int  #: epochs that were to be made
    cut: bool  #: whether the budget ended it before; else validation may have
    memory: int  #: bytes by which the process grew while it was trained; 0 where that is not known
    device_memory: int  #: bytes by which a CUDA device's memory grew
    cached: bool  #: whether boundary activations were kept, or computed anew for each epoch
    disk: int  #: bytes that they take
    seconds: dict[str, float]  #: "boundary", "epochs", "export"
    frozen: int  #: tensors under the boundary, all bit-identical to what was loaded
    rate_curve: RateCurve | None = None  #: of the range test that found the rate


class FineTuning:
    """A training that is prepared, timed, and run."""

    def __init__(self, task: FineTuneSpec, listener: events.Listener = events.ignore):
        self.spec, self.listener = task, listener
        self.settings: TrainSettings = task.settings
        self.scratch = task.head is None
        self.device = select_device()
        self.benchmark_seconds = float("inf")  #: seconds that timing it may take
        self._open: list[Activations] = []  # until the training ends
        self._view_trunks: dict[int, Trunk] = {}  # by the edge of the views, pixels; shared with other settings' jobs

    @cached_property
    def loaded(self) -> LoadedNetwork:
        """The network, with its weights or random ones."""
        origin = resolve_origin(self.spec.backbone.name)
        loaded = build_untrained(origin, self.spec.settings.seed) if self.scratch else load_network(origin)
        return replace(loaded, spec=replace(loaded.spec, grey=self.spec.backbone.spec.grey))

    @cached_property
    def traced(self) -> TracedNetwork:
        """Its graph."""
        return trace(self.loaded)

    @cached_property
    def boundary(self) -> str:
        """The layer up to which all is frozen, or "pixels"."""
        return PIXELS if self.spec.unfreeze is None else self.traced.below(self.spec.unfreeze)

    @cached_property
    def trunk(self) -> Trunk:
        """What runs the frozen part."""
        return build_trunk(self.spec.backbone, self.traced, self.boundary, self.spec.engine, self.device)

    @property
    def view_trunk(self) -> Trunk:
        """What runs it on the views that are trained on."""
        size, task = self.train_views.spec.size, self.spec
        if self.train_views.plain and size == task.backbone.spec.size:
            return self.trunk
        if size not in self._view_trunks:
            self._view_trunks[size] = build_view_trunk(
                self.trunk,
                task.backbone,
                self.traced,
                self.boundary,
                size,
                task.settings.precision,
                task.parity_samples.load,
            )
        return self._view_trunks[size]

    @cached_property
    def train_views(self) -> ViewLoader:
        """The views that are trained on."""
        settings, spec = self.spec.settings, self.loaded.spec
        size = limit_view_size(self.traced, self.boundary, spec.size, resolve_view_size(settings, spec.size))
        return ViewLoader(replace(spec, size=size), Augmentation.from_settings(settings), settings.seed)

    @cached_property
    def validation_views(self) -> ViewLoader:
        """The view that is validated on: as predicted on."""
        return ViewLoader(self.loaded.spec, PRESETS["none"], 0)

    @property
    def epochs(self) -> int:
        """Passes over the training photos."""
        return self.settings.epochs_for(len(self.spec.train))

    @cached_property
    def views_per_photo(self) -> int:
        """Views of each photo that are kept: no more than there are epochs, one where nothing is changed."""
        return 1 if self.train_views.plain else min(self.settings.views, self.epochs)

    @property
    def disk_bytes(self) -> int:
        """Bytes that all boundary activations take."""
        trained, plain = (int(np.prod(it.shape)) for it in (self.view_trunk, self.trunk))
        numbers = trained * len(self.spec.train) * self.views_per_photo + plain * len(self.spec.validation)
        return numbers * (2 if self.trunk.kind == "bf16" else 1)

    @cached_property
    def is_cached(self) -> bool:
        """Whether they fit."""
        allowed = min(parse_size(self.settings.cache_budget), get_free_bytes(self.spec.folder) - SPARE)
        return self.disk_bytes <= allowed

    @property
    def windows(self) -> Windows:
        """What a step sees of its batch."""
        borne = self.speeds[self.precision].windowed is not None
        return make_windows(self.view_trunk.shape, resolve_smallest_window(self.spec.settings)) if borne else WHOLE

    def network(self, precision: ComputePrecision) -> TrainableTop:
        """What is trained, at its start."""
        width = self.loaded.layers[-1].width
        return TrainableTop(
            self.traced,
            self.boundary,
            build_blank_head(width, self.spec.classes) if self.spec.head is None else build_head(self.spec.head),
            fold=self.settings.batchnorm == "frozen" and not self.scratch,
            precision=precision,
            device=self.device,
        )

    @cached_property
    def benchmark(self) -> BenchmarkResult:
        """How fast training goes at each precision that may be chosen; measured once per machine and network."""
        wanted = self.settings.training_precision
        both: tuple[ComputePrecision, ...] = ("f32", "bf16") if can_train_in_bf16(self.device) else ("f32",)
        choices = both if wanted == "auto" else (wanted,)
        size = resolve_view_size(self.spec.settings, self.spec.backbone.spec.size)
        file = self.spec.backbone.folder / benchmark_file(self.settings, self.boundary, size, scratch=self.scratch)
        shapes = self.view_trunk.shape, self.trunk.shape
        batch, kind = self.settings.batch_size, self.trunk.kind
        with use_all_cores():
            return benchmark_training(
                choices, self.network, shapes, kind, batch, file, allowed=self.benchmark_seconds, listener=self.listener
            )

    @property
    def speeds(self) -> dict[ComputePrecision, TrainingSpeed]:
        """The speed at each of these precisions."""
        return self.benchmark.by_precision

    @cached_property
    def precision(self) -> ComputePrecision:
        """The arithmetic of training."""
        wanted = self.settings.training_precision
        return self.benchmark.fastest if wanted == "auto" else wanted

    @cached_property
    def result_folder(self) -> Path:
        """Where the result is kept: named by all that it depends on."""
        task, settings = self.spec, self.spec.settings
        knobs = {name: getattr(settings, name) for name in TrainSettings.model_fields if name not in _INNER}
        knobs["epochs"] = self.epochs
        photos = [[(sample.digest, sample.label) for sample in part] for part in (task.train, task.validation)]
        digest = hashlib.blake2b(digest_size=10)
        for fact in (VERSION, torch.__version__, machine_key(), self.device, self.precision, self.boundary, knobs):
            digest.update(json.dumps(fact, default=str).encode())
        for more in (settings.seed, settings.class_weights, self.views_per_photo, self.scratch, photos):
            digest.update(json.dumps(more).encode())
        digest.update(
            f"{self.view_trunk.fingerprint} {self.train_views.fingerprint} {task.backbone.fingerprint}".encode()
        )
        if task.ends is not None:
            digest.update(json.dumps({"ends": task.ends}).encode())
        for name, tensor in sorted(to_tensors(task.head).items()) if task.head else ():
            digest.update(name.encode() + tensor.tobytes())
        return task.folder / TRAINED / f"{task.backbone.architecture}-{digest.hexdigest()}"

    def run(self, stop: Callable[[int, Epoch], bool] = lambda epochs, epoch: False) -> FineTuneResult:
        """Trains, or takes what an earlier run trained.

        Args:
            stop: asked after each epoch, with how many were made and the last one, whether to end here.

        Raises:
            TrainingError: a loss that is not a number, or something frozen that has changed.
        """
        known = self.stored_result
        if known is not None:
            return known
        try:
            return self._train(stop)
        finally:
            while self._open:
                self._open.pop().close()

    def with_settings(self, settings: FitSettings) -> "FineTuning":
        """The same training with other settings; the network is not loaded again."""
        job = FineTuning(replace(self.spec, settings=settings), self.listener)
        job.loaded, job.traced, job.trunk, job._view_trunks = self.loaded, self.traced, self.trunk, self._view_trunks
        if settings.model_copy(update={"epochs": self.settings.epochs}) == self.spec.settings:
            job.train_views, job.benchmark = self.train_views, self.benchmark
        job.benchmark_seconds = self.benchmark_seconds
        return job

    @property
    def parameters(self) -> int:
        """How many are trained, without the head."""
        return sum(part.parameters for part in self.traced.above(self.boundary))

    @property
    def stored_result(self) -> FineTuneResult | None:
        """What an earlier run trained to the end, if it did."""
        return self._kept(self.result_folder)

    @staticmethod
    def _kept(home: Path) -> FineTuneResult | None:
        try:
            record = json.loads((home / CURVES).read_text("utf-8"))
            backbone = Backbone.from_json(json.loads((home / RECORD).read_text("utf-8")), home)
            head = read_head(home / HEAD)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        stamp(home)  # pruning goes by it
        epochs = tuple(Epoch(**epoch) for epoch in record.pop("epochs"))
        curve = record.pop("rate_curve", None)
        record.pop("memory", None)  # of an older headstart: often 0, as it was measured
        return FineTuneResult(
            backbone,
            head,
            epochs=epochs,
            planned=record.pop("planned", epochs[-1].number),
            cut=record.pop("cut", False),
            memory=record.pop("memory_grown", 0),
            device_memory=record.pop("device_memory", 0),
            rate_curve=None if curve is None else RateCurve.from_json(curve),
            **record,
        )

    def _train(self, stop: Callable[[int, Epoch], bool]) -> FineTuneResult:
        with use_all_cores(), MemoryMeter() as meter:
            return self._train_measured(stop, meter)

    def _train_measured(self, stop: Callable[[int, Epoch], bool], meter: MemoryMeter) -> FineTuneResult:
        stamp(self.checkpoint.parent)
        before = {name: value.clone() for name, value in collect_frozen_tensors(self.traced, self.boundary).items()}
        began = time.perf_counter()
        train, validation = self.sources()
        boundary_seconds = time.perf_counter() - began
        network = self.network(self.precision)
        self._same_start(network, validation)
        labels = np.array([sample.label for sample in self.spec.train], np.int64)
        balanced = self.spec.settings.class_weights == "balanced"
        plan = TrainingPlan(
            self.settings,
            self.spec.settings.seed,
            _per_class(labels, self.spec.classes, balanced=balanced),
            self.scratch,
            self.windows,
            stop,
            self.spec.ends,
        )
        began = time.perf_counter()
        curve = self._rate_curve(network, train, plan)
        rate_seconds = time.perf_counter() - began
        trainer = Trainer(
            network,
            train,
            validation,
            plan if curve is None else replace(plan, settings=_at(self.settings, curve.suggestion)),
            checkpoint=self.checkpoint,
            listener=self.listener,
            name=self.spec.name,
        )
        epochs = trainer.run()
        trainer.let_go()
        began = time.perf_counter()
        check_frozen(before, collect_frozen_tensors(self.traced, self.boundary))
        record = {
            "boundary": self.boundary,
            "epochs": [asdict(epoch) for epoch in epochs],
            "best_epoch": trainer.best_epoch,
            "parameters": network.count(),
            "precision": self.precision,
            "planned": trainer.last,
            "cut": trainer.cut,
            "memory_grown": meter.grown,
            "device_memory": meter.device_grown,
            "cached": self.is_cached,
            "disk": self.disk_bytes if self.is_cached else 0,
            "frozen": len(before),
            "seconds": {
                "boundary": boundary_seconds,
                "rate": rate_seconds,
                "epochs": sum(epoch.seconds for epoch in epochs),
            },
            "rate_curve": None if curve is None else asdict(curve),
        }
        # Cut short by the budget it is kept apart, and the checkpoint stays: with more time it goes on from there.
        home = (
            self.result_folder.with_name(f"{self.result_folder.name}.{len(epochs) - 1}-epochs")
            if trainer.cut
            else self.result_folder
        )
        if self._kept(home) is None:
            self._export(network, record, began, home)
        if not trainer.cut:
            self.forget()
        kept = self._kept(home)
        assert kept is not None
        return kept

    @property
    def checkpoint(self) -> Path:
        """Where an unfinished training stands."""
        return self.result_folder.with_name(f"{self.result_folder.name}.unfinished") / CHECKPOINT

    def forget(self) -> None:
        """Removes an unfinished training."""
        shutil.rmtree(self.checkpoint.parent, ignore_errors=True)

    def _rate_curve(self, network: TrainableTop, train: ActivationSource, plan: TrainingPlan) -> RateCurve | None:
        """The range test where one is wanted; kept, so that a killed training goes on at the rate it began with."""
        if not self.settings.find_rate or self.settings.rate is not None:
            return None
        file = self.checkpoint.with_name(RATE)
        try:
            return RateCurve.from_json(json.loads(file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            pass
        began = time.perf_counter()
        curve = find_rate(network, train, plan, listener=self.listener)
        replace_text(file, json.dumps(asdict(curve)))
        seconds = time.perf_counter() - began
        told = f"{self.spec.name}: rate {curve.suggestion:.1e} from a range test of {len(curve.rates)} steps"
        self.listener(events.Finished("find rate", seconds, told))
        return curve

    def sources(self) -> tuple[ActivationSource, ActivationSource]:
        """Activations of training photos' changed views and of validation photos, computed now where they are not."""
        if not self.is_cached:
            self.listener(
                events.Note(
                    f"boundary activations of {self.spec.name} would take {self.disk_bytes / 1e9:.1f} GB, more "
                    f"than the disk budget allows (--cache-budget {self.settings.cache_budget}); each epoch computes "
                    "them anew"
                )
            )
            return (
                StreamedActivations(self.spec.train, self.view_trunk, self.train_views),
                StreamedActivations(self.spec.validation, self.trunk, self.validation_views),
            )
        self.listener(
            events.Note(
                f"boundary activations of {self.spec.name}: {self.views_per_photo} views, "
                f"{self.disk_bytes / 1e6:.0f} MB in the store"
            )
        )
        train = self._cached(self.spec.train, self.views_per_photo, self.view_trunk, self.train_views)
        return train, self._cached(self.spec.validation, 1, self.trunk, self.validation_views)

    def _cached(self, samples: Sequence[Sample], count: int, below: Trunk, views: ViewLoader) -> CachedActivations:
        described = f"{below.description}, {views.augmentation.describe()}"
        kept = Activations(
            self.spec.folder / "activations",
            activations_key(below, views),
            below.shape,
            below.kind,
            described,
        )
        self._open.append(kept)
        compute_activations(samples, count, below, views, kept, self.listener)
        return CachedActivations(samples, kept, count)

    def _same_start(self, network: TrainableTop, validation: ActivationSource) -> None:
        """Epoch 0 must score what the probe scored: the top gives the features that the head was solved on.

        Raises:
            TrainingError: it does not.
        """
        if self.spec.rows is None or not len(validation.labels):
            return
        network.eval()
        shown = np.arange(min(16, len(validation.labels)))
        with torch.inference_mode():
            seen = torch.cat([network.features(batch).cpu() for batch in validation.batches(0, shown, 16)])
        cosine = float(nn.functional.cosine_similarity(seen, torch.from_numpy(self.spec.rows[shown])).mean())
        if not cosine >= LEAST_COSINE:
            raise TrainingError(
                f"the part of {self.spec.backbone.name} above {self.boundary} gives other features than the whole "
                f"network (cosine {cosine:.4f}, wanted {LEAST_COSINE}); use --precision f32 --training-precision f32"
            )

    def _export(self, network: TrainableTop, record: dict[str, object], began: float, home: Path) -> None:
        """The trained network as an ONNX file with its record, head and curves: a backbone like any other."""
        whole = _Whole(extract_trunk(self.traced, self.boundary) if self.boundary != PIXELS else None, network).eval()
        task = self.spec
        with new_folder(home) as draft:
            write_graph(whole, self.loaded.spec.size, [FINAL], draft / GRAPH)
            origin = "trained from random weights" if self.scratch else f"{task.backbone.weights}, fine-tuned"
            backbone = Backbone(
                name=f"{task.backbone.name} ({task.name})",
                architecture=task.backbone.architecture,
                weights=f"{origin} above {self.boundary}",
                weights_sha256=hash_file(draft / GRAPH),
                licence="your own" if self.scratch else task.backbone.licence,
                parameters=task.backbone.parameters,
                layers=(Layer(FINAL, self.loaded.layers[-1].width),),
                spec=self.loaded.spec,
                folder=draft,
            )
            write_head(network.fitted_head("linear"), draft / HEAD)
            proof = check_trained_network(backbone, whole, task.parity_samples)
            if not proof.passed:
                raise EngineError(
                    f"the trained {task.backbone.name} gives other features in OpenVINO than in PyTorch (cosine "
                    f"{proof.least_cosine:.4f}); report it with the backbone's name"
                )
            (draft / RECORD).write_text(json.dumps(backbone.to_json(), indent=2), "utf-8")
            seconds = {**record["seconds"], "export": time.perf_counter() - began}  # type: ignore[dict-item]
            (draft / CURVES).write_text(json.dumps({**record, "seconds": seconds}, indent=2), "utf-8")


#: Knobs that do not change what one training ends in: which trainings are made, and how views are kept.
_INNER = frozenset({"unfreeze", "views", "cache_budget", "training_precision", "search"})


class _Whole(nn.Module):
    """Frozen part and trained top as one network: uint8 pixels -> the last layer's features."""

    def __init__(self, below: nn.Module | None, network: TrainableTop):
        super().__init__()
        self.below = below
        self.top = copy.deepcopy(network.top).cpu().float()

    def forward(self, pixels: Tensor) -> tuple[Tensor]:
        return (self.top(pixels if self.below is None else self.below(pixels)),)


def check_frozen(before: dict[str, Tensor], after: dict[str, Tensor]) -> None:
    """Frozen means frozen.

    Raises:
        TrainingError: a tensor under the boundary is not bit for bit what was loaded.
    """
    changed = [
        name
        for name, value in before.items()
        if name not in after or value.shape != after[name].shape or not _same_bits(value, after[name])
    ]
    if changed:
        raise TrainingError(
            f"{len(changed)} of {len(before)} frozen tensors have changed in training, first {changed[0]}; nothing was "
            "saved: this is a fault of headstart, report it"
        )


def _same_bits(a: Tensor, b: Tensor) -> bool:
    a, b = a.detach().cpu().contiguous().view(-1), b.detach().cpu().contiguous().view(-1)
    return bool(torch.equal(a.view(torch.uint8), b.view(torch.uint8)))


def _at(settings: TrainSettings, rate: float) -> TrainSettings:
    return settings.model_copy(update={"rate": rate})


def _per_class(labels: NDArray[np.int64], classes: int, *, balanced: bool) -> NDArray[np.float32]:
    """The weight of each class, (C,)."""
    weights = np.ones(classes, np.float32)
    weights[labels] = compute_sample_weight(labels, classes, balanced)
    return weights
