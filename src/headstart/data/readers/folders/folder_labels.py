"""Classes and groups of files, from the folders they lie in or from their names, as the settings say."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from headstart.data.decisions import Role
from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.encodings import guess_encoding
from headstart.data.readers.folders.file_names import FIRST_WORD, NameRule, find_name_rule, read_names
from headstart.data.readers.folders.folder_places import find_place
from headstart.data.readers.folders.folder_reasons import decide_places
from headstart.data.readers.folders.folder_record import LEFT, NO_CLASS, FolderLayout, LabelPlace
from headstart.data.readers.folders.folder_tree import OTHER_ENDINGS, PlacedFile
from headstart.data.readers.listing import RawSample
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.sources import FileSource
from headstart.data.subsets import resolve_subsets
from headstart.settings import DataSettings
from headstart.settings.class_pattern import read_class_pattern
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.modalities.item import GROUP, Noun
from headstart_runtime.text_encodings import check_encoding


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """Files with their classes and groups."""

    samples: tuple[RawSample, ...]
    classes: frozenset[str]
    entries: tuple[LedgerEntry, ...]  #: files without a class
    notes: tuple[str, ...]


def choose_place(layout: FolderLayout, options: DataSettings) -> LabelPlace:
    """Return where classes and groups stand: as the settings say, else as it is found.

    Raises:
        DataError: there is doubt, or classes shall stand in the names of the files and none do.
        SettingError: settings contradict each other.
    """
    where = "pattern" if options.class_pattern else options.classes_from
    if where == "pattern" and options.classes_from not in (None, "name"):
        raise SettingError(
            f"classes_from is {options.classes_from!r} beside a class_pattern, which reads names; drop one of them"
        )
    if where == "pattern":
        pattern = read_class_pattern(options.class_pattern or "")
        place = LabelPlace("pattern", pattern=pattern, group_from="pattern" if pattern.has_group else "")
    elif where == "name":
        place = LabelPlace("name", rule=_choose_rule(layout))
    elif where in ("folder", "parent"):
        place = LabelPlace(where)
    else:
        place = find_place(layout)
    if options.group_from:
        place.group_from, place.group_rule = options.group_from, FIRST_WORD
    elif options.group_pattern is None:
        place.notes += place.group_notes
    decide_places(layout, place, options)
    if place.group_from == place.where in ("folder", "parent"):
        raise SettingError(
            f"classes and groups are both read from the {place.where}, so each class would be one group; choose "
            "another for --group-from"
        )
    if place.where == "name" == place.group_from and not (place.group_rule and place.rule is not place.group_rule):
        raise SettingError(
            "classes and groups are both read from the name, so each class would be one group; choose another for "
            "--group-from"
        )
    return place


def label_files(layout: FolderLayout, place: LabelPlace, encoding: str | None) -> LabelledFiles:
    """Return files with the classes and groups that their folders or names say.

    Args:
        layout: the files and their parts.
        place: where classes and groups stand.
        encoding: of names that are not UTF-8; None finds it.

    Raises:
        DataError: a pattern fits no file.
        SettingError: an unknown encoding.
    """
    noun = layout.modality.noun
    folders = _list_class_folders(layout) if place.where == "folder" else []
    seen = {step for it in layout.files for step in it.steps} | set(folders)
    in_names = "name" in (place.where, place.group_from) or place.pattern
    decoder = _NameDecoder(seen | ({it.file.name for it in layout.files} if in_names else set()), encoding)
    read_label = _make_reader(place.where, place.rule, place, decoder, group=False)
    read_group = _make_reader(place.group_from, place.group_rule, place, decoder, group=True)
    labels = {it.file.name: read_label(it) for it in layout.files}
    labels |= {name: decoder.decode(label) for name, label in layout.table_labels.items()}
    known = {decoder.decode(name) for name in folders}
    named = place.where in ("name", "pattern")
    trained = [it for it in layout.files if it.subset is Subset.TRAIN] or layout.files
    known |= {label for it in trained if it.file.is_item and (label := labels[it.file.name])}
    left, notes = _find_unlabelled_parts(layout, labels, known) if named else (set[Subset](), list[str]())
    used_as = _use_other_subsets(layout, left)
    if not named:
        known |= {label for it in layout.files if it.file.is_item and (label := labels[it.file.name])}
    if place.pattern and not known:
        raise DataError(
            f"{layout.root!r}: class_pattern {place.pattern.expression.pattern!r} fits none of "
            f"{noun.count(len(layout.files))}, such as {preview([it.file.name for it in layout.files])}; wanted one "
            "that is found in their names"
        )
    for part in layout.parts:
        if part.subset in left:
            layout.decide(
                part.above or part.node, Role.SKIPPED, "no class of the others in its names: left for predict"
            )
    samples, entries = [], []
    for placed in layout.files:
        file, label = placed.file, labels[placed.file.name]
        subset = used_as.get(placed.subset, placed.subset) if placed.subset else None
        if placed.subset in left:
            entries.append(LedgerEntry(file.name, FileStatus.SKIPPED, LEFT))
        elif label in known:
            samples.append(RawSample(file.name, label, FileSource(file.path), subset, read_group(placed)))
        else:
            entries.append(LedgerEntry(file.name, FileStatus.SKIPPED, "no class in its name" if named else NO_CLASS))
    notes = [*decoder.notes, *place.notes, *notes]
    loose = sum(it.file.is_item and labels[it.file.name] not in known for it in layout.files)
    if loose and known and not named:
        notes.append(f"{noun.count(loose)} beside the class folders left out: no label")
    if place.rule is not None and not place.notes:
        notes.append(f"the class of {noun.a_one} is {place.rule.description}")
    if place.group_from:
        groups = {sample.group for sample in samples if sample.group}
        _refuse_classes_as_groups(samples, place)
        notes.append(_describe_groups(groups, place, noun))
    return LabelledFiles(tuple(samples), frozenset(known), tuple(entries), tuple(notes))


def _refuse_classes_as_groups(samples: Sequence[RawSample], place: LabelPlace) -> None:
    """Refuse groups that are the classes once more: each class would stay whole on one side of the split."""
    pairs = {(sample.label, sample.group) for sample in samples}
    labels, groups = {label for label, _ in pairs}, {group for _, group in pairs}
    if len(pairs) == len(labels) == len(groups) > 1:
        raise SettingError(
            f"each class is one group ({preview([f'{label}: {group}' for label, group in sorted(pairs)], show=str)}), "
            f"so none could be split; choose another place than {place.group_from} for --group-from"
        )


def _list_class_folders(layout: FolderLayout) -> list[str]:
    """Return the names of class folders, empty ones too; folders of notes and tables only are none."""
    found: dict[str, None] = {}
    with_files = {it.steps[0] for it in layout.files if it.steps}
    for part in layout.parts:
        for name, node in part.node.children.items():
            endings = {file.path.suffix.lower() for file in node.all_files()}
            if (name in with_files or not endings) and not (endings and endings <= OTHER_ENDINGS):
                found[name] = None
    return list(found)


def _find_unlabelled_parts(
    layout: FolderLayout, labels: Mapping[str, str], known: set[str]
) -> tuple[set[Subset], list[str]]:
    """Return the subsets whose names speak of none of the classes of train, and notes on them."""
    counts: dict[Subset, list[int]] = {}
    for placed in layout.files:
        if placed.file.is_item and placed.subset is not None:
            seen = counts.setdefault(placed.subset, [0, 0])
            seen[labels[placed.file.name] in known] += 1
    left = {subset for subset, (without, having) in counts.items() if having < without / 9}
    notes = [
        f"{layout.modality.noun.count(sum(counts[subset]))} in the {subset} part have no class of the others in their "
        "names and are left for predict"
        for subset in sorted(left, key=str)
    ]
    return left, notes


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


def _use_other_subsets(layout: FolderLayout, left: set[Subset]) -> dict[Subset, Subset | None]:
    """Return the use of each subset once some are left for predict."""
    if not left:
        return {}
    rest = {it.subset for it in layout.files if it.subset is not None} - left
    given = resolve_subsets(rest, layout.modality.noun)
    layout.split_note = given.note
    return given.used_as


def _choose_rule(layout: FolderLayout) -> NameRule:
    """Return the rule for the names of a folder's files, as they shall say the class.

    Raises:
        DataError: they speak of no classes.
    """
    items = [it for it in layout.files if it.file.is_item]
    stems = [it.file.stem for it in items if it.subset is Subset.TRAIN] or [it.file.stem for it in items]
    hints, many = layout.modality.hints, layout.modality.noun.many
    rule = find_name_rule(stems, hints)
    if (reading := read_names(stems, hints)) and reading.is_clear:
        rule = reading.rule
    if rule is None:
        suffix = next((it.file.path.suffix.lower() for it in items), "")
        raise DataError(
            f"{layout.root!r} has {len(stems)} {many} whose names speak of no classes ({preview(stems)}); wanted names "
            f"that begin with the class, such as cat.12{suffix}, three {many} of each at least; drop --classes-from "
            "name, or read them with --class-pattern"
        )
    return rule


def _make_reader(
    where: str, rule: NameRule | None, place: LabelPlace, decoder: _NameDecoder, *, group: bool
) -> Callable[[PlacedFile], str]:
    """Return the function that reads a class or a group off a file; it gives "" where there is none."""
    if where == "pattern":
        pattern = place.pattern
        assert pattern is not None
        return lambda placed: decoder.decode(found) if (found := pattern.read(placed.file.name)[group]) else ""
    if where == "name":
        assert rule is not None
        return lambda placed: decoder.decode(name) if (name := rule.read(placed.file.stem)) else ""
    if not where:
        return lambda placed: ""
    if where == "inner":
        return lambda placed: decoder.decode(placed.steps[1]) if len(placed.steps) > 1 else ""
    step = 0 if where == "folder" else -1
    return lambda placed: decoder.decode(placed.steps[step]) if placed.steps else ""


def _describe_groups(groups: set[str], place: LabelPlace, noun: Noun) -> str:
    words = {
        "folder": "the first folder",
        "parent": "the folder right above it",
        "inner": "the folder in its class",
        "pattern": "what the pattern says",
    }
    if not groups:
        return f"no {noun.one} has a group: nothing stands where it was looked for"
    rule = place.group_rule.description if place.group_rule else ""
    stands = words.get(place.group_from, rule)
    return f"the group of {noun.a_one} is {stands}: {GROUP.count(len(groups))}, such as {preview(sorted(groups))}"
