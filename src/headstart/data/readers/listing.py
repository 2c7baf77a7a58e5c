"""What a reader hands over before a single photo is opened: where each one lies, and what is claimed about it."""

from dataclasses import dataclass

from headstart.data.samples import LedgerEntry, SampleSource, Subset


@dataclass(frozen=True, slots=True)
class RawSample:
    """A file or array row that may become a sample."""

    name: str  #: unique in its listing; the name of the sample to be
    label: str  #: the class's name
    source: SampleSource
    subset: Subset | None = None
    group: str = ""  #: what the user calls its group; "" for none


@dataclass(frozen=True, slots=True)
class SourceListing:
    """Everything a reader found at one place."""

    root: str  #: what was read, for a person
    found: tuple[RawSample, ...]
    classes: frozenset[str]  #: every class that was named, with or without photos
    entries: tuple[LedgerEntry, ...] = ()  #: files that were skipped without being opened
    ignored: int = 0  #: hidden and system files
    notes: tuple[str, ...] = ()
