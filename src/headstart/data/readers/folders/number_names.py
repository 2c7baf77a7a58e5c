"""The names of classes that are called by numbers, ``n01443537`` of WordNet or ``17``, from a list near them.

Tiny ImageNet has ``words.txt``, ImageNet ``LOC_synset_mapping.txt``: in each line a number and the words for it. Sets
of flowers have ``cat_to_name.json``, an object with a name for each number; others a list such as ``classes.txt``.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headstart.data.names import natural_key, normalise_class_name, preview
from headstart.data.readers.class_names import read_class_list
from headstart.data.readers.encodings import decode_text
from headstart.data.readers.folders.folder_tree import FolderNode, FoundFile
from headstart_runtime.errors import DataError

FILES = ("words.txt", "LOC_synset_mapping.txt", "synset_words.txt")
MOST_BYTES = 20_000_000
MOST_FILES = 20  #: of JSON that are looked at in one folder
_SYNSET = re.compile(r"n\d{8}")


@dataclass(frozen=True, slots=True)
class NumberNames:
    """The names of classes that are called by numbers."""

    names: Mapping[str, str]  #: class -> name; nothing where none are read
    note: str = ""  #: on the list, for a person
    file: str = ""  #: the name of the list, where it was read


def read_number_names(way: Sequence[FolderNode], classes: Iterable[str]) -> NumberNames:
    """Return the names of classes that are called by whole numbers; none where no list has a different name for each.

    Args:
        way: the folders in which a list is looked for.
        classes: as the folders are called.
    """
    numbers = sorted(classes, key=natural_key)
    if len(numbers) < 2 or not all(name.isascii() and name.isdigit() for name in numbers):
        return NumberNames({})
    for node in reversed(way):
        for file in [it for it in node.files if it.path.suffix.lower() == ".json"][:MOST_FILES]:
            if found := _read_json_names(file, numbers):
                return NumberNames(found, _describe_names(file.name, found), file.name)
        names, note = read_class_list(node.path / "folders", numbers)
        if names:
            file_name = next((it.name for it in node.files if it.path.name in note.split()), "")
            return NumberNames(names, f"{note}; --classes-from folder keeps the folders'", file_name)
    return NumberNames({})


def _read_json_names(file: FoundFile, numbers: Sequence[str]) -> dict[str, str]:
    """Return the names in an object that has a different text for each number; nothing where it is none."""
    try:
        if file.path.stat().st_size > MOST_BYTES:
            return {}
        content = json.loads(file.path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict) or not all(isinstance(content.get(number), str) for number in numbers):
        return {}
    names = {number: normalise_class_name(content[number]) for number in numbers}
    return names if len(set(names.values())) == len(names) and all(names.values()) else {}


def _describe_names(file: str, names: Mapping[str, str]) -> str:
    shown = preview([f"{number}: {name}" for number, name in names.items()], show=str)
    return f"the names of the classes are read from {file} ({shown}); --classes-from folder keeps the folders'"


def read_synset_names(way: Sequence[FolderNode], classes: Iterable[str]) -> NumberNames:
    """Return the names of classes; none where they are no numbers of WordNet, or a list lacks one.

    Args:
        way: the folders in which a list is looked for.
        classes: as the folders are called.
    """
    numbers = sorted(classes)
    if not numbers or not all(map(_SYNSET.fullmatch, numbers)):
        return NumberNames({})
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
            return NumberNames(
                {}, f"{file.name} has no name for {preview(lacking)}; the classes are called as their folders"
            )
        names = _shorten({number: words[number] for number in numbers})
        if len(set(names.values())) < len(names):
            return NumberNames({}, f"{file.name} has one name for several classes; the folders' names are taken")
        return NumberNames(names, _describe_names(file.name, names), file.name)
    return NumberNames({})


def _shorten(words: Mapping[str, str]) -> dict[str, str]:
    """Return the first of the words for each number, all of them where another number has the same first one."""
    first = {number: text.split(",")[0].strip() for number, text in words.items()}
    count = Counter(first.values())
    return {number: name if count[name] == 1 else words[number] for number, name in first.items()}
