"""A timed trial: how fast a network trains at each precision, and how much memory a step takes.

It may be given little time. Then a few samples say what a batch would take; what would take too long is reckoned from
what was timed: by the area of the maps, or by the usual share of the forward pass in a step.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from headstart import events
from headstart.extraction.activations import ValueKind
from headstart.training import benchmark_record
from headstart.training.benchmark_record import BenchmarkResult, TrainingSpeed, read_benchmark, write_benchmark
from headstart.training.memory import MemoryMeter
from headstart.training.network import TrainableTop
from headstart.training.token_packing import TokenPacking
from headstart.training.windows import accepts_smaller_maps, make_windows
from headstart_runtime.hardware import ComputePrecision

ALONE = 0.8  #: share of the time that this thread has to have run for a trial to be kept: other work would be in it
FEW = 4  #: samples of the first calls, by which it is seen whether a whole batch can be afforded
HOPELESS = 3.0  #: times slower than the precision before, on a few samples: it is not timed any further
SMALLEST = 0.5  #: of the windows whose usual size is timed, as a share of the map's edge
FORWARD = 2.5  #: times as fast is the forward pass alone, where there was no time to time it (backward is twice that)


@dataclass
class Allowance:
    """The time that a benchmark may take."""

    seconds: float = float("inf")
    began: float = field(default_factory=lambda: time.perf_counter())
    whole: bool = True  #: whether it was enough so far

    def allows(self, seconds: float) -> bool:
        """Return whether so many seconds more are allowed; where not, the benchmark is not whole."""
        enough = time.perf_counter() - self.began + seconds <= self.seconds
        self.whole = self.whole and enough
        return enough


def benchmark_training(
    choices: Sequence[ComputePrecision],
    network: Callable[[ComputePrecision], TrainableTop],
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    kind: ValueKind,
    batch: int,
    file: Path,
    *,
    allowed: float = float("inf"),
    listener: events.Listener = events.ignore,
) -> BenchmarkResult:
    """Time training at each precision, on activations of a kind; kept in a file, so that what was chosen stays chosen.

    It is not kept when other work took the processor meanwhile: one such trial had bf16 down at a sixteenth of its
    speed, and every later training would have gone without it. Nor is one that was cut short.

    Args:
        choices: the precisions, the surest first: a later one that is hopelessly slower is given up at once.
        network: makes what is trained.
        shapes: of one part's activations: of the views that are trained on, and of the plain view; (T, bytes) where
            they are packed by their T tokens.
        kind: of the activations.
        batch: samples in a step.
        file: where the trial is kept.
        allowed: seconds that it may take; the first precision's first samples are timed in any case.
        listener: is told of each precision.
    """
    kept = read_benchmark(choices, file)
    if kept is not None:
        return kept
    began, ran = time.perf_counter(), time.thread_time()
    allowance = Allowance(allowed)
    found: dict[ComputePrecision, TrainingSpeed] = {}
    hopeless: list[ComputePrecision] = []
    best = 0.0
    for number, choice in enumerate(choices):
        listener(events.Progress("time training", number, len(choices), "precisions"))
        if found and not allowance.allows(0.0):
            break
        made = network(choice)
        try:
            with MemoryMeter() as meter:
                timing = _Timing(made, shapes, kind, batch, allowance)
                speed = timing.measure(best)
        except RuntimeError:
            if not found:
                raise
            speed = None  # what this device or its memory does not bear is no choice
        if speed is None:
            hopeless.append(choice)
            continue
        best = max(best, timing.few)
        found[choice] = replace(
            speed, memory=timing.scale_to_batch(meter.grown), device_memory=timing.scale_to_batch(meter.device_grown)
        )
    listener(events.Progress("time training", len(choices), len(choices), "precisions"))
    result = BenchmarkResult(found, tuple(hopeless), allowance.whole)
    if result.whole and time.thread_time() - ran >= ALONE * (time.perf_counter() - began):
        write_benchmark(choices, result, file)
    return result


class _Timing:
    """The measurement of one precision."""

    def __init__(
        self,
        network: TrainableTop,
        shapes: tuple[tuple[int, ...], tuple[int, ...]],
        kind: ValueKind,
        batch: int,
        allowance: Allowance,
    ):
        self.network, self.batch, self.allowance = network, batch, allowance
        packing = network.packing
        self.inputs, self.plain = (
            packing.draw(batch, shape[0]) if isinstance(packing, TokenPacking) else _draw((batch, *shape), kind)
            for shape in shapes
        )
        self.windows = make_windows(shapes[0], SMALLEST)
        self.labels = torch.zeros(batch, dtype=torch.int64, device=network.device)
        self.optimiser = torch.optim.AdamW(network.parameters(), lr=0.0)
        self.few = 0.0  #: samples a second of a few
        self._largest = 0  #: numbers in what the largest step was shown

    def measure(self, best: float) -> TrainingSpeed | None:
        """Return the speed, memory left open; None where it is hopelessly slower.

        Args:
            best: samples a second of the fastest precision so far, on a few samples.
        """
        self.network.eval()
        edge = self.windows.edges[-1]
        borne = not self.windows.whole and accepts_smaller_maps(self.network, self.inputs[:2, :edge, :edge])
        shown = self._window() if borne else self.inputs
        self._time_few(shown)
        if self.few * HOPELESS < best:
            return None
        trained = self._time_steps(shown)
        whole = self._time_whole_steps(shown, trained) if borne else trained
        return TrainingSpeed(whole, trained if borne else None, self._time_scoring(whole), 0)

    def scale_to_batch(self, grown: int) -> int:
        """Return the bytes that a step on a whole batch takes, from those that the largest step took that was made."""
        fixed = 12 * sum(parameter.numel() for parameter in self.network.parameters())  # gradients and two moments
        share = self.inputs.numel() / max(1, self._largest)
        return round(grown if grown <= fixed else fixed + (grown - fixed) * share)

    def _window(self) -> Tensor:
        return self.inputs[:, : self.windows.usual, : self.windows.usual]

    def _time_few(self, shown: Tensor) -> None:
        """Sets ``few``; the second call is the one to go by, where there is time for it."""
        few = shown[:FEW]
        self.network.train()
        first = _time(lambda: self._step(few))
        again = _time(lambda: self._step(few)) if self.allowance.allows(first) else first
        self.few = len(few) / min(first, again)

    def _time_steps(self, shown: Tensor) -> float:
        """Samples a second of whole batches; of a few, where there is no time for that."""
        if not self.allowance.allows(2 * self.batch / self.few):
            return self.few
        self.network.train()
        return _time_rate(lambda: self._step(shown), self.batch, self.allowance)

    def _time_whole_steps(self, window: Tensor, windowed: float) -> float:
        """Likewise, where the steps see all of the maps."""
        reckoned = windowed * window.shape[1] ** 2 / self.inputs.shape[1] ** 2
        if not self.allowance.allows(2 * self.batch / reckoned):
            return reckoned
        self.network.train()
        return _time_rate(lambda: self._step(self.inputs), self.batch, self.allowance)

    def _time_scoring(self, trained: float) -> float:
        """Samples a second of the forward pass alone, on the plain view."""
        numbers = self.inputs[0].numel() / self.plain[0].numel()
        reckoned = FORWARD * trained * numbers
        if not self.allowance.allows(2 * self.batch / reckoned):
            return reckoned
        self.network.eval()
        with torch.inference_mode():
            return _time_rate(lambda: self.network(self.plain.to(self.network.device)), self.batch, self.allowance)

    def _step(self, shown: Tensor) -> None:
        self._largest = max(self._largest, shown.numel())
        self.optimiser.zero_grad(set_to_none=True)
        functional.cross_entropy(self.network(shown.to(self.network.device)), self.labels[: len(shown)]).backward()
        self.optimiser.step()
        if self.network.device.type == "cuda":
            torch.cuda.synchronize()


def _draw(shape: tuple[int, ...], kind: ValueKind) -> Tensor:
    """Draw activations of a shape, (B, ...); zeros for packed rows, which may hold tokens of a small vocabulary."""
    if kind == "u8" and len(shape) == 2:
        return torch.zeros(shape, dtype=torch.uint8)
    generator = torch.Generator().manual_seed(0)
    if kind == "u8":
        return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    return torch.rand(shape, generator=generator).to(torch.bfloat16)


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return max(time.perf_counter() - start, 1e-9)


def _time_rate(work: Callable[[], object], batch: int, allowance: Allowance) -> float:
    """Samples a second, from the fastest of a few calls: what disturbs a machine only makes it slower."""
    first = _time(work)
    if not allowance.allows(first):
        return batch / first
    taken = [_time(work)]
    while sum(taken) < benchmark_record.SECONDS and allowance.allows(taken[-1]):
        taken.append(_time(work))
    return batch / min(taken)
