"""Measured training speeds as records and files, without PyTorch: what a benchmark found and what is kept of it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from headstart.engines.parity import machine_key
from headstart.settings import TrainSettings
from headstart.storage.atomic import replace_text
from headstart_runtime.hardware import ComputePrecision
from headstart_runtime.modalities.batch import InputSpec

BENCHMARK_VERSION = 4  #: of the file
SECONDS = 0.8  #: that a precision is timed for at least, after a call that is not; one long call is enough


@dataclass(frozen=True, slots=True)
class TrainingSpeed:
    """The speed of training at one precision."""

    samples: float  #: per second, forward, backward and step, on whole views
    windowed: float | None  #: likewise, on windows of the usual size; None where the network does not take them
    scored: float  #: per second, forward only, on the plain view
    memory: int  #: bytes by which the process grew
    device_memory: int = 0  #: bytes by which a CUDA device's memory grew

    def scale_cost(self, times: float) -> "TrainingSpeed":
        """Return the speed of a training whose every step computes so many times as much, by arithmetic."""
        return TrainingSpeed(
            samples=self.samples / times,
            windowed=None if self.windowed is None else self.windowed / times,
            scored=self.scored / times,
            memory=round(self.memory * times),
            device_memory=round(self.device_memory * times),
        )


@dataclass(frozen=True)
class BenchmarkResult:
    """The speeds that a benchmark found."""

    by_precision: dict[ComputePrecision, TrainingSpeed]  #: without those that were given up
    hopeless: tuple[ComputePrecision, ...] = ()  #: given up after a few samples
    whole: bool = True  #: whether there was time to time everything

    @property
    def fastest(self) -> ComputePrecision:
        """The precision at which most samples are trained on in a second."""
        return max(self.by_precision, key=lambda choice: self.by_precision[choice].samples)

    def scale_cost(self, times: float) -> "BenchmarkResult":
        """Return the speeds of a training whose every step computes so many times as much, by arithmetic."""
        slower = {choice: speed.scale_cost(times) for choice, speed in self.by_precision.items()}
        return replace(self, by_precision=slower, whole=False)


def benchmark_file(
    settings: TrainSettings, boundary: str, views: InputSpec, *, scratch: bool = False, length: int | None = None
) -> str:
    """Return the name under which a benchmark is kept in a network's folder.

    Args:
        settings: of the training.
        boundary: above which is trained.
        views: that are asked for.
        scratch: from random weights.
        length: of a usual batch, of samples that are as long as they come.
    """
    shapes = [one.shape for one in views.tensors]
    facts = [boundary, shapes, settings.batch_size, settings.batchnorm, scratch, machine_key()]
    facts += [] if length is None else [length]
    return f"trial-{hashlib.blake2b(json.dumps(facts).encode(), digest_size=6).hexdigest()}.json"


def read_benchmark(choices: Sequence[ComputePrecision], file: Path) -> BenchmarkResult | None:
    """Return the kept speeds at these precisions; None where there are none, or not of all."""
    try:
        kept = json.loads(file.read_text("utf-8"))
        if kept.pop("version") != BENCHMARK_VERSION or not set(choices) <= kept.keys():
            return None
        found = {choice: TrainingSpeed(**kept[choice]) for choice in choices if kept[choice] is not None}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return BenchmarkResult(found, tuple(choice for choice in choices if choice not in found)) if found else None


def write_benchmark(choices: Sequence[ComputePrecision], result: BenchmarkResult, file: Path) -> None:
    """Write the speeds at these precisions; null for those that were given up."""
    found = result.by_precision
    written = {choice: asdict(found[choice]) if choice in found else None for choice in choices}
    replace_text(file, json.dumps({"version": BENCHMARK_VERSION, **written}))
