"""Items in memory that are no one array: paths, bytes, texts, open files, arrays of unequal shapes, in any sequence."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.readers.listing import RawSample
from headstart.data.sources import ArraySource, FileSource, SampleSource, ValueSource
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.given import is_path, takes_texts
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import Modality

LOOK_AT = 100  #: texts of which it is asked whether they are names of files


def collect_items(given: Any) -> NDArray[Any] | list[Any]:
    """Return items in memory as one array (N, ...) where they are one, else as a list, whatever they were given in.

    Lists, tuples, arrays of text or of objects, columns of tables and iterators give the same.

    Raises:
        DataError: one text, path or bytes instead of several, a table with several columns, or rows of numbers that are
            of unequal lengths.
    """
    if isinstance(given, str | bytes | os.PathLike):
        raise DataError(f"one {type(given).__name__} is given; wanted a list of items, such as [{_shorten(given)!r}]")
    if getattr(given, "ndim", 1) == 2 and hasattr(given, "columns"):
        raise DataError(f"a {type(given).__name__} is given; wanted one column of it, such as table['text']")
    if isinstance(given, np.ndarray):
        if given.ndim == 2 and given.shape[1] == 1 and given.dtype.kind in "UOT":
            given = given[:, 0]
        return [_to_plain(item) for item in given] if given.ndim == 1 and given.dtype.kind in "USOT" else given
    if not isinstance(given, Iterable) or (hasattr(given, "__array__") and getattr(given, "ndim", 1) > 1):
        return np.asarray(given)
    items = [_to_plain(item) for item in given]
    if not items or any(_is_alone(item) for item in items):
        return items if items else np.asarray(items)
    try:
        array = np.asarray(items)
    except ValueError:
        array = None
    if array is not None and array.dtype.kind != "O":
        return array
    if not all(_is_array(item) for item in items):
        raise DataError(
            "the items have different shapes; wanted one array, or a list with an array for each item, or with the "
            "path or the bytes of each"
        )
    return items


def _shorten(given: str | bytes | os.PathLike[str], most: int = 60) -> str | bytes:
    """Return the beginning of a text, path or bytes, for a message."""
    whole = given if isinstance(given, str | bytes) else os.fspath(given)
    return whole[:most]


def make_item_source(item: Any, modality: Modality) -> SampleSource:
    """Return where the content of an item in memory is.

    Raises:
        DataError: it is nothing that an item of the modality can be.
    """
    if is_path(modality, item):
        return FileSource(Path(item).expanduser())
    if isinstance(item, str):
        return ValueSource(item.encode("utf-8", "surrogatepass"))
    if isinstance(item, bytes | bytearray | memoryview):
        return ValueSource(bytes(item))
    if hasattr(item, "read"):
        return ValueSource(bytes(item.read()))
    what = type(item).__name__
    if _is_array(item):
        array = np.asarray(item)
        if modality.accepts_array(array[None]):
            return ArraySource(array[None], 0)
        what = f"{what} of {array.dtype} {array.shape}"
    raise DataError(
        f"{modality.noun.a_one} is {what}; wanted a path, bytes, {'a str, ' if takes_texts(modality) else ''}or the "
        f"array of {modality.noun.a_one}"
    )


def list_item_samples(items: Sequence[Any], labels: Sequence[str], modality: Modality) -> list[RawSample]:
    """Return items as samples: one that is a path is called by it, any other by its number.

    Raises:
        DataError: one is nothing that an item can be.
    """
    called = [os.fsdecode(item) if is_path(modality, item) else f"#{number}" for number, item in enumerate(items)]
    again = Counter(called)
    names = [f"{name} (#{number})" if again[name] > 1 else name for number, name in enumerate(called)]
    samples = []
    for name, label, item in zip(names, labels, items, strict=True):
        source = make_item_source(item, modality)
        if isinstance(source, ArraySource):
            modality.decode(source.read(), modality.default_spec)
        samples.append(RawSample(name, label, source))
    return samples


def note_names_of_files(items: Sequence[Any], modality: Modality) -> list[str]:
    """Return a note where texts look as if the files of these names were meant."""
    texts = [item for item in items[:LOOK_AT] if isinstance(item, str)] if takes_texts(modality) else []
    files = sum(os.path.isfile(text) for text in texts)  # noqa: PTH113 (Path.is_file raises for names that are too long)
    noun: Noun = modality.noun
    if not files or 2 * files < len(texts):
        return []
    return [f"{files} {noun.form(files)} of the first {len(texts)} are names of files; a pathlib.Path reads the file"]


def _to_plain(item: Any) -> Any:
    """Return an item without NumPy's own types of text and bytes."""
    if isinstance(item, np.str_):
        return str(item)
    return bytes(item) if isinstance(item, np.bytes_) else item


def _is_alone(item: Any) -> bool:
    """Return whether an item is no row of an array."""
    return isinstance(item, str | bytes | bytearray | memoryview | os.PathLike) or hasattr(item, "read")


def _is_array(item: Any) -> bool:
    return hasattr(item, "__array__") or hasattr(item, "__array_interface__")
