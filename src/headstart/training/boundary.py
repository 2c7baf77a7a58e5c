"""Where the activations that a top is trained on come from: the frozen part's answer to changed views of photos.

The frozen part runs once, by the engine of the main job, over V views of each photo; its activations are kept on disk
and every epoch takes the next view of each. Where they would need more disk than allowed, they are computed anew for
each epoch while the top trains.
"""

import hashlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart import events
from headstart.data.load import load_item
from headstart.data.samples import Sample
from headstart.extraction.activations import Activations
from headstart.extraction.workers import WorkQueue, run_in_threads
from headstart.modalities.image.augment.augmentation import make_view
from headstart.modalities.image.augment.presets import Augmentation
from headstart.modalities.image.spec import ImageSpec
from headstart.training.trunk import Trunk

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class ViewLoader:
    """The loader of photos' changed views, as the frozen part sees them."""

    spec: ImageSpec
    augmentation: Augmentation
    seed: int

    @property
    def plain(self) -> bool:
        """Whether every view is the photo as it is predicted on."""
        return self.augmentation.identity

    def pixels(self, sample: Sample, numbers: Iterable[int]) -> list[NDArray[np.uint8]]:
        """Return some views of a photo, uint8 (S, S, 3) each; it is decoded once."""
        photo = load_item(sample.source, self.spec).value
        changed = self.augmentation
        return [
            make_view(photo, self.spec, changed, seed=self.seed, digest=sample.digest, number=number)
            for number in numbers
        ]

    @property
    def fingerprint(self) -> str:
        """Changes when the views would."""
        grey = f" {self.spec.grey}" if self.spec.grey else ""  # not in that of a trunk of bare pixels
        return ("plain" if self.plain else f"{self.augmentation.fingerprint} {self.seed}") + grey


def activations_key(trunk: Trunk, views: ViewLoader) -> str:
    """Return the key of a frozen part's activations on views: 40 hexadecimal digits over all that they depend on."""
    return hashlib.blake2b(f"{trunk.fingerprint} {views.fingerprint}".encode(), digest_size=20).hexdigest()


class CachedActivations:
    """Activations on disk; epoch e takes view e modulo ``count`` of each photo."""

    def __init__(self, samples: Sequence[Sample], activations: Activations, count: int):
        self.labels = np.array([sample.target for sample in samples], dtype=np.int64)
        self._activations = activations
        rows = [(sample.digest, number) for sample in samples for number in range(count)]
        self._numbers = activations.find_places(rows).reshape(len(samples), count)

    def batches(self, epoch: int, order: NDArray[np.int64], size: int) -> Iterator[Tensor]:
        """See ``loop.Source``."""
        numbers = self._numbers[order, epoch % self._numbers.shape[1]]
        pieces = [numbers[start : start + size] for start in range(0, len(numbers), size)]
        return _map_ahead(lambda piece: to_tensor(self._activations.gather(piece)), pieces, threads=1, most=2)


class StreamedActivations:
    """Activations computed while the top trains; every epoch sees new views."""

    def __init__(self, samples: Sequence[Sample], trunk: Trunk, views: ViewLoader):
        self.labels = np.array([sample.target for sample in samples], dtype=np.int64)
        self._samples, self._trunk, self._views = samples, trunk, views

    def batches(self, epoch: int, order: NDArray[np.int64], size: int) -> Iterator[Tensor]:
        """See ``loop.Source``."""
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
                whole = torch.cat(waiting)
                yield whole[:size]
                waiting, have = [whole[size:]], have - size
        if have:
            yield torch.cat(waiting)

    def _compute(self, epoch: int, piece: NDArray[np.int64]) -> Tensor:
        number = 0 if self._views.plain else epoch % 2**16
        pixels = [self._views.pixels(self._samples[index], [number])[0] for index in piece]
        return to_tensor(self._trunk.run(np.stack(pixels)))


def to_tensor(values: NDArray[Any]) -> Tensor:
    """Return stored bits or fresh numbers as a network takes them: bf16, or uint8 for pixels."""
    if values.dtype == np.uint16:
        return torch.from_numpy(values.view(np.int16)).view(torch.bfloat16)
    tensor = torch.from_numpy(values)
    return tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor


def compute_activations(
    samples: Sequence[Sample],
    count: int,
    trunk: Trunk,
    views: ViewLoader,
    activations: Activations,
    listener: events.Listener = events.ignore,
) -> int:
    """Compute and store what is missing of ``count`` views of each photo; return how many views that were."""
    with activations.lock_for_writing(listener):
        rows = [(sample.digest, number) for sample in samples for number in range(count)]
        wanted: dict[str, list[int]] = {}
        for digest, number in activations.find_missing(rows):
            wanted.setdefault(digest, []).append(number)
        by_digest = {sample.digest: sample for sample in samples}
        items = [(by_digest[digest], tuple(numbers)) for digest, numbers in wanted.items()]

        def work(batch: list[tuple[Sample, tuple[int, ...]]]) -> None:
            keys = [(sample.digest, number) for sample, numbers in batch for number in numbers]
            pixels = itertools.chain.from_iterable(views.pixels(sample, numbers) for sample, numbers in batch)
            for start in range(0, len(keys), trunk.batch):
                piece = keys[start : start + trunk.batch]
                activations.add(piece, trunk.run(np.stack(list(itertools.islice(pixels, len(piece))))))

        if items:
            photos = max(1, trunk.batch // count)
            run_in_threads(WorkQueue(items, photos, listener, stage="boundary"), work, trunk.streams)
    return sum(map(len, wanted.values()))


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
