"""Files beside items that seem to have their labels in a form that no reader knows, where nothing else is read.

They are named with what was seen in them, so that a person knows what to write a table of: a text that names the items,
a value for each item in order, files beside the items, a database, an export of volunteers' answers.
"""

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from headstart.data.names import natural_key, preview
from headstart.data.readers.arrays.npz import NPY_MAGIC, open_npy
from headstart.data.readers.encodings import decode_text
from headstart.data.readers.file_kinds import describe_unread, is_text, read_beginning
from headstart.data.readers.folders.label_files import (
    LOOK_AT,
    MOST_BYTES,
    MOST_FILES,
    MOST_FOLDERS,
    MOST_TEXT,
    ROWS,
    SHARE,
    LabelFile,
    list_candidates,
)
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.readers.walk import FileTree
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.modalities.modality import Modality

OFTEN = 2  #: lines of a label, on average
LONGEST = 100  #: characters of a label
_DATABASE = b"SQLite format 3\0"
_BESIDE = (".xmp", ".yaml", ".yml", ".csv", ".md", ".ini")
_VOLUNTEERS = (b"subject_data", b"annotations")  #: columns of an export of Zooniverse


def find_unread_labels(tree: FileTree, base: Path, finder: FileFinder, known: Collection[Path]) -> list[LabelFile]:
    """Return the files of a folder, and of those right in it, that may hold labels of its items in an unknown form.

    Args:
        tree: the folder.
        base: the folder in it that is not only a wrapper.
        finder: of the items below the folder.
        known: files that are known as tables or records.
    """
    items = sorted(finder.files, key=natural_key)
    if len(items) < 2:
        return []
    found = list(_find_beside(items, tree.root, finder))
    for path in list_candidates(tree, base, finder.suffixes):
        name = path.relative_to(tree.root).as_posix()
        with suppress(OSError, ValueError, DataError):
            if path.stat().st_size <= MOST_BYTES and (kind := _describe(path, items, finder, known)):
                named = () if kind.startswith("it has") else items[:1]
                found.append(LabelFile(path, name, len(items), named, kind=kind))
    return found


def _describe(path: Path, items: Sequence[str], finder: FileFinder, known: Collection[Path]) -> str:
    """Return what a file seems to say of items; "" for nothing."""
    head = read_beginning(path)
    if head.startswith(_DATABASE):
        return describe_unread(path).replace(";", ", which is not read:")
    if all(name in head.partition(b"\n")[0] for name in _VOLUNTEERS):
        return (
            "answers of volunteers (Zooniverse), a row for each: keep for each file of 'subject_data' the answer in "
            "'annotations' that most gave"
        )
    if path in known:
        return ""
    if head.startswith(NPY_MAGIC):
        (stored,) = open_npy(path, path.parent)
        values = [str(value) for value in stored.load().reshape(-1)] if stored.shape == (len(items),) else []
        return _describe_order(values, items, "values", finder)
    if not is_text(path):
        return ""
    text = decode_text(path.read_bytes()[:MOST_TEXT], None, repr(path.name)).text
    named = _count_named(text, items[:ROWS])
    if named >= max(2, SHARE * len(items[:ROWS])):
        return f"it names {named} of the {len(items[:ROWS])} {finder.noun.many}, in a form that is not read"
    return _describe_order([line.strip() for line in text.splitlines() if line.strip()], items, "lines", finder)


def _count_named(text: str, items: Sequence[str]) -> int:
    """Return how many items a text names, with or without their endings."""
    words = {
        word.replace("\\", "/").rpartition("/")[2] for word in re.split(r"[\s,;|=:\"'<>()\[\]{}]+", text.casefold())
    }
    names = [item.rpartition("/")[2].casefold() for item in items]
    stems = [name.rpartition(".")[0] for name in names]
    plain = [stem for stem in stems if stem.isdecimal()]  # numbers may be anything
    return sum(name in words or (not plain and stem in words) for name, stem in zip(names, stems, strict=True))


def _describe_order(values: Sequence[str], items: Sequence[str], what: str, finder: FileFinder) -> str:
    """Return that there is a value for each item, of a few kinds; "" where there is not."""
    counts = Counter(values)
    few = len(counts) > 1 and len(values) >= OFTEN * len(counts) and max(map(len, counts)) <= LONGEST
    if len(values) != len(items) or not few:
        return ""
    shown = preview([f"{value!r} {count}" for value, count in counts.most_common()], show=str)
    return (
        f"it has as many {what} as there are {finder.noun.many}, {len(items)} ({shown}), but names none: if they go by "
        f"the order of the names, the first row of the table is {f'{items[0]},{values[0]}'!r}"
    )


def _find_beside(items: Sequence[str], root: Path, finder: FileFinder) -> Iterator[LabelFile]:
    """Yield files that lie beside the items, one of the same name beside each."""
    some = items[:: max(1, len(items) // LOOK_AT)]
    for suffix in _BESIDE:
        there = [item for item in some if os.path.isfile(os.path.splitext(root / item)[0] + suffix)]  # noqa: PTH113, PTH122
        if 2 * len(there) > len(some):
            more = " (exiftool -csv -subject writes their keywords as a table)" if suffix == ".xmp" else ""
            kind = f"{suffix} files lie beside the {finder.noun.many}, one for each, and are not read{more}"
            yield LabelFile(root / f"*{suffix}", f"*{suffix}", len(items), there[:1], kind=kind)
            return


def refuse_packed_items(tree: FileTree, base: Path, modality: Modality) -> None:
    """Refuse a folder without classes whose files hold several items each, or are an array for each item in folders.

    Raises:
        DataError: it is one; with what to do.
    """
    noun, content = modality.noun, tree.scan(base)
    arrays = {
        folder: files
        for folder in content.folders[:MOST_FOLDERS]
        if len(files := [file for file in tree.scan(folder).files if file.suffix.lower() == ".npy"]) > 1
    }
    if len(arrays) > 1:
        folder, files = next(iter(arrays.items()))
        raise DataError(
            f"{str(tree.root)!r} has {sum(map(len, arrays.values()))} arrays in {len(arrays)} folders, such as "
            f"{files[0].relative_to(tree.root).as_posix()!r}; an array for each {noun.one} is not read; put those of "
            f"each folder together, such as numpy.save('{folder.name}.npy', numpy.stack(arrays)), and give the folder "
            "of these files"
        )
    items = [file for file in content.files if file.suffix.lower() in modality.suffixes]
    if not 1 < len(items) <= MOST_FILES or len(items) < len(content.files) / 2:
        return
    notes = {file: note for file in items if (note := _note_several(file, modality))}
    if len(notes) == len(items):
        first, note = next(iter(notes.items()))
        raise DataError(
            f"{str(tree.root)!r} has no class folders but {len(items)} files that hold several {noun.many} each, such "
            f"as {first.name!r} ({note}), of which one is read; if each file is a class, write the {noun.many} in it "
            "into a folder of its name"
        )


def _note_several(file: Path, modality: Modality) -> str:
    """Return the note on a file that holds several items; "" for another file."""
    try:
        note = modality.identify(file.read_bytes()).note if file.stat().st_size <= MOST_BYTES else ""
    except (OSError, BrokenItem):
        return ""
    return note if re.search(r"\b1 of [2-9]|\b1 of \d\d", note) else ""
