"""Extraction of features: one pass over the photos that reads, decodes, runs a network forward and stores.

As many threads as the engine has streams each take a few photos, decode them, run them forward on their own stream and
hand the rows to the store; while one decodes another computes. There is no queue between the two and no core idles.
The photos' statistics are taken from the same pixels; where only they are missing nothing runs forward.
"""

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.data.load import load_item
from headstart.data.samples import Sample, SampleSource
from headstart.engines.engine import Engine
from headstart.extraction.workers import WorkQueue, run_in_threads
from headstart.hardware import count_cores
from headstart.modalities.image.decode import crop_resize
from headstart.modalities.image.spec import ImageSpec
from headstart.modalities.image.stats import compute_stats, stats_space
from headstart.modalities.modality import BrokenItem, UnreadableItem
from headstart.storage.store import DecodeIssue, FeatureSpace, Store, Writer

ROWS_VERSION = 2  #: raised whenever decoding, resizing, rounding or pooling changes what a row says


@dataclass(frozen=True, slots=True)
class Extraction:
    """The result of a pass over the photos."""

    space: FeatureSpace  #: where the rows are
    issues: dict[str, DecodeIssue]  #: by digest: photos that were repaired, do not decode, or could not be read now
    asked: int  #: photos asked for, each content once
    computed: int  #: of them, how many had their features computed now
    seconds: float


def get_feature_space(backbone: Backbone, engine: Engine) -> FeatureSpace:
    """Return the space of a backbone's rows, run by an engine; all that could change a row is in its fingerprint."""
    facts = f"{ROWS_VERSION} {backbone.fingerprint} {engine.name} {engine.precision}"
    return FeatureSpace(
        fingerprint=hashlib.blake2b(facts.encode(), digest_size=20).hexdigest(),
        layers=tuple((layer.name, layer.width) for layer in backbone.layers),
        description=f"{backbone.name}, {engine.name} {engine.precision}",
    )


def extract(
    samples: Sequence[Sample],
    backbone: Backbone,
    engine: Engine,
    store: Store,
    *,
    workers: int = 0,
    listener: events.Listener = events.ignore,
) -> Extraction:
    """Compute and store the features of every layer, and the statistics, of the photos that the store lacks.

    Args:
        samples: photos; equal bytes are computed once.
        backbone: the network, with its layers.
        engine: runs it.
        store: takes the rows.
        workers: threads that decode; 0 for the engine's streams, or one per core where a GPU computes.
        listener: is told of progress ten times a second.

    Raises:
        StoreError: rows could not be stored; what was stored stays.
    """
    began = time.perf_counter()
    space = get_feature_space(backbone, engine)
    sources = {sample.digest: sample.source for sample in samples}
    missing = store.find_missing(space, list(sources))
    stats = stats_space(backbone.spec)
    without_stats = store.find_missing(stats, list(sources))
    unreadable: dict[str, DecodeIssue] = {}
    if missing or without_stats:
        either = dict.fromkeys([*missing, *without_stats])
        queue = WorkQueue([(digest, sources[digest]) for digest in either], engine.batch, listener, stage="extract")
        with store.writer(space) as rows, store.writer(stats) as seen:
            wanted = _MissingRows(rows, set(missing)), _MissingRows(seen, set(without_stats))
            work = _BatchWork(backbone.spec, engine, *wanted, unreadable)
            run_in_threads(queue, work, workers or max(engine.streams, count_cores()))
    return Extraction(
        space=space,
        issues={**store.issues(space, list(sources)), **unreadable},
        asked=len(sources),
        computed=len(missing) - len(unreadable.keys() & set(missing)),
        seconds=time.perf_counter() - began,
    )


def load_batch(samples: Iterable[Sample], spec: ImageSpec, count: int) -> NDArray[np.uint8]:
    """Return the first photos that decode, ``count`` at most, as a network sees them: uint8 (B, S, S, 3)."""
    photos: list[NDArray[np.uint8]] = []
    for sample in samples:
        if len(photos) == count:
            break
        try:
            photos.append(crop_resize(load_item(sample.source, spec).value, spec))
        except BrokenItem:
            continue
    if not photos:
        return np.zeros((0, spec.size, spec.size, 3), np.uint8)
    return np.stack(photos)


@dataclass(frozen=True, slots=True)
class _MissingRows:
    """Rows that a space lacks."""

    writer: Writer
    digests: set[str]  #: of the photos whose rows are missing

    def add_issue(self, issue: DecodeIssue) -> None:
        """Keep what decoding found, where the photo is one of these."""
        if issue.digest in self.digests:
            self.writer.add_issue(issue)

    def places(self, digests: list[str]) -> list[int]:
        """Return the places of those that are missing."""
        return [place for place, digest in enumerate(digests) if digest in self.digests]


@dataclass(frozen=True, slots=True)
class _BatchWork:
    """The work of a thread on a batch."""

    spec: ImageSpec
    engine: Engine
    rows: _MissingRows
    stats: _MissingRows
    unreadable: dict[str, DecodeIssue]  #: not stored: a network drive that dropped out must not brand a photo for good

    def __call__(self, batch: list[tuple[str, SampleSource]]) -> None:
        digests: list[str] = []
        photos: list[NDArray[np.uint8]] = []
        for digest, source in batch:
            if (photo := self._load(digest, source)) is not None:
                digests.append(digest)
                photos.append(photo)
        if not digests:
            return
        pixels = np.stack(photos)
        if places := self.stats.places(digests):
            self.stats.writer.add([digests[place] for place in places], compute_stats(_take(pixels, places)))
        if places := self.rows.places(digests):
            forward = self.engine.forward(_take(pixels, places))
            self.rows.writer.add([digests[place] for place in places], forward)

    def _load(self, digest: str, source: SampleSource) -> NDArray[np.uint8] | None:
        """Return a photo as the network sees it, (S, S, 3), or None and record an issue."""
        try:
            photo = load_item(source, self.spec)
        except UnreadableItem as error:
            self.unreadable[digest] = DecodeIssue(digest, broken=True, reason=str(error))
            return None
        except BrokenItem as error:
            self._add_issue(DecodeIssue(digest, broken=True, reason=str(error)))
            return None
        if photo.repaired:
            self._add_issue(DecodeIssue(digest, broken=False, reason=photo.repaired))
        return crop_resize(photo.value, self.spec)

    def _add_issue(self, issue: DecodeIssue) -> None:
        for missing in (self.rows, self.stats):
            missing.add_issue(issue)


def _take(pixels: NDArray[np.uint8], places: list[int]) -> NDArray[np.uint8]:
    """Return some photos of a batch, which is not copied where they are all of it."""
    return pixels if len(places) == len(pixels) else pixels[places]
