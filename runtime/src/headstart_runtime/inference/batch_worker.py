"""The part of a classifier that predicts batches which a caller gathers: for a server of many callers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from headstart_runtime.inference.predictors import InferenceEngine
from headstart_runtime.tasks.task import OutputRule


@dataclass(frozen=True, slots=True)
class BatchWorker:
    """A classifier on one engine, for batches of items; made by ``Classifier.make_worker``."""

    engine: InferenceEngine
    size: int  #: items that are best predicted together
    threads: int  #: batches that may be worked on at the same time, each in a thread of the caller's
    #: the rule by which each item is answered, items (B,) -> an answer for each, as ``Task.make_predictions`` gives
    #: them; one that cannot be read has an ``error``
    predict: Callable[[Sequence[OutputRule], Sequence[Any]], list[Any]]
