"""A check of samples before anything is fitted: classes, sizes, formats, broken files and copies."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from statistics import median_low

from headstart.data.inspection import default_workers, map_in_threads
from headstart.data.label_counts import LabelCounts, count_by_label
from headstart.data.load import load_item
from headstart.data.samples import FileStatus, LedgerEntry, Sample, Samples
from headstart.events import Listener, ignore
from headstart_runtime.modalities.batch import InputSpec
from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.modalities.modality import get_modality


@dataclass(frozen=True, slots=True)
class Range:
    """Smallest, middle and largest of some numbers."""

    smallest: float
    median: float
    largest: float


@dataclass(frozen=True, slots=True)
class DataCheck:
    """The result of a check of samples."""

    samples: Samples  #: without those that do not decode, the ledger updated
    counts: Mapping[FileStatus, int]  #: files of each status
    labels: LabelCounts  #: usable samples of each class, or of each stratum of another task
    ranges: Mapping[str, Range | None]  #: of the properties with numbers, as stored; None without a usable sample
    formats: Mapping[str, int]  #: as ``ItemFacts`` has them, the most frequent first
    copies: tuple[tuple[str, ...], ...]  #: names of usable samples with equal bytes, a set each
    problems: tuple[str, ...]  #: why nothing could be fitted; empty when it could
    stratum: str  #: what the samples are counted by, for people: "class"

    @property
    def usable(self) -> Mapping[str, int]:
        """Usable samples of each stratum, in order."""
        return self.labels.usable


def check_samples(
    samples: Samples, *, decode_all: bool = True, workers: int = 0, listener: Listener = ignore
) -> DataCheck:
    """Return the counts, sizes, formats, copies and problems of everything that was read.

    Args:
        samples: from ``read_source``, with ``strict=False`` to be shown problems instead of an error.
        decode_all: decode every item too, as a fit would, and update the ledger.
        workers: threads for decoding; 0 means one per core, two at least.
        listener: is told of the progress.
    """
    if decode_all:
        samples = check_decoding(samples, workers=workers, listener=listener)
    usable = [entry for entry in samples.ledger.entries if entry.status is not FileStatus.SKIPPED]
    units = get_modality(samples.modality).hints.units
    return DataCheck(
        samples,
        samples.ledger.counts(),
        count_by_label(samples),
        {name: _summarise([entry.properties[name] for entry in usable if name in entry.properties]) for name in units},
        dict(Counter(entry.format for entry in usable).most_common()),
        tuple(tuple(sample.name for sample in same) for same in samples.copies),
        tuple(samples.task.targets.find_problems(samples)) or (samples.doubt,) * bool(samples.doubt),
        samples.stratify().noun,
    )


def check_decoding(samples: Samples, *, workers: int = 0, listener: Listener = ignore) -> Samples:
    """Return the samples without those that don't decode; the ledger says which, and which had to be repaired."""
    entries = {entry.name: entry for entry in samples.ledger.entries}
    decode = partial(_decode_entry, get_modality(samples.modality).default_spec)
    work = [(sample, entries[sample.name]) for sample in samples.samples]
    workers, unit = workers or default_workers(), samples.noun.many
    decoded = map_in_threads(decode, work, stage="check", workers=workers, listener=listener, unit=unit)
    changes = {entry.name: entry for entry in decoded if entry != entries[entry.name]}
    return samples.with_updates(changes)


def _decode_entry(spec: InputSpec, work: tuple[Sample, LedgerEntry]) -> LedgerEntry:
    sample, entry = work
    try:
        repaired = load_item(sample.source, spec).repaired
    except BrokenItem as error:
        return replace(entry, status=FileStatus.SKIPPED, reason=str(error))
    return replace(entry, status=FileStatus.REPAIRED, reason=repaired) if repaired else entry


def _summarise(values: list[float]) -> Range | None:
    return Range(min(values), median_low(values), max(values)) if values else None
