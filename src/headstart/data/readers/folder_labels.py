"""From files and the folders they lie in to classes and groups, as the settings say."""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.encodings import check_encoding, guess_encoding
from headstart.data.readers.folder_layout import FIRST_WORD, NameRule, Seen, find_name_rule
from headstart.data.readers.listing import RawSample
from headstart.data.samples import FileSource, FileStatus, LedgerEntry
from headstart.errors import DataError, SettingError
from headstart.settings import DataSettings


@dataclass(frozen=True, slots=True)
class Labelled:
    """Files with their classes and groups."""

    found: tuple[RawSample, ...]
    classes: frozenset[str]
    entries: tuple[LedgerEntry, ...]  #: of files that have no class
    notes: tuple[str, ...]


def label_files(root: str, seen: Sequence[Seen], folders: Sequence[str], options: DataSettings) -> Labelled:
    """Return files with the classes and groups that their folders or names say.

    Args:
        root: what was read, for a person.
        seen: the files.
        folders: that are classes, where the first folder is the class.
        options: where classes and groups stand.

    Raises:
        DataError: classes shall stand in the names of the files, and none do.
        SettingError: classes and groups would be the same.
    """
    where = options.classes_from or "folder"
    if options.groups_from == where:
        raise SettingError(
            f"classes and groups are both read from the {where}, so each class would be one group; choose another "
            "for --groups-from"
        )
    notes = []
    rule = _rule(root, seen) if where == "name" else None
    names = _Names({step for it in seen for step in (*it.steps, it.path.name)} | set(folders), options.encoding)
    notes += names.notes
    if rule is not None:
        notes.append(f"the class of a photo is {rule.told}")
    label_of = _reader(where, rule, names)
    labels = {it.name: label_of(it) for it in seen if where == "folder" or it.is_photo}
    classes = {names.read(name) for name in folders} | {label for label in labels.values() if label}
    group_of = _reader(options.groups_from, FIRST_WORD, names) if options.groups_from else lambda it: ""
    found, entries = [], []
    for it in seen:
        label = labels.get(it.name) or label_of(it)
        if label in classes:
            found.append(RawSample(it.name, label, FileSource(it.path), it.subset, group_of(it)))
        else:
            reason = "no class in its name" if where == "name" else "not in a class folder"
            entries.append(LedgerEntry(it.name, FileStatus.SKIPPED, reason))
    if options.groups_from:
        notes.append(_told_of_groups({it.group for it in found if it.group}, options.groups_from))
    return Labelled(tuple(found), frozenset(classes), tuple(entries), tuple(notes))


class _Names:
    """Names of folders and files as text: the system gives bytes, which are not always UTF-8."""

    def __init__(self, names: Iterable[str], encoding: str | None) -> None:
        """Find out what names are encoded in where they are not UTF-8.

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
        which = preview([self.read(it) for it in odd])
        self.notes.append(
            f"{len(odd)} names of folders and files are not UTF-8 and are {shown} ({which}); where they look wrong, "
            "say what they are with --encoding"
        )

    def read(self, name: str) -> str:
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


def _rule(root: str, seen: Sequence[Seen]) -> NameRule:
    stems = [it.path.stem for it in seen if it.is_photo]
    rule = find_name_rule(stems)
    if rule is None:
        raise DataError(
            f"{root!r} has {len(stems)} photos whose names speak of no classes ({preview(stems)}); wanted names that "
            "begin with the class, such as cat.12.jpg, three photos of each at least; drop --classes-from name"
        )
    return rule


def _reader(where: str, rule: NameRule | None, names: _Names) -> Callable[[Seen], str]:
    """What reads a class or a group off a file."""
    if where == "name":
        assert rule is not None
        return lambda it: names.read(rule.read(it.path.stem)) if rule.read(it.path.stem) else ""
    place = 0 if where == "folder" else -1
    return lambda it: names.read(it.steps[place]) if it.steps else ""


def _told_of_groups(groups: set[str], where: str) -> str:
    place = {"folder": "the first folder", "parent": "the folder right above it", "name": FIRST_WORD.told}[where]
    return f"the group of a photo is {place}: {len(groups)} groups, such as {preview(sorted(groups))}"
