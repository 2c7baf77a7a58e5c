"""The samples of a source before an item is opened: where each lies, and its claimed class, subset and group."""

from dataclasses import dataclass

from headstart.data.decisions import Decision
from headstart.data.samples import LedgerEntry, Subset
from headstart.data.sources import SampleSource
from headstart.label_text import LabelForm


@dataclass(frozen=True, slots=True)
class RawSample:
    """A file or array row that may become a sample."""

    name: str  #: unique in its listing; the name of the sample
    label: str  #: as it is written, in the form of the listing
    source: SampleSource
    subset: Subset | None = None
    group: str = ""  #: the user's name of its group; "" for none
    row: int = 0  #: of a table that says its label, as a person counts; 0 where none does
    proposed: tuple[str, ...] = ()  #: its groups by the ``proposed`` of the listing


@dataclass(frozen=True, slots=True)
class SourceListing:
    """Everything that a reader found in a source."""

    root: str  #: the source, for a person
    samples: tuple[RawSample, ...]
    classes: frozenset[str]  #: every class that was named, with or without samples
    entries: tuple[LedgerEntry, ...] = ()  #: files that were skipped without being opened
    ignored: int = 0  #: hidden and system files
    notes: tuple[str, ...] = ()
    modality: str = ""  #: the name of that of its items; "" where their places and contents have to say
    column: str = ""  #: the name of a table's column that the items or their paths were read from
    in_rows: bool = False  #: whether its entries are rows of a table or of arrays, and not files
    guessed: bool = False  #: whether its classes stand in names of files, or were taken since nothing else says any
    form: LabelForm = "one"  #: what the label of a sample is
    form_reason: str = ""  #: why it is that, for a person; "" where nothing had to be decided
    label_columns: tuple[str, ...] = ()  #: of a table that labels are read from; none where they stand elsewhere
    decisions: tuple[Decision, ...] = ()  #: what the places in it were taken for, and why, for ``check --explain``
    proposed: tuple[str, ...] = ()  #: columns that may have groups, which nobody asked for
    item_columns: tuple[str, ...] = ()  #: columns whose cells are the items, together; none where these are elsewhere
