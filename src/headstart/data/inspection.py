"""Inspection of every item: its bytes are read once, for their digest and the facts that its modality finds in them."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from headstart.data.readers.listing import RawSample
from headstart.data.samples import FileStatus, LedgerEntry, Samples, compute_digest
from headstart.data.stray_files import is_unfinished, make_stray_entry, recognise_failed, recognise_missing
from headstart.events import Listener, Progress
from headstart_runtime.errors import refuse_machine_faults
from headstart_runtime.folder_items import MAX_BYTES
from headstart_runtime.modalities.batch import InputSpec
from headstart_runtime.modalities.item import SAMPLE, BrokenItem, Noun
from headstart_runtime.modalities.modality import Modality, get_modality
from headstart_runtime.modalities.strays import recognise_pointer

_CHUNK = 64  #: files per task, so that handing tasks out costs little
_MOST_KNOWN = 1 << 14  #: different properties of which equal ones are one object in memory

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Inspected:
    """A listed file and the ledger entry that its bytes give."""

    raw: RawSample
    entry: LedgerEntry  #: accepted so far, or skipped


def inspect(samples: Sequence[RawSample], modality: Modality, listener: Listener) -> list[Inspected]:
    """Return every item inspected, in the order given; several threads read."""
    work = partial(_inspect, modality, _SharedProperties())
    workers, unit = default_workers(), modality.noun.many
    return list(map_in_threads(work, samples, stage="read", workers=workers, listener=listener, unit=unit))


def update_notes(samples: Samples, spec: InputSpec) -> Samples:
    """Return the samples with the notes in their ledger as they are once a spec is fitted."""
    entries = [entry for entry in samples.ledger.entries if entry.status is not FileStatus.SKIPPED]
    notes = get_modality(samples.modality).note_items(spec, [entry.facts for entry in entries])
    changes = {
        entry.name: replace(entry, note=note) for entry, note in zip(entries, notes, strict=True) if note != entry.note
    }
    return samples.with_updates(changes) if changes else samples


def map_in_threads(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    stage: str,
    workers: int,
    listener: Listener,
    unit: str = SAMPLE.many,
) -> Iterator[Result]:
    """Yield ``work`` of every item, in order, and report the progress, in units such as "files"."""
    chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    done = 0
    listener(Progress(stage, 0, len(items), unit))
    pool = ThreadPoolExecutor(workers, thread_name_prefix=f"headstart-{stage}")
    try:
        for results in pool.map(lambda chunk: [work(item) for item in chunk], chunks):
            yield from results
            done += len(results)
            listener(Progress(stage, done, len(items), unit))
    finally:
        pool.shutdown(cancel_futures=True)


def default_workers() -> int:
    """Return the number of threads that read files: two at least, since one waits for the disk."""
    return min(8, max(2, os.cpu_count() or 2))


def describe_read_error(error: OSError, noun: Noun) -> str:
    """Return an error of the file system as the reason why a file was skipped.

    Raises:
        HeadstartError: the machine is short of something, which is no fault of the file's.
    """
    refuse_machine_faults(error, f"to read {noun.many}")
    return "missing file" if isinstance(error, FileNotFoundError) else f"unreadable: {error.strerror or error}"


class _SharedProperties:
    """Properties of items, of which equal ones are one object: of 200,000 short texts they took 37 MB.

    May be used from several threads at once.
    """

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, Any]] = {}

    def share(self, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the first properties that were written alike, or these: 1 and 1.0 are not the same in a file."""
        if len(self._known) >= _MOST_KNOWN:
            return self._known.get(repr(properties), properties)
        return self._known.setdefault(repr(properties), properties)


def _inspect(modality: Modality, shared: _SharedProperties, raw: RawSample) -> Inspected:
    return Inspected(raw, _make_entry(raw, modality, shared))


def _make_entry(raw: RawSample, modality: Modality, shared: _SharedProperties) -> LedgerEntry:
    try:
        stat = raw.source.stat()
        if not stat.readable:
            return LedgerEntry(raw.name, FileStatus.SKIPPED, "not a file", raw.label)
        if stat.size is not None and stat.size > MAX_BYTES:
            reason = f"{stat.size / 1e9:.1f} GB; files of more than {MAX_BYTES / 1e9:g} GB are not read"
            return LedgerEntry(raw.name, FileStatus.SKIPPED, reason, raw.label)
        content = raw.source.read()
        digest = compute_digest(content)
    except FileNotFoundError:
        stray, reason = recognise_missing(raw.source)
        if stray is not None:
            return make_stray_entry(raw.name, raw.label, stray, modality.noun)
        return LedgerEntry(raw.name, FileStatus.SKIPPED, reason, raw.label)
    except UnicodeEncodeError:  # a path that no system can hold
        return LedgerEntry(raw.name, FileStatus.SKIPPED, "missing file", raw.label)
    except OSError as error:
        return LedgerEntry(raw.name, FileStatus.SKIPPED, describe_read_error(error, modality.noun), raw.label)
    if isinstance(content, bytes) and (stray := recognise_pointer(content)):  # which is text, and may be taken for one
        return make_stray_entry(raw.name, raw.label, stray, modality.noun, digest)
    try:
        facts = modality.identify(content)
    except BrokenItem as error:
        if stray := recognise_failed(raw.name, content):
            return make_stray_entry(raw.name, raw.label, stray, modality.noun, digest)
        return LedgerEntry(raw.name, FileStatus.SKIPPED, str(error), raw.label, digest)
    note = "called like an unfinished download" if is_unfinished(raw.name) else ""
    note = "; ".join(filter(None, (facts.note, note)))
    properties = shared.share(facts.properties)
    return LedgerEntry(
        raw.name, FileStatus.ACCEPTED, "", raw.label, digest, facts.format, properties, note, facts.variant
    )
