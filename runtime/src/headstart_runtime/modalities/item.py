"""Items: as callers give them, as they are stored, opened and decoded, and the words that people have for them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

from headstart_runtime.errors import DataError
from headstart_runtime.modalities.batch import AnySpec, Part

#: Stands near the beginning of every file of items that headstart drew, so that none is taken for an item.
MARK = b"drawn by headstart"
MARK_WITHIN = 4096  #: bytes


def is_drawn(content: bytes) -> bool:
    """Return whether the beginning of a file says that headstart drew it."""
    return MARK in content[:MARK_WITHIN]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a longer file as an item of its own, such as a word in a recording."""

    path: Path
    start: float  #: seconds, from the beginning of the file
    end: float | None = None  #: seconds; None for the end of the file

    @property
    def limits(self) -> str:
        """Where it lies in the file, for a person: "1.5-2.25 s"."""
        return f"{self.start:.6g}-{'end' if self.end is None else f'{self.end:.6g} s'}"


Raw: TypeAlias = bytes | NDArray[Any] | Excerpt  #: an item as it is stored: bytes of a file, a row of an array


class BinaryFile(Protocol):
    """An open file, ``io.BytesIO``, an upload: anything whose ``read()`` gives bytes."""

    def read(self, size: int = ..., /) -> bytes:
        """Return the bytes that follow."""


class ArrayInterface(Protocol):
    """An object that NumPy reads as an array, such as one of a library of its own."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class NamedItem:
    """An item as a caller gives it, and its name for people."""

    name: str
    value: Any  #: a ``Path``, bytes, a text, an array; a ``BrokenItem``, where it is known already why it is none


#: An item as a caller gives it: a path or a text, bytes, an open binary file, an array; what of it a modality takes is
#: the modality's to say.
ItemLike: TypeAlias = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | BinaryFile
    | ArrayInterface
    | NDArray[Any]
    | Excerpt
    | NamedItem
)


class BrokenItem(DataError):
    """An item that is not of its modality, or no longer. The message is the reason, without the item's name."""


class UnreadableItem(BrokenItem):
    """An item that could not be read this time, for want of a file or of memory; nothing is known of what is in it."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Examples and turns of phrase by which sentences speak of one kind of data; the defaults fit any."""

    same_one: str = "is nearly the same"  #: of one near-duplicate; may go on with "as"
    same_many: str = "are nearly the same"
    layers: str = "Early ones see small parts, late ones the whole."
    groups: str = "all of one person, one animal or one place"
    copies: str = "a copy with a few changes"
    views: str = "with small changes that keep their class"
    shortcut: str = "where they come from"
    kinds: str = "those of one source"
    origin: str = "another source"  #: where the classifier may do worse
    people: str = "whether they tell of people"
    from_video: str = "take what is meant out of it"  #: what to do with a video that stands where an item should be
    argument: str = "FILE"  #: stands for an item in commands, which are given its path
    inline: str = ""  #: how a command is given an item itself; empty where it is given a path
    decode_step: str = "decode"  #: from the bytes of a file to a decoded item
    parts_step: str = "preprocessing"  #: from there to what a network reads

    @property
    def given(self) -> str:
        """The argument of a command that answers: the item itself where it can be given so, else its path."""
        return self.inline or self.argument


@dataclass(frozen=True, slots=True)
class Noun:
    """The word that people have for an item of a modality, and the phrases that go with it."""

    one: str  #: "photo"
    many: str  #: "photos"
    article: str = ""  #: before ``one``; "an" before a vowel and else "a" where not given
    phrases: Phrases = Phrases()

    @property
    def a_one(self) -> str:
        """The word with its article, as in "an e-mail"."""
        return f"{self.article or ('an' if self.one[:1].lower() in 'aeiou' else 'a')} {self.one}"

    @property
    def heading(self) -> str:
        """Several, as a heading or a sentence begins with them."""
        return self.many[:1].upper() + self.many[1:]

    def form(self, number: float) -> str:
        """Return the word as it follows a number."""
        return self.one if number == 1 else self.many

    def count(self, number: int) -> str:
        """Return a number of items, such as "1 clip" or "12 clips"."""
        return f"{number} {self.form(number)}"

    def fill(self, text: str) -> str:
        """Return a text with the word in place of "{one}", "{a_one}", "{A_one}", "{many}" and "{Many}".

        A phrase takes the place of its name, such as "{groups}".
        """
        words = {"one": self.one, "a_one": self.a_one, "A_one": f"A{self.a_one[1:]}"}
        return text.format(**words, many=self.many, Many=self.heading, **asdict(self.phrases))


CLASS, GROUP = Noun("class", "classes"), Noun("group", "groups")  #: of items


@dataclass(frozen=True, slots=True)
class SourceHints:
    """Looks of the sources of a modality's items: words and names by which items, labels and tables are found."""

    array_form: str = ""  #: shapes and type of arrays of its items, for people: "(N, H, W), uint8"; "" for none
    array_names: tuple[str, ...] = ()  #: names of such arrays in files of several, beside "x" and "data"
    path_columns: tuple[str, ...] = ()  #: table columns with paths of its files, beside "path", "file" and the like
    value_columns: tuple[str, ...] = ()  #: table columns whose cells are its items; in lower case with underscores
    label_columns: tuple[str, ...] = ()  #: table columns with labels, where none is called as any table's is
    #: Table columns with the seconds where an item begins in its file, and others where it ends; none of items that are
    #: whole files always.
    span_columns: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    units: Mapping[str, str] = field(default_factory=dict)  #: properties with numbers that a check sums up -> unit
    container_words: frozenset[str] = frozenset()  #: in names of folders that hold its items whatever their class
    product_words: frozenset[str] = frozenset()  #: the same where results may lie beside them
    counter_words: frozenset[str] = frozenset()  #: before numbers in names of files that a device gave
    media: str = ""  #: what browsers call its files, such as "audio/*"; "" where they have no word for them


FILE, ROW = Noun("file", "files"), Noun("row", "rows")
SAMPLE = Noun("sample", "samples")  #: where the modality is not known


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """The facts in an item's first bytes, without decoding it."""

    format: str  #: "JPEG", "array", ...
    #: Plain values for the ledger, such as width and height; slices, issues and cues are made of them.
    properties: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""  #: what is done with this item that is not done with every one
    variant: str = ""  #: the way it is stored, "CMYK, orientation 6"; "" for its format's usual one


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded item."""

    value: Any  #: as the modality has it: for images uint8 (H, W, 3), upright
    repaired: str | None = None  #: what had to be mended in memory, or None
    note: str = ""  #: what was done with it that is not done with every item
    unseen: str = ""  #: what of it no network sees, in a clause: "cut after 254 of 913 tokens"


class OpenedItem(Protocol):
    """An item that is read once, and decoded once for all specs by which it decodes alike."""

    name: str  #: for people
    repaired: str | None  #: what had to be mended in memory, once it is decoded
    note: str  #: what was done with it that is not done with every item, once it is decoded

    def load(self, spec: AnySpec) -> Any:
        """Return the decoded value for a spec.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """

    def load_for_specs(self, specs: Sequence[AnySpec]) -> "dict[Any, list[Part]]":
        """Return the parts that each spec makes of the item.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """

    def forget(self) -> None:
        """Free the bytes and what was decoded; they are read again if they are asked for."""
