"""A fine-tuning, from a backbone and samples to a network like any other: timed, trained, checked, exported.

Its result is kept in the store under all that it depends on, so the same command after a kill goes on from the last
epoch, and after the end has the result at once.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from headstart import events
from headstart.engines.pytorch import can_train_in_bf16
from headstart.heads.number_targets import TargetScale
from headstart.settings import FitSettings
from headstart.storage.atomic import stamp
from headstart.training.begun import BegunPlan, list_begun, write_plan
from headstart.training.benchmark import benchmark_training
from headstart.training.benchmark_record import BenchmarkResult, TrainingSpeed, benchmark_file
from headstart.training.cache import (
    CHECKPOINT,
    RATE,
    FineTuneResult,
    locate_result,
    locate_unfinished,
    read_result,
    was_begun,
)
from headstart.training.checks import check_frozen, check_start
from headstart.training.curves import Epoch
from headstart.training.export import export_result
from headstart.training.inputs import FineTuneSpec, TrainingInputs
from headstart.training.loop import Trainer
from headstart.training.memory import MemoryMeter
from headstart.training.network import TrainableTop, build_blank_head, build_head, collect_frozen_tensors
from headstart.training.plan import ActivationSource, TrainingPlan
from headstart.training.rate_finder import RateCurve, find_rate_once
from headstart.training.state import use_all_cores
from headstart.training.views import find_smallest_window, fit_view_spec
from headstart.training.windows import WHOLE, Windows, make_windows
from headstart_runtime.errors import TrainingError
from headstart_runtime.hardware import ComputePrecision

__all__ = ["FineTuneResult", "FineTuneSpec", "FineTuning"]


class FineTuning(TrainingInputs):
    """A training with its inputs: it can be timed, priced, run, and taken from the store."""

    def __init__(self, spec: FineTuneSpec, listener: events.Listener = events.ignore):
        super().__init__(spec, listener)
        self.benchmark_seconds = float("inf")  #: that timing it may take
        self.prepared = 0.0  #: seconds that making activations before the training took

    @cached_property
    def benchmark(self) -> BenchmarkResult:
        """The speeds at each precision that may be chosen; measured once per machine and network."""
        wanted = self.settings.training_precision
        both: tuple[ComputePrecision, ...] = ("f32", "bf16") if can_train_in_bf16(self.device) else ("f32",)
        choices = both if wanted == "auto" else (wanted,)
        views = fit_view_spec(self.spec.settings, self.spec.backbone.spec, self.task)
        length = self.usual_length
        name = benchmark_file(self.settings, self.boundary, views, scratch=self.scratch, length=length)
        file, free = self.spec.backbone.folder / name, () if length is None else (length,)
        shapes = (*free, *self.view_trunk.shape), (*free, *self.trunk.shape)
        batch, kind, seconds = self.settings.batch_size, self.trunk.kind, self.benchmark_seconds
        with use_all_cores():
            return benchmark_training(
                choices, self.build_network, shapes, kind, batch, file, allowed=seconds, listener=self.listener
            )

    @cached_property
    def output_scale(self) -> TargetScale | None:
        """The scale on which outputs are trained; None where they are trained as they are."""
        training = self.task.training
        return None if training is None else training.scale_outputs(self.stack_targets(self.spec.train))

    @property
    def speeds(self) -> dict[ComputePrecision, TrainingSpeed]:
        """The speed at each of these precisions."""
        return self.benchmark.by_precision

    @cached_property
    def precision(self) -> ComputePrecision:
        """The arithmetic of training; where it is left open that of the same training begun before, else the fastest.

        A busy machine may time otherwise from run to run, and a killed training is to go on.
        """
        wanted = self.settings.training_precision
        if wanted != "auto":
            return wanted
        fastest = self.benchmark.fastest
        order = (fastest, *(choice for choice in self.benchmark.by_precision if choice != fastest))
        return next((choice for choice in order if was_begun(locate_result(self, choice))), fastest)

    @property
    def windows(self) -> Windows:
        """The parts of its batch that a step sees."""
        accepted = self.speeds[self.precision].windowed is not None
        smallest = find_smallest_window(self.spec.settings, self.spec.backbone.spec, self.task)
        return make_windows(self.view_trunk.shape, smallest) if accepted else WHOLE

    def build_network(self, precision: ComputePrecision) -> TrainableTop:
        """Return what is trained, at its start."""
        return TrainableTop(
            self.traced,
            self.boundary,
            self._build_head(),
            fold=self.settings.batchnorm == "frozen" and not self.scratch,
            precision=precision,
            device=self.device,
        )

    def _build_head(self) -> nn.Sequential:
        """Return the head that is trained, at its start."""
        head, scale, rows = self.spec.head, self.output_scale, self.spec.rows
        if head is not None and not self.starts_blank:
            return build_head(head, scale)
        size = None if rows is None or not len(rows) else max(float(np.sqrt(np.square(rows).mean())), 1e-6)
        return build_blank_head(self.loaded.layers[-1].width, self.outputs, scale, size=size)

    def with_settings(self, settings: FitSettings) -> "FineTuning":
        """Return the same training with other settings; the network is not loaded again."""
        other = FineTuning(replace(self.spec, settings=settings), self.listener)
        other.loaded, other.traced, other.trunk = self.loaded, self.traced, self.trunk
        other.lengths, other._view_trunks = self.lengths, self._view_trunks
        if settings.model_copy(update={"epochs": self.settings.epochs}) == self.spec.settings:
            other.train_views, other.benchmark = self.train_views, self.benchmark
        other.benchmark_seconds = self.benchmark_seconds
        return other

    def with_boundary(self, unfreeze: str) -> "FineTuning":
        """Return the training of a layer and those above it; the network is not loaded again."""
        other = FineTuning(replace(self.spec, unfreeze=unfreeze), self.listener)
        other.loaded, other.traced, other.lengths = self.loaded, self.traced, self.lengths
        return other

    def compute_views(self, count: int) -> None:
        """Make what is missing of the activations of so many views of each training sample, and keep it."""
        began = time.perf_counter()
        try:
            self.open_cached(self.spec.train, count, self.view_trunk, self.train_views)
        finally:
            self.close()
            self.prepared += time.perf_counter() - began

    @cached_property
    def result_folder(self) -> Path:
        """The folder that the result is kept in."""
        return locate_result(self, self.precision)

    @property
    def checkpoint(self) -> Path:
        """The file of an unfinished training."""
        return locate_unfinished(self.result_folder) / CHECKPOINT

    @property
    def stored_result(self) -> FineTuneResult | None:
        """The result of an earlier run that trained to the end; None where none did."""
        return read_result(self.result_folder)

    def list_begun(self) -> list[BegunPlan]:
        """Return how trainings like this one were planned that a kill, or this budget, ended; the furthest first."""
        return list_begun(self)

    def forget(self) -> None:
        """Remove an unfinished training."""
        shutil.rmtree(self.checkpoint.parent, ignore_errors=True)

    def run(self, stop: Callable[[int, Epoch], bool] = lambda epochs, epoch: False) -> FineTuneResult:
        """Train, or take what an earlier run trained.

        Args:
            stop: asked after each epoch, with how many were made and the last one, whether to end here.

        Raises:
            TrainingError: a loss that is not a number, or something frozen that has changed.
        """
        stored = self.stored_result
        if stored is not None:
            return stored
        try:
            with use_all_cores(), MemoryMeter() as meter:
                return self._train(stop, meter)
        finally:
            self.close()

    def _train(self, stop: Callable[[int, Epoch], bool], meter: MemoryMeter) -> FineTuneResult:
        stamp(self.checkpoint.parent)
        write_plan(self, self.checkpoint.parent)
        before = {name: value.clone() for name, value in collect_frozen_tensors(self.traced, self.boundary).items()}
        seconds: dict[str, float] = {}
        began = time.perf_counter()
        train, validation = self.open_sources()
        seconds["boundary"] = self.prepared + time.perf_counter() - began
        network = self.build_network(self.precision)
        check_start(network, validation, self.spec, self.boundary)
        plan = self._plan(train, stop)
        told, name = self.listener, self.spec.name
        if self.settings.mixup and network.packing is not None:
            told(events.Note(f"mixup is left out of {name}: what its network reads cannot be mixed"))
        began, curve = time.perf_counter(), None
        if self.settings.find_rate and self.settings.rate is None:
            curve = find_rate_once(network, train, plan, self.checkpoint.with_name(RATE), name, told)
            plan = replace(plan, settings=self.settings.model_copy(update={"rate": curve.suggestion}))
        seconds["rate"] = time.perf_counter() - began
        trainer = Trainer(network, train, validation, plan, checkpoint=self.checkpoint, listener=told, name=name)
        epochs = trainer.run()
        seconds["epochs"] = sum(epoch.seconds for epoch in epochs)
        trainer.release_memory()
        began = time.perf_counter()
        check_frozen(before, collect_frozen_tensors(self.traced, self.boundary))
        record = {
            **self._describe(trainer, curve),
            "parameters": network.count(),
            "memory": meter.grown,
            "device_memory": meter.device_grown,
            "frozen": len(before),
            "seconds": seconds,
        }
        return self._keep(network, trainer, record, began)

    def _plan(self, train: ActivationSource, stop: Callable[[int, Epoch], bool]) -> TrainingPlan:
        settings = self.spec.settings
        training, measure = self.task.training, self.task.measure
        if training is None:
            raise TrainingError(f"no network can be trained for {self.task.title}; use linear-probe")
        objective = training.make_objective(train.targets, self.outputs, settings, self.device)
        ends = self.spec.ends
        return TrainingPlan(self.settings, settings.seed, objective, measure, self.scratch, self.windows, stop, ends)

    def _describe(self, trainer: Trainer, curve: RateCurve | None) -> dict[str, Any]:
        """The fields of the result that are known once the epochs are made."""
        return {
            "boundary": self.boundary,
            "epochs": [asdict(epoch) for epoch in trainer.epochs],
            "best_epoch": trainer.best_epoch,
            "precision": self.precision,
            "planned": trainer.last,
            "cut": trainer.cut,
            "cached": self.is_cached,
            "disk": self.disk_bytes if self.is_cached else 0,
            "rate_curve": None if curve is None else asdict(curve),
        }

    def _keep(self, network: TrainableTop, trainer: Trainer, record: dict[str, Any], began: float) -> FineTuneResult:
        """Export the network; what the budget cut short is kept apart, and more time goes on from its checkpoint."""
        folder = self.result_folder
        if trainer.cut:
            folder = folder.with_name(f"{folder.name}.{len(trainer.epochs) - 1}-epochs")
        if read_result(folder) is None:
            try:
                export_result(self, network, record, folder, began)
            except OSError:
                if read_result(folder) is None:  # else another process was faster, and trained the same
                    raise
        if not trainer.cut:
            self.forget()
        result = read_result(folder)
        assert result is not None
        return result
