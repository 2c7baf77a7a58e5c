"""The names of classes that are called by numbers of WordNet, ``n01443537``, from a list near them.

Tiny ImageNet has ``words.txt``, ImageNet ``LOC_synset_mapping.txt``: in each line a number and the words for it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.encodings import decode_text
from headstart.data.readers.folders.folder_tree import FolderNode
from headstart.errors import DataError

FILES = ("words.txt", "LOC_synset_mapping.txt", "synset_words.txt")
MOST_BYTES = 20_000_000
_SYNSET = re.compile(r"n\d{8}")


@dataclass(frozen=True, slots=True)
class SynsetNames:
    """The names of classes that are called by numbers."""

    names: Mapping[str, str]  #: class -> name; nothing where none are read
    note: str = ""  #: on the list, for a person
    file: str = ""  #: the name of the list, where it was read


def read_synset_names(way: Sequence[FolderNode], classes: Iterable[str]) -> SynsetNames:
    """Return the names of classes; none where they are no numbers of WordNet, or a list lacks one.

    Args:
        way: the folders in which a list is looked for.
        classes: as the folders are called.
    """
    numbers = sorted(classes)
    if not numbers or not all(map(_SYNSET.fullmatch, numbers)):
        return SynsetNames({})
    files = {file.path.name: file for node in reversed(way) for file in node.files if file.path.name in FILES}
    for file in files.values():
        try:
            if file.path.stat().st_size > MOST_BYTES:
                continue
            text = decode_text(file.path.read_bytes(), None, repr(file.name)).text
        except (OSError, DataError):
            continue
        lines = [line.split(None, 1) for line in text.splitlines()]
        words = {line[0]: normalise_class_name(line[1]) for line in lines if len(line) == 2}
        if lacking := [number for number in numbers if number not in words]:
            return SynsetNames(
                {}, f"{file.name} has no name for {preview(lacking)}; the classes are called as their folders"
            )
        names = _shorten({number: words[number] for number in numbers})
        if len(set(names.values())) < len(names):
            return SynsetNames({}, f"{file.name} has one name for several classes; the folders' names are taken")
        shown = preview([f"{number}: {name}" for number, name in names.items()], show=str)
        note = f"the names of the classes are read from {file.name} ({shown}); --classes-from folder keeps the folders'"
        return SynsetNames(names, note, file.name)
    return SynsetNames({})


def _shorten(words: Mapping[str, str]) -> dict[str, str]:
    """Return the first of the words for each number, all of them where another number has the same first one."""
    first = {number: text.split(",")[0].strip() for number, text in words.items()}
    count = Counter(first.values())
    return {number: name if count[name] == 1 else words[number] for number, name in first.items()}
