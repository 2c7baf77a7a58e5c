"""Extraction of features: one pass over samples that reads, decodes, runs a network forward and stores.

As many threads as the engine has streams each take a few samples, decode them and run them forward on their own stream;
while one decodes another computes, and no core idles. Statistics are taken from the same decoded samples; where only
they are missing nothing runs forward.
"""

import hashlib
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.data.load import load_item
from headstart.data.samples import Sample
from headstart.data.sources import SampleSource
from headstart.engines.engine import Engine
from headstart.extraction.executor import Executor, ProgressMeter, ThreadExecutor, cut_heavy_shards, cut_shards
from headstart.storage.store import DecodeIssue, FeatureSpace, Store, Writer
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.hardware import count_cores
from headstart_runtime.modalities.batch import AnySpec, Batch, InputSpec, Part, is_free
from headstart_runtime.modalities.checks import collate_parts
from headstart_runtime.modalities.item import BrokenItem, Decoded, UnreadableItem
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.packing import choose_shard, pack_parts

MOST_TIMES = 8  #: of short parts a shard has so many times as many as of the longest
SHARDS = 4  #: for each thread at least, where there are many samples, so that all end at about the same time
ROWS_VERSION = 2  #: raised whenever decoding, preparing, rounding or pooling changes what a row says


