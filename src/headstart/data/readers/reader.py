"""The interface of a reader: one kind of source, to a list of samples that are not opened yet.

Built-in readers are listed in ``headstart.data.read.READERS``. Other packages add one as an entry point of the group
``headstart.readers`` that names an object with this interface.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from headstart.data.readers.listing import SourceListing
from headstart.data.readers.walk import FileTree
from headstart.label_text import LabelForm
from headstart.settings import DataSettings


@dataclass(frozen=True, slots=True)
class ReadContext:
    """Settings of a reader, and where it may unpack."""

    options: DataSettings  #: the modality, where classes and groups stand, and the encoding of text
    cache: Path  #: the folder in the store for what is unpacked
    labelled: bool = True  #: whether items want a label each; without, only what reads tables is asked
    known_columns: tuple[str, ...] = ()  #: whose cells a classifier's items were; taken where a table has all of them
    forms: frozenset[LabelForm] | None = None  #: that the task which the user names reads; None: the labels decide

    def may_read(self, form: LabelForm) -> bool:
        """Return whether labels of a form can be read: the user names no task, or one that reads it."""
        return self.forms is None or form in self.forms

    def wants(self, form: LabelForm) -> bool:
        """Return whether the user names a task that reads labels of a form."""
        return self.forms is not None and form in self.forms


class Reader(Protocol):
    """A reader of one kind of source."""

    suffixes: tuple[str, ...]  #: of the files that it reads, for a message
    label_place: str  #: where its sources have the labels; "" where the names of folders and files have them

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether this reader reads a source.

        Args:
            source: a path that is there, ``LabelledArrays``, or another object that the user gave.
            tree: the folder's files, where the source is a folder.
        """

    def list(self, source: Any, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the samples of an accepted source; no item is opened.

        Raises:
            DataError: it cannot be read, or means nothing.
        """
