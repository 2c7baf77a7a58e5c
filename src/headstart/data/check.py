"""A check of photos before anything is fitted: classes, sizes, formats, broken files and copies."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median_low

import numpy as np

from headstart.data.inspection import default_workers, map_in_threads
from headstart.data.load import load_item
from headstart.data.samples import FileSource, FileStatus, LedgerEntry, Sample, Samples
from headstart.events import Listener, ignore
from headstart.modalities.image.spec import WHOLE_EDGE, ImageSpec
from headstart.modalities.modality import BrokenItem

#: Photos are decoded as for a network of the usual size: what a fit refuses or repairs is what is found here.
_SPEC = ImageSpec(224, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


@dataclass(frozen=True, slots=True)
class Range:
    """Smallest, middle and largest of some numbers."""

    smallest: int
    median: int
    largest: int


@dataclass(frozen=True, slots=True)
class DataCheck:
    """The result of a check of photos."""

    samples: Samples  #: without those that do not decode, the ledger updated
    counts: Mapping[FileStatus, int]  #: files of each status
    photos: Mapping[str, int]  #: usable photos of each class, in the order of the classes
    width: Range | None  #: pixels, as stored; None without a usable photo
    height: Range | None  #: pixels, as stored
    formats: Mapping[str, int]  #: Pillow's names, the most frequent first
    copies: tuple[tuple[str, ...], ...]  #: names of usable photos with equal bytes, a set each
    problems: tuple[str, ...]  #: why nothing could be fitted; empty when it could


def check_samples(
    samples: Samples, *, decode_all: bool = True, workers: int = 0, listener: Listener = ignore
) -> DataCheck:
    """Return the counts, sizes, formats, copies and problems of everything that was read.

    Args:
        samples: from ``read_source``, with ``strict=False`` to be shown problems instead of an error.
        decode_all: decode every photo too, as a fit would, and update the ledger.
        workers: threads for decoding; 0 means one per core, two at least.
        listener: is told of the progress.
    """
    if decode_all:
        samples = check_decoding(samples, workers=workers, listener=listener)
    usable = [entry for entry in samples.ledger.entries if entry.status is not FileStatus.SKIPPED]
    strata = samples.stratify()
    counts = np.bincount(strata.numbers, minlength=len(strata.names))
    return DataCheck(
        samples,
        samples.ledger.counts(),
        {name: int(count) for name, count in zip(strata.names, counts, strict=True)},
        _summarise([entry.properties["width"] for entry in usable]),
        _summarise([entry.properties["height"] for entry in usable]),
        dict(Counter(entry.format for entry in usable).most_common()),
        tuple(tuple(sample.name for sample in same) for same in samples.copies),
        tuple(samples.task.targets.find_problems(samples)),
    )


def check_decoding(samples: Samples, *, workers: int = 0, listener: Listener = ignore) -> Samples:
    """Return the samples without those that don't decode; the ledger says which, and which had to be repaired."""
    entries = {entry.name: entry for entry in samples.ledger.entries}
    work = [(sample, entries[sample.name]) for sample in samples.samples]
    decoded = map_in_threads(
        _decode_entry, work, stage="check", workers=workers or default_workers(), listener=listener
    )
    changes = {entry.name: entry for entry in decoded if entry != entries[entry.name]}
    return samples.with_updates(changes)


def _decode_entry(work: tuple[Sample, LedgerEntry]) -> LedgerEntry:
    sample, entry = work
    if not isinstance(sample.source, FileSource):
        return entry
    try:
        repaired = load_item(sample.source, _SPEC).repaired
    except BrokenItem as error:
        return replace(entry, status=FileStatus.SKIPPED, reason=str(error))
    return replace(entry, status=FileStatus.REPAIRED, reason=repaired) if repaired else entry


def _summarise(values: list[int]) -> Range | None:
    return Range(min(values), median_low(values), max(values)) if values else None
