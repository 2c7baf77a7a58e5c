"""The part of a classifier that predicts batches which a caller gathers: for a server of many callers.

A network in OpenVINO takes a fixed number of parts in a call, and what is missing is zeros that cost as much. So it is
compiled for one part as well; how many items are worth a full call is timed when the worker is made, on all streams at
once; where batches pay, a lone item still need not wait for zeros.

Python's lock is taken in turns by the threads that answer and by the caller's own, and whoever waits for it leaves a
core idle. So there is a thread more than there are streams, and calls are for a few items, which share their turns.
Items a second over HTTP, 16 callers, EfficientNet-Lite0 on two cores with two threads and calls of one part, or with
three and calls of four: float32 132 and 152, bf16 (calls of eight before) 191 and 215.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart_runtime.inference.batch_runner import BatchRunner
from headstart_runtime.inference.model_format import BranchFacts
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.inference.predictors import BatchPredictor, InferenceEngine, Predictors
from headstart_runtime.modalities.batch import AnySpec, Part
from headstart_runtime.tasks.task import OutputRule

TRIALS = 5  #: of which the quickest counts
PARTS = 4  #: in a full call: more of them and whoever asks waits longer, for no more answers a second
TURN = 0.2  #: of the time of one part in its network: what turns at the lock cost that a full call spares
SPARE_THREADS = 1  #: beyond the streams: decodes while others compute or wait for Python's lock


@dataclass(frozen=True, slots=True)
class BatchWorker:
    """A classifier on one engine, for batches of items; made by ``Classifier.make_worker``."""

    engine: InferenceEngine
    size: int  #: items that are best predicted together
    threads: int  #: batches that are best worked on at the same time, each in a thread of the caller's
    #: the rule by which each item is answered, items (B,) -> an answer for each, as ``Task.make_predictions`` gives
    #: them; one that cannot be read has an ``error``
    predict: Callable[[Sequence[OutputRule], Sequence[Any]], list[Any]]


@dataclass(frozen=True, slots=True)
class SizedPredictor:
    """A network in OpenVINO, compiled for full calls and for one part at a time."""

    full: BatchPredictor
    single: BatchPredictor
    worth: int  #: from so many items on a full call is the quicker one

    @property
    def runner(self) -> BatchRunner:
        """The one for full calls."""
        return self.full.runner

    @property
    def size(self) -> int:
        """The number of items that are best predicted together."""
        return self.full.runner.batch if self.worth <= self.full.runner.batch else 1

    def predict(self, items: Sequence[Mapping[AnySpec, Sequence[Part]]]) -> BatchPredictions:
        """Return predictions for items, each prepared for all specs."""
        return (self.full if len(items) >= self.worth else self.single).predict(items)


def time_calls(full: BatchPredictor, single: BatchPredictor) -> SizedPredictor:
    """Return both, with the number of items from which on a full call is the quicker one, timed on zeros in turn."""
    with ThreadPoolExecutor(full.runner.streams) as pool:
        both = [(_time_call(single.runner, pool), _time_call(full.runner, pool)) for _ in range(1 + TRIALS)][1:]
    alone, together = (min(seconds) for seconds in zip(*both, strict=True))  # the first made each thread's requests
    return SizedPredictor(full, single, max(1, int(np.ceil(together / max(alone * (1 + TURN), 1e-9)))))


def compile_calls(
    predictors: Predictors, branches: Sequence[BranchFacts]
) -> tuple[BatchPredictor | SizedPredictor, int] | None:
    """Return the networks in OpenVINO for calls that a server gathers, and how many items are best predicted together.

    None where OpenVINO cannot be used.
    """
    fixed = has_fixed_parts(branches)
    full = predictors.compile_batch(PARTS if fixed else None)
    single = predictors.compile_batch(1) if full and fixed else None
    if full is None:
        return None
    if single is None:
        return full, full.runner.choose_size()
    return (sized := time_calls(full, single)), sized.size


def has_fixed_parts(branches: Sequence[BranchFacts]) -> bool:
    """Return whether all parts have one length, so that what is missing of a call is filled up."""
    return all(None not in tensor.shape for one in branches for tensor in one.spec.tensors)


def _time_call(runner: BatchRunner, pool: ThreadPoolExecutor) -> float:
    """Return the seconds of a call of each network, while all streams are at it."""

    def call(_: int) -> None:
        for one in runner.passes:
            shapes = {tensor.name: (tensor.shape, tensor.dtype) for tensor in one.spec.tensors}
            one.runner.run({name: np.zeros((runner.batch, *shape), kind) for name, (shape, kind) in shapes.items()})

    began = time.perf_counter()
    list(pool.map(call, range(runner.streams)))
    return time.perf_counter() - began
