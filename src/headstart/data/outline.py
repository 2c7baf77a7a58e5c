"""A source as it was understood: folders with counts and roles, decisions of its reader, and what was skipped."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headstart.data.choose_modality import list_clear_suffixes
from headstart.data.decisions import ANY, Decision, PlaceKind, Role
from headstart.data.groups import find_torn_groups
from headstart.data.label_counts import count_by_label
from headstart.data.names import natural_key
from headstart.data.readers.walk import FileTree, Walk
from headstart.data.samples import FileStatus, LedgerEntry, Sample, Samples
from headstart_runtime.modalities.item import FILE, SAMPLE, Noun
from headstart_runtime.modalities.modality import all_modalities

DEEPEST = 40  #: levels of folders that are told apart; what lies deeper counts as the last of them

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")  #: a name in a reason
_MIXED = "\0mixed"  #: for a value that the items of a folder do not share
_UNSEEN = "\0unseen"  #: for a value of a folder without items


@dataclass(frozen=True, slots=True)
class SkippedFiles:
    """Files or rows of one folder that were skipped for one reason."""

    reason: str
    count: int
    example: str  #: the name of the first


@dataclass(frozen=True, slots=True)
class OutlineFolder:
    """A folder of a source, and the role that it was given."""

    name: str
    role: Role | None  #: None where it only leads to others
    value: str  #: the class, subset or group that it is; "" where the role has none
    reason: str  #: why, where a reader had to decide; else ""
    items: int  #: usable ones in it and below
    skipped: int  #: files in it and below
    classes: Mapping[str, int]  #: of the items right in it, where they are of several: class -> items
    skips: tuple[SkippedFiles, ...]  #: those right in it, or below in folders that are not listed
    folders: tuple["OutlineFolder", ...]  #: those below that have a role, or lead to one


@dataclass(frozen=True, slots=True)
class SourceOutline:
    """A source as it was understood."""

    root: str  #: the source, for a person
    noun: Noun  #: of its items
    unit: Noun  #: of what has an entry in the ledger: a file or a row
    folders: OutlineFolder | None  #: the source's own folder; None where entries are rows
    decisions: tuple[Decision, ...]  #: those on columns, arrays, files and names, in the reader's order
    subsets: Mapping[str, Mapping[str, int]]  #: subset ("" where none is given) -> class -> usable items
    groups: int  #: groups that the source names
    skips: tuple[SkippedFiles, ...]  #: of the whole source, the most frequent reason first
    ignored: int  #: hidden and system files
    torn_groups: int = 0  #: of the groups those in several given parts


def make_outline(samples: Samples) -> SourceOutline:
    """Return a source as it was understood, from its samples, its ledger and the decisions of its reader."""
    ledger = samples.ledger
    by_name = {sample.name: sample for sample in samples.samples}
    counts = count_by_label(samples)
    given = {subset.value: it for subset, it in counts.subsets.items()} or (
        {"": counts.usable} if samples.samples else {}
    )
    subsets = {subset: {name: count for name, count in it.items() if count} for subset, it in given.items()}
    groups = {sample.group.given_name for sample in samples.samples} - {""}
    on_folders = [decision for decision in samples.decisions if decision.kind is PlaceKind.FOLDER]
    others = tuple(decision for decision in samples.decisions if decision.kind is not PlaceKind.FOLDER)
    tree = None if ledger.in_rows else _grow(ledger.entries, by_name)
    return SourceOutline(
        samples.root,
        samples.noun,
        ledger.unit,
        None if tree is None else _Pruner(on_folders).finish(samples.root, tree),
        others,
        subsets,
        len(groups),
        _list_skips(_collect_skips(entry for entry in ledger.entries if entry.status is FileStatus.SKIPPED)),
        ledger.ignored,
        len(find_torn_groups((sample.group, sample.subset) for sample in samples.samples)),
    )


def outline_files(folder: Path) -> SourceOutline:
    """Return a folder as it lies there, with the files that end like items, where it could not be understood.

    Raises:
        DataError: it cannot be read.
    """
    walk = Walk(FileTree(folder))
    entries, paths, suffixes = list(walk.entries), list(walk.files_under(folder)), list_clear_suffixes()
    if all(path.suffix.lower() not in suffixes for path in paths):
        suffixes = frozenset(suffix for modality in all_modalities() for suffix in modality.suffixes)
    for path in paths:
        seen = path.suffix.lower() in suffixes
        status, reason = (FileStatus.ACCEPTED, "") if seen else (FileStatus.SKIPPED, "another ending than items have")
        entries.append(LedgerEntry(walk.name(path), status, reason))
    tree = _Pruner((), every=True).finish(str(folder), _grow(entries, {}))
    endings = {path.suffix.lower() for path in paths} & suffixes
    found = [modality for modality in all_modalities() if endings & modality.suffixes]
    noun = found[0].noun if len(found) == 1 else SAMPLE
    return SourceOutline(str(folder), noun, FILE, tree, (), {}, 0, (), walk.ignored)


@dataclass(slots=True)
class _Node:
    """A folder while its files are counted."""

    inside: dict[str, "_Node"] = field(default_factory=dict)
    items: int = 0
    skipped: int = 0
    label: str = _UNSEEN  #: which all its items share, or ``_MIXED``
    subset: str = _UNSEEN
    group: str = _UNSEEN
    classes: Counter[str] = field(default_factory=Counter)  #: of the items right in it
    skips: dict[str, tuple[int, str]] = field(default_factory=dict)  #: reason -> count and first name, right in it

    def count(self, entry: LedgerEntry, sample: Sample | None) -> None:
        """Count a file in this folder or below."""
        if entry.status is FileStatus.SKIPPED:
            self.skipped += 1
            return
        self.items += 1
        self.label = _join(self.label, entry.label)
        self.subset = _join(self.subset, sample.subset.value if sample and sample.subset else "")
        self.group = _join(self.group, sample.group.given_name if sample else "")


def _join(known: str, value: str) -> str:
    return value if known in (_UNSEEN, value) else _MIXED


def _grow(entries: Iterable[LedgerEntry], samples: Mapping[str, Sample]) -> _Node:
    """Return the tree of the folders that files lie in, counted."""
    root = _Node()
    for entry in entries:
        sample, node = samples.get(entry.name), root
        node.count(entry, sample)
        for step in entry.name.split("/")[:-1][:DEEPEST]:
            node = node.inside.setdefault(step, _Node())
            node.count(entry, sample)
        if entry.status is FileStatus.SKIPPED:
            _count_skip(node.skips, entry.reason, 1, entry.name)
        else:
            node.classes[entry.label] += 1
    return root


class _Pruner:
    """The rules by which folders get their roles, and those without one are left out."""

    def __init__(self, decisions: Sequence[Decision], *, every: bool = False) -> None:
        self._every = every
        self._decisions = {decision.place: decision for decision in decisions}
        self._levels = [it for it in decisions if it.place.count(ANY) > 1]
        self._decided = {place[:length] for place in self._decisions for length in range(1, len(place))}

    def finish(self, root: str, node: _Node) -> OutlineFolder:
        """Return the folder of the source, with all below it that have a role."""
        return self._shape(root, (), node, None)

    def _shape(self, name: str, steps: tuple[str, ...], node: _Node, above: _Node | None) -> OutlineFolder:
        decision = self._find(steps)
        role, value = (decision.role, decision.value) if decision else _derive_role(name, node, above)
        if self._every and role is not Role.SKIPPED:
            role, value = None, ""
        if decision and not value:
            value = _read_value(decision.role, name, node)
        kept, skips = [], dict(node.skips)
        closed = role is Role.SKIPPED and not node.items  # nothing in it has to be told apart
        for inner_name in sorted(node.inside, key=natural_key):
            inner = self._shape(inner_name, (*steps, inner_name), node.inside[inner_name], node)
            if not closed and (
                self._every
                or inner.role is not None
                or inner.folders
                or inner.classes
                or (*steps, inner_name) in self._decided
            ):
                kept.append(inner)
                continue
            for skip in inner.skips:
                _count_skip(skips, skip.reason, skip.count, skip.example)
        classes = {label: node.classes[label] for label in sorted(node.classes, key=natural_key)}
        several = classes if not self._every and (len(classes) > 1 or (kept and classes)) else {}
        reason = decision.reason if decision else ""
        return OutlineFolder(
            name, role, value, reason, node.items, node.skipped, several, _list_skips(skips), tuple(kept)
        )

    def _find(self, steps: tuple[str, ...]) -> Decision | None:
        """Return the decision on a folder, or on all of its level."""
        if not steps:
            return self._decisions.get(())
        return self._decisions.get(steps) or self._decisions.get((*steps[:-1], ANY)) or self._find_level(steps)

    def _find_level(self, steps: tuple[str, ...]) -> Decision | None:
        """Return the decision on a place of which several steps are ``ANY``."""
        for decision in self._levels:
            pairs = zip(decision.place, steps, strict=False)
            if len(decision.place) == len(steps) and all(want in (ANY, step) for want, step in pairs):
                return decision
        return None


def _derive_role(name: str, node: _Node, above: _Node | None) -> tuple[Role | None, str]:
    """Return the role of a folder of which no reader said it: by what all items in it share."""
    if above is None:
        return None, ""
    if not node.items:
        return Role.SKIPPED, ""
    shared = (
        (Role.SUBSET, node.subset, above.subset),
        (Role.CLASS, node.label, above.label),
        (Role.GROUP, node.group, above.group),
    )
    for role, own, wider in shared:
        if own not in (_MIXED, "") and (wider == _MIXED or (role is Role.CLASS and own == name)):
            return role, own
    return None, ""


def _read_value(role: Role, name: str, node: _Node) -> str:
    """Return the value of a folder whose reader said its role only."""
    own = {Role.SUBSET: node.subset, Role.CLASS: node.label, Role.GROUP: node.group}.get(role, "")
    if own in (_MIXED, _UNSEEN):
        return name if role is Role.CLASS else ""
    return own


def _collect_skips(entries: Iterable[LedgerEntry]) -> dict[str, tuple[int, str]]:
    """Return reason -> count and first name."""
    found: dict[str, tuple[int, str]] = {}
    for entry in entries:
        _count_skip(found, entry.reason, 1, entry.name)
    return found


def _count_skip(found: dict[str, tuple[int, str]], reason: str, count: int, example: str) -> None:
    seen, first = found.get(reason, (0, example))
    found[reason] = (seen + count, first)


def _list_skips(found: Mapping[str, tuple[int, str]]) -> tuple[SkippedFiles, ...]:
    """Return the reasons, the most frequent first; those that differ only in a name between quotes are one."""
    alike: dict[str, list[SkippedFiles]] = {}
    for reason, (count, example) in found.items():
        alike.setdefault(_QUOTED.sub("...", reason), []).append(SkippedFiles(reason, count, example))
    listed = [
        same[0] if len(same) == 1 else SkippedFiles(reason, sum(it.count for it in same), same[0].example)
        for reason, same in alike.items()
    ]
    return tuple(sorted(listed, key=lambda skip: -skip.count))