@dataclass(frozen=True, slots=True)
class Extraction:
    """The result of a pass over samples."""

    space: FeatureSpace  #: where the rows are
    issues: dict[
        str, DecodeIssue
    ]  #: by digest: samples that were repaired, are seen in part, do not decode, or could not be read
    asked: int  #: samples asked for, each content once
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
    executor: Executor | None = None,
    cancel: events.CancelToken | None = None,
    listener: events.Listener = events.ignore,
) -> Extraction:
    """Compute and store the features of every layer, and the statistics, of the samples that the store lacks.

    Args:
        samples: equal bytes are computed once.
        backbone: the network, with its layers.
        engine: runs it.
        store: takes the rows.
        workers: threads that decode; 0 for the engine's streams, or one per core where a GPU computes.
        executor: does the pass instead of threads.
        cancel: ends it from another thread.
        listener: is told of progress ten times a second.

    Raises:
        StoreError: rows could not be stored; what was stored stays.
        Cancelled: the token says so; what was stored stays.
    """
    began = time.perf_counter()
    unique = list({sample.digest: sample for sample in samples}.values())
    digests = [sample.digest for sample in unique]
    space, modality = get_feature_space(backbone, engine), get_modality(backbone.spec.kind)
    spaces = [space, *([] if modality.stats is None else [modality.stats.space(backbone.spec)])]
    # Of millions of samples a dictionary takes more memory than the pass: what each lacks is a bit in a column.
    lacks = np.stack([_flag(digests, store.find_missing(each, digests)) for each in spaces], axis=1)
    rows = _order(np.flatnonzero(lacks.any(axis=1)), lacks, unique, backbone.spec)
    unreadable: dict[str, DecodeIssue] = {}
    if len(rows):
        threads = workers or max(engine.streams, count_cores())
        shards = (
            [_Wanted(digests[row], unique[row].source, tuple(lacks[row].tolist())) for row in shard]
            for shard in _cut(rows, unique, backbone.spec, engine.batch, threads)
        )
        executor = executor or ThreadExecutor(threads)
        progress = ProgressMeter("extract", len(rows), modality.noun.many, listener)
        with ExitStack() as stack:
            writers = [stack.enter_context(store.writer(each)) for each in spaces]
            work = _ShardWork(backbone.spec, engine)
            for done in stack.enter_context(closing(executor.map(work, shards, cancel))):
                _store(done, writers)
                unreadable |= {issue.digest: issue for issue in done.unreadable}
                progress.add(done.samples)
    lost = sum(lacking and digest in unreadable for digest, lacking in zip(digests, lacks[:, 0].tolist(), strict=True))
    return Extraction(
        space=space,
        issues={**store.issues(space, digests), **unreadable},
        asked=len(unique),
        computed=int(lacks[:, 0].sum()) - lost,
        seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A sample whose rows are computed."""

    digest: str
    source: SampleSource
    lacks: tuple[bool, ...]  #: features, and statistics of a modality that has some


def _flag(digests: Sequence[str], missing: Sequence[str]) -> Bools:
    """Return which of some digests, without repeats, are missing, (N,)."""
    if len(missing) in (0, len(digests)):
        return np.full(len(digests), bool(missing))
    absent = set(missing)
    return np.fromiter((digest in absent for digest in digests), bool, len(digests))


def _order(rows: Ints, lacks: Bools, samples: Sequence[Sample], spec: InputSpec) -> Ints:
    """Return rows of samples in the order in which they are computed, those that lack features first among equals.

    Where parts are as long as they come the longest are first, so that no thread ends long after the others.
    """
    rows = np.concatenate([rows[lacks[rows, 0]], rows[~lacks[rows, 0]]])
    weights = _weigh(rows, samples, spec)
    return rows[np.argsort(-weights if is_free(spec) else weights, kind="stable")]


def _weigh(rows: Ints, samples: Sequence[Sample], spec: InputSpec) -> Doubles:
    """Return about how long the parts of some samples are, (N,), in their modality's unit."""
    sort_key = get_modality(spec.kind).sort_key
    return np.fromiter((sort_key(samples[row].properties) for row in rows.tolist()), np.float64, len(rows))


def _cut(rows: Ints, samples: Sequence[Sample], spec: InputSpec, batch: int, threads: int) -> Iterator[Sequence[int]]:
    """Return rows of samples in shards: as many parts as an engine likes, or more where parts are as long as they come.

    The more are packed together, the less is padded: of questions of 13 tokens 64 at a time 14 %, 512 at a time 1 %.
    """
    least, items = choose_shard(spec, batch), cast("Sequence[int]", rows)
    if not is_free(spec):
        return cut_shards(items, least)
    most = max(least, min(MOST_TIMES * least, len(rows) // (SHARDS * threads)))
    return cut_heavy_shards(items, cast("Sequence[float]", _weigh(rows, samples, spec)), least, most)


def load_batch(samples: Sequence[Sample], spec: InputSpec, count: int) -> Batch:
    """Return the parts of the first samples that decode, ``count`` parts at most, as a network sees them."""
    modality = get_modality(spec.kind)

    def load(sample: Sample) -> Sequence[Part]:
        try:
            return modality.make_parts(load_item(sample.source, spec).value, spec)
        except BrokenItem:
            return ()

    parts: list[Part] = []
    at = 0
    with ThreadPoolExecutor(count_cores()) as pool:
        while at < len(samples) and len(parts) < count:
            some = samples[at : at + count - len(parts)]
            parts += itertools.chain.from_iterable(pool.map(load, some))
            at += len(some)
    return collate_parts(modality, parts[:count], spec)


def pool_parts(rows: Mapping[str, Floats], counts: Sequence[int]) -> dict[str, Floats]:
    """Return the mean over the parts of each item, (N, width), of rows of parts; as they are where each has one.

    Args:
        rows: (P, width) for each layer, those of an item side by side.
        counts: parts of each item.
    """
    if all(count == 1 for count in counts):
        return dict(rows)
    starts = np.cumsum([0, *counts[:-1]])
    sums = {name: np.add.reduceat(values, starts, axis=0) for name, values in rows.items()}
    return {name: np.asarray(total / np.array(counts)[:, None], np.float32) for name, total in sums.items()}


@dataclass(slots=True)
class _ShardRows:
    """The rows of a few samples, and what was found with them."""

    samples: int
    #: Digests and their rows: features first, then the statistics of a modality that has some.
    rows: list[tuple[list[str], Mapping[str, Floats]]] = field(default_factory=list)
    issues: list[tuple[DecodeIssue, tuple[bool, ...]]] = field(default_factory=list)  #: and what the sample lacks
    #: Not stored: a network drive that dropped out must not brand a sample for good.
    unreadable: list[DecodeIssue] = field(default_factory=list)


def _store(done: _ShardRows, writers: Sequence[Writer]) -> None:
    for place, writer in enumerate(writers):
        for issue, lacks in done.issues:
            if lacks[place]:
                writer.add_issue(issue)
    for writer, (digests, rows) in zip(writers, done.rows, strict=False):  # no rows where nothing decodes
        if digests:
            writer.add(digests, rows)


@dataclass(frozen=True, slots=True)
class _ShardWork:
    """The work of a thread on a few samples."""

    spec: AnySpec
    engine: Engine

    def __call__(self, shard: Sequence[_Wanted]) -> _ShardRows:
        modality, done = get_modality(self.spec.kind), _ShardRows(len(shard))
        stats, measured = modality.stats, dict[str, Any]()
        parts: dict[str, Sequence[Part]] = {}
        for wanted in shard:
            item = self._load(wanted, done)
            if item is None:
                continue
            own = modality.make_parts(item.value, self.spec)
            if wanted.lacks[0]:
                parts[wanted.digest] = own
            if stats is not None and wanted.lacks[1]:
                measured[wanted.digest] = stats.keep(item.value, own, self.spec)
        done.rows.append((list(parts), _compute_features(parts, self.spec, self.engine) if parts else {}))
        if stats is not None:
            done.rows.append((list(measured), stats.compute(list(measured.values())) if measured else {}))
        return done

    def _load(self, wanted: _Wanted, done: _ShardRows) -> Decoded | None:
        """Return a decoded sample; None, with an issue, where it does not decode."""
        digest = wanted.digest
        try:
            item = load_item(wanted.source, self.spec)
        except UnreadableItem as error:
            done.unreadable.append(DecodeIssue(digest, broken=True, reason=str(error)))
            return None
        except BrokenItem as error:
            done.issues.append((DecodeIssue(digest, broken=True, reason=str(error)), wanted.lacks))
            return None
        if item.repaired or item.unseen:
            issue = DecodeIssue(digest, broken=False, reason=item.repaired or "", unseen=item.unseen)
            done.issues.append((issue, wanted.lacks))
        return item


def _compute_features(parts: Mapping[str, Sequence[Part]], spec: AnySpec, engine: Engine) -> Mapping[str, Floats]:
    """Return the rows of a few samples, (N, width) for each layer, of the parts of each by its digest."""
    together = list(itertools.chain.from_iterable(parts.values()))
    packed = pack_parts(get_modality(spec.kind), together, spec, engine.batch)
    found = [engine.forward(batch) for batch in packed.batches]
    rows = {name: packed.restore([one[name] for one in found]) for name in found[0]}
    return pool_parts(rows, [len(own) for own in parts.values()])
