"""The one pass over the photos: read, decode, forward, store. Decoding and computing share the cores.

As many threads as the engine has streams each take a few photos, decode them, run them forward on their own lane and
hand the rows to the store; while one decodes another computes. There is no queue between the two and no core idles.
The photos' looks (looks.py) are taken from the same pixels; where only they are missing nothing runs forward.
"""

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.data.samples import Sample, SampleSource
from headstart.engines.engine import Engine
from headstart.errors import refuse_machine_faults
from headstart.extraction.workers import WorkQueue, run_in_threads
from headstart.hardware import count_cores
from headstart.modalities.image.decoding.decode import (
    BrokenPhoto,
    Photo,
    UnreadablePhoto,
    array_to_rgb,
    crop_resize,
    decode,
)
from headstart.modalities.image.spec import ImageSpec
from headstart.modalities.image.stats import compute_stats, stats_space
from headstart.storage.store import DecodeIssue, FeatureSpace, Store, Writer

ROWS_VERSION = 2  #: raised whenever decoding, resizing, rounding or pooling changes what a row says
PLAIN, FLIPPED = "plain", "flipped"  #: views: as it is; mirrored left to right


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a pass did."""

    space: FeatureSpace  #: where the rows are
    issues: dict[str, DecodeIssue]  #: by digest: photos that were repaired, do not decode, or could not be read now
    asked: int  #: photos asked for, each content once
    computed: int  #: of them, how many had their features computed now
    seconds: float


def get_feature_space(backbone: Backbone, engine: Engine, view: str = PLAIN) -> FeatureSpace:
    """Where the rows of a backbone run by an engine lie: what could change a row changes the fingerprint."""
    facts = f"{ROWS_VERSION} {backbone.fingerprint} {engine.name} {engine.precision} {view}"
    return FeatureSpace(
        fingerprint=hashlib.blake2b(facts.encode(), digest_size=20).hexdigest(),
        layers=tuple((layer.name, layer.width) for layer in backbone.layers),
        description=f"{backbone.name}, {engine.name} {engine.precision}, {view} view",
    )


def extract(
    samples: Sequence[Sample],
    backbone: Backbone,
    engine: Engine,
    store: Store,
    *,
    workers: int = 0,
    flipped: bool = False,
    listener: events.Listener = events.ignore,
) -> Extraction:
    """Computes and stores the features of every layer, and the looks, of the photos that the store has not yet.

    Args:
        samples: photos; equal bytes are computed once.
        backbone: whose layers.
        engine: what runs it.
        store: where rows go.
        workers: threads that decode; 0 for the engine's streams, or one per core where a GPU computes.
        flipped: mirror each photo left to right after crop and resize; its rows have a space of their own. Looks are
            of the photo as it is.
        listener: is told of progress ten times a second.

    Raises:
        StoreError: rows could not be stored; what was stored stays.
    """
    began = time.perf_counter()
    space = get_feature_space(backbone, engine, FLIPPED if flipped else PLAIN)
    sources = {sample.digest: sample.source for sample in samples}
    missing = store.missing(space, list(sources))
    looks = stats_space(backbone.spec)
    unseen = store.missing(looks, list(sources))
    unreadable: dict[str, DecodeIssue] = {}
    if missing or unseen:
        either = dict.fromkeys([*missing, *unseen])
        tasks = WorkQueue([(digest, sources[digest]) for digest in either], engine.batch, listener, stage="extract")
        with store.writer(space) as rows, store.writer(looks) as seen:
            wanted = _Wanted(rows, set(missing)), _Wanted(seen, set(unseen))
            work = _Work(backbone.spec, engine, *wanted, unreadable, flipped)
            run_in_threads(tasks, work, workers or max(engine.streams, count_cores()))
    return Extraction(
        space=space,
        issues={**store.issues(space, list(sources)), **unreadable},
        asked=len(sources),
        computed=len(missing) - len(unreadable.keys() & set(missing)),
        seconds=time.perf_counter() - began,
    )


def load_photo(source: SampleSource, spec: ImageSpec) -> Photo:
    """A sample's photo, upright RGB, ready for ``crop_resize``.

    Raises:
        BrokenPhoto: it cannot be read or decoded; the message is the reason.
    """
    try:
        content = source.read()
    except OSError as error:
        refuse_machine_faults(error, "to read photos")
        raise UnreadablePhoto(f"cannot be read: {error.strerror or error}") from error
    return decode(content, spec) if isinstance(content, bytes) else Photo(array_to_rgb(content), None)


def load_pixels(samples: Iterable[Sample], spec: ImageSpec, most: int) -> NDArray[np.uint8]:
    """The first ``most`` photos that decode, as a network sees them: uint8 (B, S, S, 3)."""
    photos: list[NDArray[np.uint8]] = []
    for sample in samples:
        if len(photos) == most:
            break
        try:
            photos.append(crop_resize(load_photo(sample.source, spec).pixels, spec))
        except BrokenPhoto:
            continue
    if not photos:
        return np.zeros((0, spec.size, spec.size, 3), np.uint8)
    return np.stack(photos)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Rows that a space lacks."""

    writer: Writer
    digests: set[str]  #: whose rows

    def find(self, finding: DecodeIssue) -> None:
        """Keeps what decoding found, where the photo is one of these."""
        if finding.digest in self.digests:
            self.writer.find(finding)

    def among(self, digests: list[str]) -> list[int]:
        """The places of those that are wanted."""
        return [place for place, digest in enumerate(digests) if digest in self.digests]


@dataclass(frozen=True, slots=True)
class _Work:
    """What a thread does with a batch."""

    spec: ImageSpec
    engine: Engine
    rows: _Wanted
    looks: _Wanted
    unreadable: dict[str, DecodeIssue]  #: not stored: a network drive that dropped out must not brand a photo for good
    flipped: bool

    def __call__(self, batch: list[tuple[str, SampleSource]]) -> None:
        digests: list[str] = []
        photos: list[NDArray[np.uint8]] = []
        for digest, source in batch:
            if (photo := self._decoded(digest, source)) is not None:
                digests.append(digest)
                photos.append(photo)
        if not digests:
            return
        pixels = np.stack(photos)
        if places := self.looks.among(digests):
            self.looks.writer.add([digests[place] for place in places], compute_stats(_of(pixels, places)))
        if places := self.rows.among(digests):
            own = _of(pixels, places)
            seen = np.ascontiguousarray(own[:, :, ::-1]) if self.flipped else own
            self.rows.writer.add([digests[place] for place in places], self.engine.forward(seen))

    def _decoded(self, digest: str, source: SampleSource) -> NDArray[np.uint8] | None:
        """A photo as the network sees it, (S, S, 3), or None with a finding."""
        try:
            photo = load_photo(source, self.spec)
        except UnreadablePhoto as error:
            self.unreadable[digest] = DecodeIssue(digest, broken=True, reason=str(error))
            return None
        except BrokenPhoto as error:
            self._find(DecodeIssue(digest, broken=True, reason=str(error)))
            return None
        if photo.repaired:
            self._find(DecodeIssue(digest, broken=False, reason=photo.repaired))
        return crop_resize(photo.pixels, self.spec)

    def _find(self, finding: DecodeIssue) -> None:
        for wanted in (self.rows, self.looks):
            wanted.find(finding)


def _of(pixels: NDArray[np.uint8], places: list[int]) -> NDArray[np.uint8]:
    """Some photos of a batch, which is not copied where they are all of it."""
    return pixels if len(places) == len(pixels) else pixels[places]
