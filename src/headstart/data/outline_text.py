"""A source as it was understood, as lines: folders with counts, columns or arrays, and why each is what it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.outline import OutlineFolder, SkippedFiles, SourceOutline
from headstart_runtime.errors import bounded
from headstart_runtime.modalities.item import Noun

MOST_FOLDERS = 8  #: shown of those in one folder that have one role
MOST_NESTED = 3  #: of these, where they have folders in them
MOST_CLASSES = 12  #: of classes shown in one list
MOST_REASONS = 3  #: shown of one folder
LONGEST = 160  #: characters of a reason or a name

_HEADINGS = {
    PlaceKind.FILE: "files",
    PlaceKind.COLUMN: "columns",
    PlaceKind.ARRAY: "arrays",
    PlaceKind.FIELD: "fields",
    PlaceKind.NAME: "names of files",
}
#: Words of a person's for roles, where they are others.
_WORDS = {Role.SUBSET: "part"}


def describe_outline(outline: SourceOutline) -> str:
    """Return a source as it was understood, a line for each place in it."""
    return "\n".join(_list_lines(outline))


def outline_to_json(outline: SourceOutline) -> dict[str, Any]:
    """Return a source as it was understood, in plain values; nouns as their plurals."""
    return {**asdict(outline), "noun": outline.noun.many, "unit": outline.unit.many}


def _list_lines(outline: SourceOutline) -> Iterator[str]:
    if outline.folders is not None:
        yield from _list_folder_lines(outline, outline.folders, 0, "")
    else:
        yield _shorten(outline.root)
    for kind in _HEADINGS:
        found = [decision for decision in outline.decisions if decision.kind is kind]
        if found:
            yield f"  {_HEADINGS[kind]}:"
            yield from (f"    {_describe_decision(decision, outline.noun)}" for decision in found[:MOST_CLASSES])
            if len(found) > MOST_CLASSES:
                yield f"    ... and {len(found) - MOST_CLASSES:,} more"
    yield from _list_subset_lines(outline)
    if outline.folders is None:
        yield from _list_skip_lines(outline, outline.skips, "  ")
    if outline.ignored:
        yield f"  {outline.ignored:,} hidden or system files ignored"


def _list_folder_lines(outline: SourceOutline, folder: OutlineFolder, depth: int, told: str) -> Iterator[str]:
    """Yield the line of a folder, unless its reason was told on the line before, and those of all below it."""
    indent = "  " * depth
    skipped = f" ({folder.skipped:,} skipped)" if folder.skipped and folder.items else ""
    count = outline.noun.count(folder.items) if folder.items else outline.unit.count(folder.skipped)
    role = _describe_role(folder.role, folder.value, folder.name)
    reason = f": {_shorten(folder.reason)}" if folder.reason and folder.reason != told else ""
    name = _shorten(folder.name.rstrip("/\\")) + "/"
    yield f"{indent}{name}  {count}{skipped}{f'  = {role}' if role else ''}{reason}"
    told = ""
    for several in _group_by_role(folder.folders):
        most = MOST_NESTED if any(inner.folders for inner in several) else MOST_FOLDERS
        most += len(several) == most + 1  # a line for one more is no longer than the folder's own
        for inner in several[:most]:
            yield from _list_folder_lines(outline, inner, depth + 1, told)
            told = inner.reason
        if rest := several[most:]:
            items, like = sum(inner.items for inner in rest), _describe_role(rest[0].role, "", "")
            held = outline.noun.count(items) if items else outline.unit.count(sum(it.skipped for it in rest))
            names = preview([inner.name for inner in rest], show=_shorten, most=2)
            yield f"{indent}  ... {len(rest):,} more folders{f', each = {like}' if like else ''} ({held}): {names}"
    if folder.classes:
        yield f"{indent}  {_count_classes(folder.classes)}"
    yield from _list_skip_lines(outline, folder.skips, f"{indent}  ")


def _group_by_role(folders: Sequence[OutlineFolder]) -> list[list[OutlineFolder]]:
    """Return folders of one role together, in the order in which the roles come."""
    groups: dict[Role | None, list[OutlineFolder]] = {}
    for folder in folders:
        groups.setdefault(folder.role, []).append(folder)
    return list(groups.values())


def _list_skip_lines(outline: SourceOutline, skips: Sequence[SkippedFiles], indent: str) -> Iterator[str]:
    for skip in skips[:MOST_REASONS]:
        example = _shorten(skip.example if outline.folders is None else skip.example.rpartition("/")[2])
        yield f"{indent}{outline.unit.count(skip.count)} skipped: {_shorten(skip.reason)} ({example})"
    if rest := skips[MOST_REASONS:]:
        yield f"{indent}{outline.unit.count(sum(skip.count for skip in rest))} skipped for {len(rest)} other reasons"


def _list_subset_lines(outline: SourceOutline) -> Iterator[str]:
    """Yield the classes of each part, where no folders show them, and the number of groups."""
    if outline.folders is None or (len(outline.subsets) > 1 and not _shows_subsets(outline.folders)):
        for subset, classes in outline.subsets.items():
            part = f"part {subset}: " if subset else ""
            yield f"  {part}{outline.noun.count(sum(classes.values()))}: {_count_classes(classes)}"
    if outline.groups:
        stay = "those of one group stay in one part"
        if torn := outline.torn_groups:
            stay = f"{torn:,} of them {'is' if torn == 1 else 'are'} in more than one given part, which is a leak"
        yield f"  {outline.groups:,} named group{'s' * (outline.groups != 1)}: {stay}"


def _shows_subsets(folder: OutlineFolder) -> bool:
    """Return whether a folder or one below it is a subset."""
    return folder.role is Role.SUBSET or any(map(_shows_subsets, folder.folders))


def _count_classes(classes: Mapping[str, int]) -> str:
    shown = [f"{_shorten(label)} ({count:,})" for label, count in list(classes.items())[:MOST_CLASSES]]
    more = f" and {len(classes) - MOST_CLASSES:,} more" if len(classes) > MOST_CLASSES else ""
    return f"{'classes' if len(classes) != 1 else 'class'} {', '.join(shown)}{more}"


def _describe_decision(decision: Decision, noun: Noun) -> str:
    place = _shorten("/".join(decision.place))
    count = f" ({decision.count:,})" if decision.count is not None else ""
    role = noun.many if decision.role is Role.ITEMS else _describe_role(decision.role, decision.value, "")
    return f"{place}{count}  = {role}{f': {_shorten(decision.reason)}' if decision.reason else ''}"


def _describe_role(role: Role | None, value: str, name: str) -> str:
    """Return the words for a role, with its value where that is not its name already."""
    if role is None:
        return ""
    word = _WORDS.get(role, role.value)
    if value and role not in (Role.SUBSET, Role.CLASS, Role.GROUP):
        return f"{word} of {_shorten(value)}"
    return f"{word} {_shorten(value)}" if value and value != name else word


def _shorten(text: str) -> str:
    return bounded(text, LONGEST)
