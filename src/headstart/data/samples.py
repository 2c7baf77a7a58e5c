"""The records that reading makes: samples, classes, and the ledger of what became of every file seen."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.errors import bounded
from headstart.modalities.image.decoding.depth import BitDepth

MOST_OF_A_REASON = 300  #: characters in the ledger


class Subset(StrEnum):
    """The parts of a split."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class FileStatus(StrEnum):
    """What became of a file."""

    ACCEPTED = "accepted"
    REPAIRED = "repaired"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class FileSource:
    """A photo on disk."""

    path: Path

    def read(self) -> bytes:
        """The file's bytes."""
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class ArraySource:
    """A photo in memory or in a memory-mapped array."""

    images: NDArray[np.uint8]  #: (N, H, W) or (N, H, W, channels)
    index: int

    def read(self) -> NDArray[np.uint8]:
        """The photo's pixels as given, (H, W) or (H, W, channels) uint8."""
        return np.asarray(self.images[self.index])


SampleSource = FileSource | ArraySource


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled photo."""

    id: str  #: unique: the digest, with ".1", ".2", ... for further copies of the same bytes in order of their names
    name: str  #: for people: the path under the source's root with "/" between its parts, or "#17" in an array
    digest: str  #: ``compute_digest`` its content; features are stored under it
    label: int  #: index into the classes
    group: str  #: samples of one group never straddle the split; the digest unless the user names groups
    subset: Subset | None  #: the part it was given in, None where the split is ours to make
    source: SampleSource
    depth: BitDepth | None = None  #: of a photo with more than 8 bits: what its values are like


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A line of the ledger: one file seen."""

    name: str
    status: FileStatus
    reason: str = ""  #: why it was repaired or skipped
    label: str = ""  #: the class it was found under
    digest: str = ""
    format: str = ""  #: Pillow's name
    width: int = 0  #: pixels, as stored
    height: int = 0  #: pixels, as stored
    camera: str = ""  #: make and model, as EXIF says; "" where it says nothing
    note: str = ""  #: what was done with it that is not done with every photo, such as by what range it was scaled
    depth: BitDepth | None = None  #: of a photo with more than 8 bits: what its values are like

    def __post_init__(self) -> None:
        if len(self.reason) > MOST_OF_A_REASON:  # it may hold a path, a label or what a library says
            object.__setattr__(self, "reason", bounded(self.reason, MOST_OF_A_REASON))


@dataclass(frozen=True, slots=True)
class Ledger:
    """What became of every file seen, in natural order of the names."""

    entries: tuple[LedgerEntry, ...]
    ignored: int = 0  #: hidden and system files, not looked at
    notes: tuple[str, ...] = ()  #: what was assumed while reading, for a person

    def counts(self) -> dict[FileStatus, int]:
        """How many files ended in each way."""
        seen = Counter(entry.status for entry in self.entries)
        return {outcome: seen[outcome] for outcome in FileStatus}

    def with_updates(self, changes: dict[str, LedgerEntry]) -> "Ledger":
        """The ledger with the entries of some names replaced, as decoding finds what reading could not."""
        return replace(self, entries=tuple(changes.get(entry.name, entry) for entry in self.entries))


@dataclass(frozen=True, slots=True)
class Relabel:
    """A label that was corrected."""

    photo: str  #: the sample's name
    given: str  #: the class that the source says
    label: str  #: the class that it was corrected to; "" where the photo was left out


@dataclass(frozen=True, slots=True)
class Samples:
    """Everything that can be learnt from, and the ledger of what was seen."""

    classes: tuple[str, ...]  #: in natural order; a label is an index into it
    samples: tuple[Sample, ...]  #: in natural order of the names
    ledger: Ledger
    root: str  #: what was read, for a person
    relabels: tuple[Relabel, ...] = ()  #: labels that were corrected since, by name of the photo
    left_out: tuple[Sample, ...] = ()  #: those that a correction left out, as they were given

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) int64, in the order of ``samples``."""
        return np.array([sample.label for sample in self.samples], dtype=np.int64)

    @property
    def copies(self) -> list[list[Sample]]:
        """Sets of samples with equal bytes, two or more each."""
        by_digest: dict[str, list[Sample]] = {}
        for sample in self.samples:
            by_digest.setdefault(sample.digest, []).append(sample)
        return [same for same in by_digest.values() if len(same) > 1]

    def as_given(self) -> tuple[Sample, ...]:
        """The samples with the labels of the source, and behind them those that a correction left out."""
        index = {name: label for label, name in enumerate(self.classes)}
        given = {it.photo: index[it.given] for it in self.relabels}
        kept = (replace(it, label=given[it.name]) if it.name in given else it for it in self.samples)
        return (*kept, *self.left_out)

    def with_updates(self, changes: dict[str, LedgerEntry]) -> "Samples":
        """With the entries of some names replaced in the ledger, and without the samples that they skipped."""
        gone = {name for name, entry in changes.items() if entry.status is FileStatus.SKIPPED}
        kept = tuple(sample for sample in self.samples if sample.name not in gone)
        return replace(self, samples=kept, ledger=self.ledger.with_updates(changes))


def compute_digest(content: bytes | NDArray[np.uint8]) -> str:
    """BLAKE2b-160 of a file's bytes, or of an array's shape and bytes; 40 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=20)
    if isinstance(content, bytes):
        digest.update(content)
    else:
        digest.update(f"array {content.shape} {content.dtype} ".encode())
        digest.update(np.ascontiguousarray(content).tobytes())
    return digest.hexdigest()


def numbered_ids(digests: Sequence[str]) -> list[str]:
    """Unique ids for samples in the order of their names: the digest, then digest.1, digest.2 for its copies."""
    seen: Counter[str] = Counter()
    ids = []
    for digest in digests:
        ids.append(f"{digest}.{seen[digest]}" if seen[digest] else digest)
        seen[digest] += 1
    return ids
