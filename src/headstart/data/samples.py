"""Records of a data set: samples, their classes and groups, and the ledger of every file seen."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from headstart.data.decisions import Decision
from headstart.data.proposed_group import GroupProposal
from headstart.data.sources import SampleSource
from headstart.display.html import html_table
from headstart.label_text import LabelForm
from headstart.tasks.facets import Strata
from headstart_runtime.errors import bounded
from headstart_runtime.modalities.item import FILE, ROW, Excerpt, ItemFacts, Noun, Raw
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.task import Target, TargetArray, TargetSpace, Task, get_task
from headstart_runtime.whole_files import stamp_version

LONGEST_REASON = 300  #: characters in the ledger


class Subset(StrEnum):
    """A subset of a split."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class FileStatus(StrEnum):
    """The status of a file after reading."""

    ACCEPTED = "accepted"
    REPAIRED = "repaired"
    SKIPPED = "skipped"


class GroupKind(StrEnum):
    """The reason why samples belong together."""

    CONTENT = "content"  #: equal bytes, or near-duplicates; its name is a digest
    NAMED = "named"  #: the user named the group
    NEAR_DUPLICATES = "near-duplicates"  #: a named group that the given subsets separate only from near-duplicates


@dataclass(frozen=True, slots=True, order=True)
class SampleGroup:
    """Samples that a split keeps in one subset."""

    kind: GroupKind
    name: str  #: the user's name, or the smallest digest of the samples

    @property
    def given_name(self) -> str:
        """The name that the user gave; empty for a group of content."""
        return "" if self.kind is GroupKind.CONTENT else self.name


@dataclass(frozen=True, slots=True)
class Sample:
    """A labelled item."""

    name: str  #: for people: the path under the source's root with "/" between its steps, or "#17" in an array
    digest: str  #: ``compute_digest`` of its content; features are stored under it
    target: Target  #: the task's, of its label: the index of a class, a number
    group: SampleGroup
    subset: Subset | None  #: the subset it was given in, None where the split is to be made
    source: SampleSource
    properties: Mapping[str, Any] = field(default_factory=dict, hash=False)  #: as ``ItemFacts`` has them
    copy: int = 0  #: 0 for the first sample with these bytes, then 1, 2, ... in the order of their names

    @property
    def id(self) -> str:
        """The unique name of a sample in files: the digest, and for a further copy its number."""
        return f"{self.digest}.{self.copy}" if self.copy else self.digest


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A line of the ledger: one file seen."""

    name: str
    status: FileStatus
    reason: str = ""  #: why it was repaired or skipped
    label: str = ""  #: the class it was found under
    digest: str = ""
    format: str = ""  #: as ``ItemFacts`` has it, and the next three
    properties: Mapping[str, Any] = field(default_factory=dict, hash=False)
    note: str = ""
    variant: str = ""
    cause: str = ""  #: the name of what stands there in place of an item: of a ``modalities.strays.Stray``

    def __post_init__(self) -> None:
        if len(self.reason) > LONGEST_REASON:  # it may hold a path, a label or what a library says
            object.__setattr__(self, "reason", bounded(self.reason, LONGEST_REASON))

    @property
    def facts(self) -> ItemFacts:
        """The facts that the item's first bytes gave, with the note as it stands now."""
        return ItemFacts(self.format, self.properties, self.note, self.variant)

    @property
    def all_properties(self) -> Mapping[str, Any]:
        """The properties with the format among them, as the facets of a modality take them."""
        return {**self.properties, "format": self.format}


@dataclass(frozen=True, slots=True)
class Ledger:
    """The status of every file, or row, that was seen, in natural order of the names."""

    entries: tuple[LedgerEntry, ...]
    ignored: int = 0  #: hidden and system files, not looked at
    notes: tuple[str, ...] = ()  #: assumptions made while reading, for a person
    in_rows: bool = False  #: whether the entries are rows of a table or of arrays, and not files
    modality: str = ""  #: the name of theirs; "" where it is not known

    @property
    def unit(self) -> Noun:
        """The word for what has an entry each: a file or a row."""
        return ROW if self.in_rows else FILE

    def __repr__(self) -> str:
        return f"Ledger({', '.join(f'{count} {status.value}' for status, count in self.counts().items())})"

    def _repr_html_(self) -> str:
        told = ", ".join(f"{count} {status.value}" for status, count in self.counts().items())
        listed = sorted(self.entries, key=lambda entry: entry.status is FileStatus.ACCEPTED)  # the others first
        rows = [(entry.name, entry.status.value, entry.label, entry.reason) for entry in listed]
        return html_table((self.unit.one, "status", "label", "reason"), rows, caption=told)

    def counts(self) -> dict[FileStatus, int]:
        """Return the number of files of each status."""
        seen = Counter(entry.status for entry in self.entries)
        return {status: seen[status] for status in FileStatus}

    def with_updates(self, changes: Mapping[str, LedgerEntry]) -> "Ledger":
        """Return the ledger with the entries of some names replaced."""
        return replace(self, entries=tuple(changes.get(entry.name, entry) for entry in self.entries))


