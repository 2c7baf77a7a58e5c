"""Where the activations that a top is trained on come from: the frozen part's answer to changed views of samples.

The frozen part runs once, by the engine of the main job, over V views of each sample; its activations are kept on disk
and every epoch takes the next view of each. Where they would need more disk than allowed, they are computed anew for
each epoch while the top trains.
"""

import hashlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from headstart import events
from headstart.data.samples import Sample
from headstart.extraction.activations import Activations, ViewKey
from headstart.extraction.bfloat16 import to_bfloat16_bits
from headstart.extraction.executor import Executor, ProgressMeter, ThreadExecutor, cut_shards
from headstart.extraction.ragged_activations import RaggedActivations
from headstart.training.token_packing import TokenPacking
from headstart.training.trunk import Trunk
from headstart.training.views import ViewLoader
from headstart_runtime.arrays import Ints
from headstart_runtime.modalities.batch import Part
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.packing import choose_shard, pack_parts
from headstart_runtime.tasks.task import TargetArray

T = TypeVar("T")
U = TypeVar("U")


def activations_key(trunk: Trunk, views: ViewLoader) -> str:
    """Return the key of a frozen part's activations on views: 40 hexadecimal digits over all that they depend on."""
    return hashlib.blake2b(f"{trunk.fingerprint} {views.fingerprint}".encode(), digest_size=20).hexdigest()


class CachedActivations:
    """Activations on disk; epoch e takes view e modulo ``count`` of each sample."""

    def __init__(self, samples: Sequence[Sample], targets: TargetArray, activations: Activations, count: int):
        self.targets = targets
        self._activations = activations
        rows = [(sample.digest, number) for sample in samples for number in range(count)]
        self._numbers = activations.find_places(rows).reshape(len(samples), count)
        self._counts: Ints | None = None  #: rows of each view, (N, count)
        if isinstance(activations, RaggedActivations):
            self._counts = activations.count_rows(rows).reshape(len(samples), count)

    @property
    def lengths(self) -> Ints | None:
        """See ``plan.ActivationSource``."""
        return None if self._counts is None else self._counts[:, 0]

    def batches(self, epoch: int, order: NDArray[np.int64], size: int) -> Iterator[Tensor]:
        """See ``plan.ActivationSource``."""
        view = epoch % self._numbers.shape[1]
        pieces = [order[start : start + size] for start in range(0, len(order), size)]
        return _map_ahead(lambda piece: to_tensor(self._gather(piece, view)), pieces, threads=1, most=2)

    def _gather(self, piece: NDArray[np.int64], view: int) -> NDArray[Any]:
        if isinstance(self._activations, RaggedActivations):
            assert self._counts is not None
            return self._activations.gather_spans(self._numbers[piece, view], self._counts[piece, view])
        return self._activations.gather(self._numbers[piece, view])


class StreamedActivations:
    """Activations computed while the top trains; every epoch sees new views."""

    def __init__(
        self,
        samples: Sequence[Sample],
        targets: TargetArray,
        trunk: Trunk,
        views: ViewLoader,
        lengths: Ints | None = None,
    ):
        self.targets, self.lengths = targets, lengths
        self._samples, self._trunk, self._views = samples, trunk, views

    def batches(self, epoch: int, order: NDArray[np.int64], size: int) -> Iterator[Tensor]:
        """See ``plan.ActivationSource``."""
        step = self._trunk.batch
        pieces = [order[start : start + step] for start in range(0, len(order), step)]
        done = _map_ahead(
            lambda piece: self._compute(epoch, piece),
            pieces,
            threads=self._trunk.streams,
            most=self._trunk.streams + 2,
        )
        waiting: list[Tensor] = []
        have = 0
        for piece in done:
            waiting.append(piece)
            have += len(piece)
            while have >= size:
                whole = _join(waiting)
                yield whole[:size]
                waiting, have = [whole[size:]], have - size
        if have:
            yield _join(waiting)

    def _compute(self, epoch: int, piece: NDArray[np.int64]) -> Tensor:
        number = 0 if self._views.plain else epoch % 2**16
        views = [self._views.load(self._samples[index], [number])[0] for index in piece]
        return to_tensor(self._trunk.run(self._views.collate(views)))


