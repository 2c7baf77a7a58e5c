"""Classes and groups of files, from the folders they lie in or from their names, as the settings say."""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.encodings import check_encoding, guess_encoding
from headstart.data.readers.folder_layout import FIRST_WORD, FoundFile, NameRule, find_name_rule
from headstart.data.readers.listing import RawSample
from headstart.data.samples import FileStatus, LedgerEntry
from headstart.data.sources import FileSource
from headstart.errors import DataError, SettingError
from headstart.modalities.item import Noun
from headstart.modalities.modality import Modality
from headstart.settings import DataSettings


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """Files with their classes and groups."""

    samples: tuple[RawSample, ...]
    classes: frozenset[str]
    entries: tuple[LedgerEntry, ...]  #: files without a class
    notes: tuple[str, ...]


def label_files(
    root: str, files: Sequence[FoundFile], folders: Sequence[str], options: DataSettings, modality: Modality
) -> LabelledFiles:
    """Return files with the classes and groups that their folders or names say.

    Args:
        root: the source, for a person.
        files: every file in a class folder, or every file.
        folders: names of the class folders, where the first folder is the class.
        options: where classes and groups stand.
        modality: of the items.

    Raises:
        DataError: classes shall stand in the names of the files, and none do.
        SettingError: classes and groups would be the same.
    """
    where = options.classes_from or "folder"
    if options.group_from == where:
        raise SettingError(
            f"classes and groups are both read from the {where}, so each class would be one group; choose another "
            "for --group-from"
        )
    rule = _choose_rule(root, files, modality) if where == "name" else None
    decoder = _NameDecoder(
        {it for file in files for it in (*file.steps, file.path.name)} | set(folders), options.encoding
    )
    notes = [
        *decoder.notes,
        *([f"the class of {modality.noun.a_one} is {rule.description}"] if rule is not None else []),
    ]
    read_label = _make_reader(where, rule, decoder)
    labels = {file.name: read_label(file) for file in files if where == "folder" or file.is_item}
    classes = {decoder.decode(name) for name in folders} | {label for label in labels.values() if label}
    read_group = _make_reader(options.group_from, FIRST_WORD, decoder) if options.group_from else lambda _: ""
    samples, entries = [], []
    for file in files:
        label = labels.get(file.name) or read_label(file)
        if label in classes:
            samples.append(RawSample(file.name, label, FileSource(file.path), file.subset, read_group(file)))
        else:
            reason = "no class in its name" if where == "name" else "not in a class folder"
            entries.append(LedgerEntry(file.name, FileStatus.SKIPPED, reason))
    if options.group_from:
        groups = {sample.group for sample in samples if sample.group}
        notes.append(_describe_groups(groups, options.group_from, modality.noun))
    return LabelledFiles(tuple(samples), frozenset(classes), tuple(entries), tuple(notes))


class _NameDecoder:
    """Names of folders and files as text: the system gives bytes, which are not always UTF-8."""

    def __init__(self, names: Iterable[str], encoding: str | None) -> None:
        """Find the encoding of names that are not UTF-8.

        Raises:
            SettingError: an unknown encoding.
        """
        self.notes: list[str] = []
        self._encoding = check_encoding(encoding) if encoding else None
        odd = sorted({name for name in names if not _is_text(name)})
        if not odd:
            return
        if self._encoding is None:
            with suppress(DataError):
                self._encoding = guess_encoding([os.fsencode(name) for name in odd], "the folder")
        shown = f"read as {self._encoding}" if self._encoding else "kept with escapes"
        examples = preview([self.decode(name) for name in odd])
        self.notes.append(
            f"{len(odd)} names of folders and files are not UTF-8 and are {shown} ({examples}); where they look wrong, "
            "say what they are with --encoding"
        )

    def decode(self, name: str) -> str:
        """Return a name as text."""
        if self._encoding and not _is_text(name):
            with suppress(UnicodeDecodeError):
                return normalise_class_name(os.fsencode(name).decode(self._encoding))
        return normalise_class_name(name) or name


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _choose_rule(root: str, files: Sequence[FoundFile], modality: Modality) -> NameRule:
    stems = [file.path.stem for file in files if file.is_item]
    many = modality.noun.many
    rule = find_name_rule(stems, modality.hints)
    if rule is None:
        suffix = next((file.path.suffix.lower() for file in files if file.is_item), "")
        raise DataError(
            f"{root!r} has {len(stems)} {many} whose names speak of no classes ({preview(stems)}); wanted names that "
            f"begin with the class, such as cat.12{suffix}, three {many} of each at least; drop --classes-from name"
        )
    return rule


def _make_reader(where: str, rule: NameRule | None, decoder: _NameDecoder) -> Callable[[FoundFile], str]:
    """Return the function that reads a class or a group off a file."""
    if where == "name":
        assert rule is not None
        return lambda file: decoder.decode(name) if (name := rule.read(file.path.stem)) else ""
    place = 0 if where == "folder" else -1
    return lambda file: decoder.decode(file.steps[place]) if file.steps else ""


def _describe_groups(groups: set[str], where: str, noun: Noun) -> str:
    place = {"folder": "the first folder", "parent": "the folder right above it", "name": FIRST_WORD.description}[where]
    return f"the group of {noun.a_one} is {place}: {len(groups)} groups, such as {preview(sorted(groups))}"