@dataclass(frozen=True, slots=True)
class Relabel:
    """A label that was corrected."""

    name: str  #: the sample's
    given: str  #: the label that the source says
    label: str  #: the label that it was corrected to; "" where the sample was left out


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of a source, the space of their targets, and the ledger of every file seen."""

    space: TargetSpace
    samples: tuple[Sample, ...]  #: in natural order of the names
    ledger: Ledger
    root: str  #: the source, for a person
    modality: str  #: the name of theirs
    relabels: tuple[Relabel, ...] = ()  #: labels that were corrected since, by name of the sample
    column: str = ""  #: the name of a table's column that they or their paths were read from
    item_columns: tuple[str, ...] = ()  #: columns whose cells are the items, joined where there are several
    left_out: tuple[Sample, ...] = ()  #: samples that a correction left out, with their given labels
    decisions: tuple[Decision, ...] = ()  #: what the reader took the places in the source for
    form: LabelForm = "one"  #: what the label of a sample is in the source
    proposals: tuple[str, ...] = ()  #: other tasks that the labels may be meant for, sentences with the flag
    proposed_groups: tuple[GroupProposal, ...] = ()  #: that a table's columns may say, which nobody asked for
    doubt: str = ""  #: why nothing is fitted before somebody names the task; "" where there is no such doubt

    @property
    def noun(self) -> Noun:
        """The word that people have for these samples."""
        return get_modality(self.modality).noun

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        return f"Samples({len(self)} in {self.task.targets.describe_space(self.space)} of {self.root!r})"

    @property
    def task(self) -> Task:
        """The task of their targets."""
        return get_task(self.space.task)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the outputs: of classes, for one."""
        return self.space.names

    @property
    def targets(self) -> TargetArray:
        """The targets (N, ...), in the order of ``samples``."""
        return self.task.targets.stack([sample.target for sample in self.samples])

    def stratify(self) -> Strata:
        """Return the strata by which the samples are split and folded."""
        return self.task.targets.stratify(self.space, self.targets)

    def describe(self, sample: Sample) -> str:
        """Return the label of a sample as a person writes it."""
        return self.task.targets.describe(self.space, sample.target)

    @property
    def copies(self) -> list[list[Sample]]:
        """Lists of samples with equal bytes, two or more each."""
        by_digest: dict[str, list[Sample]] = {}
        for sample in self.samples:
            by_digest.setdefault(sample.digest, []).append(sample)
        return [same for same in by_digest.values() if len(same) > 1]

    def with_given_labels(self) -> tuple[Sample, ...]:
        """Return the samples with the labels of the source, and behind them those that a correction left out."""
        parse = self.task.targets.parse
        given = {relabel.name: parse(self.space, relabel.given) for relabel in self.relabels}
        kept = (replace(it, target=given[it.name]) if it.name in given else it for it in self.samples)
        return (*kept, *self.left_out)

    def with_updates(self, changes: Mapping[str, LedgerEntry]) -> "Samples":
        """Return the samples with some ledger entries replaced, without those that are skipped now."""
        gone = {name for name, entry in changes.items() if entry.status is FileStatus.SKIPPED}
        kept = tuple(sample for sample in self.samples if sample.name not in gone)
        return replace(self, samples=kept, ledger=self.ledger.with_updates(changes))


def compute_digest(content: Raw) -> str:
    """Return the BLAKE2b-160 of a file's bytes, or of an array's shape and bytes; 40 hexadecimal digits.

    That of an excerpt is of the bytes of its file and of both limits.

    Raises:
        OSError: the file of an excerpt cannot be read.
    """
    digest = hashlib.blake2b(digest_size=20)
    if isinstance(content, bytes):
        digest.update(content)
    elif isinstance(content, Excerpt):
        whole = _compute_file_digest(content.path, stamp_version(content.path.stat()))
        digest.update(f"excerpt {content.start!r} {content.end!r} {whole}".encode())
    else:
        digest.update(f"array {content.shape} {content.dtype} ".encode())
        digest.update(np.ascontiguousarray(content).tobytes())
    return digest.hexdigest()


@lru_cache(maxsize=1024)
def _compute_file_digest(path: Path, version: tuple[int, ...]) -> str:
    """Return the digest of a file as it is in a version: many items may be cut from it."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=20)).hexdigest()


def number_copies(digests: Sequence[str]) -> list[int]:
    """Return the number of each copy, (N,): 0 for the first sample with a digest, then 1, 2, ..."""
    seen: Counter[str] = Counter()
    numbers = []
    for digest in digests:
        numbers.append(seen[digest])
        seen[digest] += 1
    return numbers
