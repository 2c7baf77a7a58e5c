"""The list of all items that are to be answered, on disk, a line of JSON for each, in their order.

::

    ["path", NAME, PATH]                 a file; PATH only where it is not the name
    ["stretch", NAME, PATH, START, END]  of a file, in seconds
    ["text", NAME, TEXT]                 of a source that is read once only; ["bytes", NAME, BASE64] likewise
    ["value", NAME, SHA-256]             what only its source has: the cell of a table, a row of an array
    ["broken", NAME, REASON]             it is known already that it cannot be read

So a source is walked once, and what comes into a folder later does not change the list. Items are made of the lines
alone; where some are values the source is read again beside the list and held to it, item by item.
"""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from headstart_runtime.errors import DataError
from headstart_runtime.modalities.given import is_path, open_item
from headstart_runtime.modalities.item import BrokenItem, Excerpt, NamedItem
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.whole_files import new_file

LISTING = "_listing.jsonl"
Watch = Callable[[int, int | None], None]  #: of how many items how far it is; None while they are counted


@dataclass(frozen=True, slots=True)
class ListingFacts:
    """The facts about a list that a manifest keeps."""

    items: int
    sha256: str  #: of the file
    complete: bool  #: whether items can be made of its lines alone


def write_listing(
    file: Path, items: Iterable[Any], modality: Modality, *, keep: bool, watch: Watch = lambda *_: None
) -> ListingFacts:
    """Write the list of items, taken one by one.

    Args:
        file: to make; it is there whole or not at all.
        items: in their order.
        modality: of the items.
        keep: write texts and bytes themselves, for their source cannot be read again.
        watch: is told how many there are so far.

    Raises:
        DataError: an item that cannot be read again is none of these either.
        OSError: it cannot be written.
    """
    with new_file(file) as stream:
        return _describe_all(items, modality, keep, watch, stream.write)


def describe_listing(items: Iterable[Any], modality: Modality, *, keep: bool) -> ListingFacts:
    """Return the facts of the list that ``write_listing`` would write."""
    return _describe_all(items, modality, keep, lambda *_: None, lambda _: None)


def _describe_all(
    items: Iterable[Any], modality: Modality, keep: bool, watch: Watch, write: Callable[[bytes], object]
) -> ListingFacts:
    digest, count, complete = hashlib.sha256(), 0, True
    for item in items:
        entry = _describe_item(name_item(item, modality), modality, keep=keep)
        line = _format_line(entry)
        write(line)
        digest.update(line)
        count, complete = count + 1, complete and entry[0] != "value"
        watch(count, None)
    return ListingFacts(count, digest.hexdigest(), complete)


def hash_listing(file: Path) -> str:
    """Return the SHA-256 of a list."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_item_names(file: Path) -> Iterator[str]:
    """Yield the names of all items."""
    with file.open("rb") as stream:
        for line in stream:
            yield json.loads(line)[1]


def read_listed(
    file: Path, wanted: Callable[[int], bool], home: Path, again: Iterable[Any] | None, modality: Modality
) -> Iterator[NamedItem]:
    """Yield some of the items of a list, in their order.

    Args:
        file: the list.
        wanted: of an item's number, from 0, whether it is.
        home: the folder that paths start from.
        again: the same items from their source, where the list is not complete; each is held to its line.
        modality: of the items.

    Raises:
        DataError: the source has other items now.
    """
    with file.open("rb") as stream:
        if again is None:
            for number, line in enumerate(stream):
                if wanted(number):
                    yield _make_item(json.loads(line), home)
            return
        for number, (line, item) in enumerate(zip_longest(stream, again)):
            named = None if item is None else name_item(item, modality)
            if named is None or line is None or _format_line(_describe_item(named, modality, keep=False)) != line:
                _refuse_changed(number, line, named)
            if wanted(number):
                yield named


def name_item(item: Any, modality: Modality) -> NamedItem:
    """Return an item with the name that its answer has."""
    return item if isinstance(item, NamedItem) else NamedItem(open_item(modality, item).name, item)


def _refuse_changed(number: int, line: bytes | None, now: NamedItem | None) -> NoReturn:
    was = repr(json.loads(line)[1][:200]) if line else "nothing"
    is_now = repr(now.name[:200]) if now else "nothing"
    told = "has another content" if was == is_now else f"is {is_now}, and was {was}"
    raise DataError(
        f"the source has changed since its answers were begun: its item {number + 1:,} {told}; put the source back as "
        "it was, or write the answers to another place"
    )


def _describe_item(item: NamedItem, modality: Modality, *, keep: bool) -> list[Any]:
    name, value = item.name, item.value
    if isinstance(value, BrokenItem):
        return ["broken", name, str(value)]
    if isinstance(value, Excerpt):
        return ["stretch", name, os.fsdecode(value.path), value.start, value.end]
    if is_path(modality, value):
        path = os.fsdecode(value)
        return ["path", name] if path == name else ["path", name, path]
    if keep:
        return _keep_value(name, value, modality)
    return ["value", name, _hash_value(value, modality).hexdigest()]


def _keep_value(name: str, value: Any, modality: Modality) -> list[Any]:
    if isinstance(value, str):
        return ["text", name, value]
    if isinstance(value, bytes | bytearray | memoryview):
        return ["bytes", name, base64.b64encode(bytes(value)).decode()]
    raise DataError(
        f"{modality.noun.many} of type {type(value).__name__} come from where they can be read once only, so answers "
        "could not go on after an interruption; give a list, a table or files of them"
    )


def _hash_value(value: Any, modality: Modality) -> "hashlib._Hash":
    digest = hashlib.sha256(type(value).__name__.encode())
    if isinstance(value, str):
        digest.update(value.encode("utf-8", "surrogatepass"))
    elif isinstance(value, bytes | bytearray | memoryview):
        digest.update(value)
    elif isinstance(value, tuple | list):
        for part in value:
            digest.update(_hash_value(part, modality).digest())
    elif isinstance(value, int | float | None):
        digest.update(repr(value).encode())
    elif hasattr(value, "read"):
        raise DataError(f"{modality.noun.many} as open files can be read once only; give their paths, or their bytes")
    else:
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise DataError(
                f"{modality.noun.a_one} of type {type(value).__name__} cannot be written down; give its file"
            )
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest


def _make_item(entry: list[Any], home: Path) -> NamedItem:
    kind, name, *rest = entry
    value: Any
    if kind == "path":
        value = home / (rest[0] if rest else name)
    elif kind == "stretch":
        value = Excerpt(home / rest[0], rest[1], rest[2])
    elif kind == "broken":
        value = BrokenItem(rest[0])
    else:
        value = base64.b64decode(rest[0]) if kind == "bytes" else rest[0]
    return NamedItem(name, value)


def _format_line(entry: list[Any]) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"  # names that are no valid text are escapes
