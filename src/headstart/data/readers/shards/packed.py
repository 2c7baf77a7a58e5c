"""Items packed with their labels into shards: labels named, subsets resolved, a line for each item that has none."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import choose_by_sources
from headstart.data.decisions import Decision, Role
from headstart.data.names import normalise_class_name
from headstart.data.readers.annotations.annotations import WHOLE, choose_form, list_classes, write_label
from headstart.data.readers.evidence import decide_file, find_subset_in_path
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.data.sources import SampleSource
from headstart.data.subsets import GivenSubsets, resolve_subsets
from headstart_runtime.errors import DataError, bounded
from headstart_runtime.parsing import parse_json

LONGEST_NAME = 1000  #: characters of an item's name that are kept
_NAMES = re.compile(r"(.*[._-])?(class_?names?|classes|labels?|label_?names|names)\.(txt|json)", re.IGNORECASE)
_MOST_BYTES = 10_000_000  #: of a file with names of classes


@dataclass(frozen=True, slots=True)
class PackedItem:
    """An item in a shard."""

    name: str  #: unique in its shard
    labels: tuple[str, ...]  #: as they stand there: a number or a name each
    source: SampleSource | None  #: None where there is no item
    problem: str = ""  #: why it cannot be used


@dataclass(frozen=True, slots=True)
class ItemShard:
    """A file of items."""

    path: Path
    items: Sequence[PackedItem]
    problem: str = ""  #: why the rest of it cannot be read


def list_shards(
    root: str,
    folder: Path,
    shards: Sequence[ItemShard],
    notes: Iterable[str],
    context: ReadContext,
    decisions: Iterable[Decision] = (),
    marks: str = WHOLE,
) -> SourceListing:
    """Return the items of shards, under the names of the shards where there are several.

    Args:
        root: the source, for a person.
        folder: which the shards lie in; subsets are told by what is below it.
        shards: one at least.
        notes: on how they were read.
        context: says the modality, where it does not show.
        decisions: on their fields, and on files beside them.
        marks: what the labels are of, as of ``choose_form``.

    Raises:
        DataError: nothing can be read, or their subsets make no split.
    """
    sources = [item.source for shard in shards for item in shard.items if item.source]
    if not sources:
        reason = next((shard.problem for shard in shards if shard.problem), "no items with labels")
        raise DataError(f"{root!r} cannot be read: {reason}; fetch or pack it again")
    choice = choose_by_sources(context.options.modality, sources, repr(root))
    subsets = {shard.path: find_subset_in_path(shard.path, folder) if len(shards) > 1 else None for shard in shards}
    given = resolve_subsets((subset for subset in subsets.values() if subset), choice.modality.noun)
    if given.problem:
        raise DataError(f"{root!r}: {given.problem}")
    if None in subsets.values() and any(subsets.values()):
        raise DataError(f"{root!r} has shards of parts and others; wanted names with train, val or test in all or none")
    named = _name_labels(shards, folder)
    every = [item for shard in shards for item in shard.items]
    form = choose_form([len(item.labels) for item in every], marks, context)
    samples: list[RawSample] = []
    entries: list[LedgerEntry] = []
    for shard in shards:
        subset: Subset | None = subsets[shard.path]
        used = given.used_as[subset] if subset else None
        start = f"{_shorten(shard.path, folder)}/" if len(shards) > 1 else ""
        for name, item in zip(_name_items(shard.items), shard.items, strict=True):
            names = tuple(normalise_class_name(named.names.get(it, it)) for it in item.labels if it)
            label = write_label(names, form, marks)
            problem = item.problem or ("" if label else "labels of several classes" if len(names) > 1 else "no label")
            if item.source is None or (problem and context.labelled):
                entries.append(LedgerEntry(start + name, FileStatus.SKIPPED, problem or "no item", label))
            else:
                samples.append(RawSample(start + name, label, item.source, used))
        if shard.problem:
            entries.append(LedgerEntry(f"{shard.path.name} (the rest)", FileStatus.SKIPPED, shard.problem))
    found = (*choice.notes, *notes, *named.notes, given.note)
    several = sum(len(item.labels) > 1 for item in every)
    return SourceListing(
        root,
        tuple(samples),
        list_classes((sample.label for sample in samples), form),
        tuple(entries),
        notes=tuple(note for note in found if note),
        modality=choice.modality.name,
        in_rows=True,
        form=form,
        form_reason=f"{several} of {choice.modality.noun.count(len(every))} have several labels" if several else "",
        decisions=(*decisions, *_decide_files(shards, folder, subsets, given, named)),
    )


def _decide_files(
    shards: Sequence[ItemShard],
    folder: Path,
    subsets: Mapping[Path, Subset | None],
    given: GivenSubsets,
    named: "ClassNames",
) -> Iterator[Decision]:
    """Yield what each of several shards, and a file with the names of classes, was taken for."""
    if named.file:
        yield decide_file(named.file, folder, Role.CLASS_NAMES, "names the numbers", count=len(named.names))
    for shard in shards if len(shards) > 1 else ():
        subset, count = subsets[shard.path], len(shard.items)
        used = given.used_as[subset] if subset else None
        if used is None:
            yield decide_file(shard.path, folder, Role.ITEMS, "", count=count)
        else:
            reason = "by its name" if used is subset else f"{subset} by its name, used as {used}"
            yield decide_file(shard.path, folder, Role.SUBSET, reason, value=str(used), count=count)


@dataclass(frozen=True, slots=True)
class ClassNames:
    """Names for labels that are numbers."""

    names: Mapping[str, str]  #: of each number, as the labels have it; empty where there are none
    notes: tuple[str, ...] = ()
    file: Path | None = None  #: which they come from


def name_numbers(labels: Iterable[str], folders: Iterable[Path]) -> ClassNames:
    """Return names for labels that are all numbers, from a file such as ``classes.txt`` in one of some folders.

    A list counts from 0, or from 1 where its length is the largest label and no label is 0. Names that two classes have
    get their numbers.
    """
    numbers = {label for label in labels if label}
    if not numbers or not all(re.fullmatch(r"\d{1,9}", label) for label in numbers):
        return ClassNames({})
    values, notes = sorted(map(int, numbers)), []
    for file in _find_name_files(folders):
        names = _read_names(file)
        first = 1 if values[0] > 0 and values[-1] == len(names) else 0
        if not names:
            continue
        if values[-1] >= len(names) + first:
            notes.append(f"{file.name!r} has {len(names)} names and labels go up to {values[-1]}: it is not used")
            continue
        again = Counter(names)
        shown = {}
        for label in numbers:
            name = names[int(label) - first]
            shown[label] = name if again[name] == 1 and name else f"{name} ({label})".strip()
        notes.append(f"the names of the classes come from {file.name!r}" + (", which counts from 1" if first else ""))
        return ClassNames(shown, tuple(notes), file)
    return ClassNames({}, (*notes, "no file names the classes (classes.txt); they are called by their numbers"))


def choose_label_field(records: Sequence[Mapping[str, Any]], known: Sequence[str]) -> tuple[str, str]:
    """Return the field that nearly all records have as a label, the first of those known, and a note; "" for none."""
    present = [name for name in known if 10 * sum(name in record for record in records) >= 9 * len(records) > 0]
    if not present:
        return "", ""
    rest = f", not from {', '.join(map(repr, present[1:3]))}" if len(present) > 1 else ""
    return present[0], f"the label is read from {present[0]!r}{rest}"


def _name_labels(shards: Sequence[ItemShard], folder: Path) -> ClassNames:
    folders = dict.fromkeys(parent for shard in shards for parent in (shard.path.parent, shard.path.parent.parent))
    inside = [it for it in folders if it == folder or it.is_relative_to(folder)]
    return name_numbers(
        {label for shard in shards for item in shard.items for label in item.labels}, inside or [folder]
    )


def _find_name_files(folders: Iterable[Path]) -> list[Path]:
    found = []
    for folder in folders:
        try:
            found += [path for path in sorted(folder.iterdir()) if _NAMES.fullmatch(path.name) and path.is_file()]
        except OSError:
            continue
    return found


def _read_names(file: Path) -> list[str]:
    """Return the names in a file by number; empty where it is no list of names."""
    try:
        text = file.read_text("utf-8-sig") if file.stat().st_size < _MOST_BYTES else ""
        if file.suffix.lower() == ".txt":
            return [line.strip() for line in text.rstrip().splitlines()]
        content = parse_json(text)
    except (OSError, ValueError):
        return []
    if isinstance(content, dict):
        content = [content.get(str(number)) for number in range(len(content))]
    return content if isinstance(content, list) and all(isinstance(name, str) for name in content) else []


def _name_items(items: Sequence[PackedItem]) -> list[str]:
    names = [bounded(item.name, LONGEST_NAME) for item in items]
    again = Counter(names)
    return [f"{name} (number {at})" if again[name] > 1 else name for at, name in enumerate(names, 1)]


def _shorten(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
