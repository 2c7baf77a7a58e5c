"""Folders of lists that are joined by the numbers of their items, as CUB-200-2011 has them.

``images.txt`` has a number and a path in each line, ``image_class_labels.txt`` a number and that of a class,
``classes.txt`` the names of the classes, ``train_test_split.txt`` a number and 1 where an item is for training. The
paths begin in the folder or in ``images/``.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import choose_by_names
from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import normalise_class_name
from headstart.data.readers.encodings import decode_text
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree, is_file_there
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.sources import FileSource
from headstart_runtime.errors import DataError, refuse_machine_faults

PATHS, LABELS, CLASSES, SPLIT = "images.txt", "image_class_labels.txt", "classes.txt", "train_test_split.txt"


class NumberedListReader:
    """The reader of a folder with such lists."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "its lists"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a folder has a list of paths and one of labels, or holds only a folder that has."""
        return tree is not None and _find_base(tree) is not None

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return the items of the list of paths.

        Raises:
            DataError: a list cannot be read.
        """
        base = _find_base(tree) if tree else None
        assert tree is not None
        assert base is not None
        lists = {name: _read_pairs(base / name) for name in (PATHS, LABELS, CLASSES, SPLIT) if (base / name).is_file()}
        paths, labels, classes = lists[PATHS], lists[LABELS], lists.get(CLASSES, {})
        choice = choose_by_names(context.options.modality, paths.values(), repr(str(source)))
        subsets = _read_subsets(lists.get(SPLIT, {}))
        start = base / "images"
        start = start if any(is_file_there(start / path) for path in list(paths.values())[:100]) else base
        samples: list[RawSample] = []
        entries: list[LedgerEntry] = []
        for number, path in paths.items():
            label = normalise_class_name(classes.get(labels.get(number, ""), labels.get(number, "")))
            file = start / path
            if not label:
                entries.append(LedgerEntry(path, FileStatus.SKIPPED, f"no label: {LABELS} has no {number}"))
            else:
                samples.append(RawSample(path, label, FileSource(file), subsets.get(number)))
        listed = {os.path.abspath(start / path) for path in paths.values()}  # noqa: PTH100
        for file in tree.files_under(tree.root):
            if file.suffix.lower() in choice.modality.suffixes and os.path.abspath(file) not in listed:  # noqa: PTH100
                name = file.relative_to(tree.root).as_posix()
                entries.append(LedgerEntry(name, FileStatus.SKIPPED, f"in no line of {PATHS}"))
        return SourceListing(
            str(source),
            tuple(samples),
            frozenset(sample.label for sample in samples),
            tuple(entries),
            notes=(*choice.notes, *_describe(base, lists)),
            modality=choice.modality.name,
            decisions=tuple(_decide(lists)),
        )


def _find_base(tree: FileTree) -> Path | None:
    """Return the folder that has the lists: the root, or the only folder in it."""
    content = tree.scan(tree.root)
    for folder in (tree.root, *(content.folders if len(content.folders) < 3 else ())):
        if {PATHS, LABELS} <= {file.name for file in tree.scan(folder).files}:
            return folder
    return None


def _read_pairs(file: Path) -> dict[str, str]:
    """Return the first word of each line -> the rest of it.

    Raises:
        DataError: it cannot be read, has a line of one word, or a number twice.
    """
    try:
        text = decode_text(file.read_bytes(), None, f"list {str(file)!r}").text
    except OSError as error:
        refuse_machine_faults(error, f"to read the list {str(file)!r}")
        raise DataError(f"list {str(file)!r} cannot be read: {error.strerror or error}; check the file") from None
    pairs: dict[str, str] = {}
    for line, words in enumerate((line.split(None, 1) for line in text.splitlines()), 1):
        if not words:
            continue
        if len(words) == 1 or words[0] in pairs:
            what = "one word only" if len(words) == 1 else f"the number {words[0]} again"
            raise DataError(f"list {str(file)!r} has {what} in line {line}; wanted a number and what belongs to it")
        pairs[words[0]] = words[1].strip()
    return pairs


def _read_subsets(split: Mapping[str, str]) -> dict[str, Subset]:
    """Return number -> subset; none where all are of one."""
    subsets = {number: Subset.TRAIN if flag == "1" else Subset.TEST for number, flag in split.items()}
    return subsets if len(set(subsets.values())) > 1 else {}


def _describe(base: Path, lists: Mapping[str, Mapping[str, str]]) -> list[str]:
    notes = [f"the paths are read from {PATHS} and the labels from {LABELS} in {base.name!r}"]
    if SPLIT in lists:
        notes.append(f"train and test are read from {SPLIT}; a new validation part is taken out of train")
    return notes


def _decide(lists: Mapping[str, Mapping[str, str]]) -> list[Decision]:
    roles = {PATHS: Role.ITEMS, LABELS: Role.LABELS, CLASSES: Role.CLASS_NAMES, SPLIT: Role.SUBSET}
    return [Decision(PlaceKind.FILE, (name,), roles[name], "", count=len(content)) for name, content in lists.items()]