def _join(pieces: Sequence[Tensor]) -> Tensor:
    """Return pieces of a batch, (B, ...), as one; shorter ones are filled up with zeros."""
    longest = max(piece.shape[1] for piece in pieces)
    if any(piece.shape[1] < longest for piece in pieces):
        pieces = [functional.pad(piece, (0, 0, 0, longest - piece.shape[1])) for piece in pieces]
    return torch.cat(list(pieces))


def to_stored(values: NDArray[Any]) -> NDArray[Any]:
    """Return fresh numbers as they are kept: float32 as bits of bfloat16, uint8 as it is."""
    return to_bfloat16_bits(values) if values.dtype == np.float32 else values


def to_tensor(values: NDArray[Any]) -> Tensor:
    """Return stored bits or fresh numbers as a network takes them: bf16, or uint8 as it is."""
    if values.dtype == np.uint16:
        return torch.from_numpy(values.view(np.int16)).view(torch.bfloat16)
    tensor = torch.from_numpy(values)
    return tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor


@dataclass(frozen=True, slots=True)
class _ShardActivations:
    samples: int
    keys: list[ViewKey]
    rows: NDArray[Any]  #: (R, *shape), one for each view, or as many as ``counts`` says
    counts: Ints | None = None


def compute_activations(
    samples: Sequence[Sample],
    count: int,
    trunk: Trunk,
    views: ViewLoader,
    activations: Activations,
    listener: events.Listener = events.ignore,
    executor: Executor | None = None,
) -> int:
    """Compute and store what is missing of ``count`` views of each sample; return how many views that were."""
    with activations.lock_for_writing(listener):
        rows = [(sample.digest, number) for sample in samples for number in range(count)]
        wanted: dict[str, list[int]] = {}
        for digest, number in activations.find_missing(rows):
            wanted.setdefault(digest, []).append(number)
        by_digest = {sample.digest: sample for sample in samples}
        items = [(by_digest[digest], tuple(numbers)) for digest, numbers in wanted.items()]

        def work(shard: Sequence[tuple[Sample, tuple[int, ...]]]) -> _ShardActivations:
            keys = [(sample.digest, number) for sample, numbers in shard for number in numbers]
            loaded = itertools.chain.from_iterable(views.load(sample, numbers) for sample, numbers in shard)
            if isinstance(activations, RaggedActivations):
                return _ShardActivations(len(shard), keys, *_run_packed(list(loaded), trunk, views))
            pieces = cut_shards(keys, trunk.batch)
            rows = [to_stored(trunk.run(views.collate(list(itertools.islice(loaded, len(piece)))))) for piece in pieces]
            return _ShardActivations(len(shard), keys, np.concatenate(rows))

        executor = executor or ThreadExecutor(trunk.streams, ahead=2)
        progress = ProgressMeter("boundary", len(items), get_modality(views.spec.kind).noun.many, listener)
        if isinstance(activations, RaggedActivations):  # of like length together
            items.sort(key=lambda item: get_modality(views.spec.kind).sort_key(item[0].properties))
        shards = cut_shards(items, max(1, choose_shard(views.spec, trunk.batch) // count))
        with closing(executor.map(work, shards)) as results:
            for done in results:
                if isinstance(activations, RaggedActivations) and done.counts is not None:
                    activations.add_spans(done.keys, done.rows, done.counts)
                else:
                    activations.add(done.keys, done.rows)
                progress.add(done.samples)
    return sum(map(len, wanted.values()))


def _run_packed(loaded: Sequence[Part], trunk: Trunk, views: ViewLoader) -> tuple[NDArray[Any], Ints]:
    """Return the rows of the tokens of views, (R, *shape), one view after the other, and how many each has."""
    assert isinstance(trunk.packing, TokenPacking)
    packed = pack_parts(get_modality(views.spec.kind), loaded, views.spec, trunk.batch)
    found: list[NDArray[Any]] = []
    for batch in packed.batches:
        rows, counts = to_stored(trunk.run(batch)), trunk.packing.count_tokens(batch)
        found += [row[:count] for row, count in zip(rows, counts, strict=True)]
    in_order = [found[place] for place in np.argsort(packed.order)]
    return np.concatenate(in_order), np.array([len(rows) for rows in in_order], np.int64)


def _map_ahead(work: Callable[[T], U], items: Iterable[T], *, threads: int, most: int) -> Iterator[U]:
    """``map`` in threads: results in order, only so many under way or waiting."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="boundary")
    waiting: deque[Future[U]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
