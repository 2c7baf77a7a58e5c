"""Files of equal bytes under several labels: one item of all of them where the task has such, else a conflict."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from headstart.data.inspection import Inspected
from headstart.data.names import natural_key
from headstart.data.samples import FileStatus, Subset
from headstart.data.targets import ReadTargets
from headstart_runtime.tasks.task import Target


@dataclass(frozen=True)
class SettledItems:
    """The items of a source after equal ones were held against each other."""

    items: Sequence[Inspected]  #: all that were given, some of them skipped now
    targets: Mapping[str, Target] = field(default_factory=dict)  #: name -> target, of items that have several labels
    merged: int = 0  #: items that lie under several labels and have all of these


def find_contradicted(inspected: Sequence[Inspected]) -> float:
    """Return the share of the accepted items that equal one with another label byte for byte."""
    accepted = sum(item.entry.status is FileStatus.ACCEPTED for item in inspected)
    return sum(len(items) for items in _group_same(inspected) if _has_several_labels(items)) / max(1, accepted)


def settle_same_bytes(inspected: Sequence[Inspected], targets: ReadTargets, *, merged: bool) -> SettledItems:
    """Return items of which those with equal bytes do not contradict each other.

    Args:
        inspected: all items.
        targets: of their labels.
        merged: whether a label says only what an item is of, so that one under two labels may be of both; as the task
            says. Else, and where it cannot be, all of them are skipped: nothing says which label is right.
    """
    changed: dict[str, Inspected] = {}
    found: dict[str, Target] = {}
    count = 0
    for same in _group_same(inspected):
        if not _has_several_labels(same):
            continue
        target = _merge(same, targets) if merged else None
        if target is None:
            changed |= {item.raw.name: _skip_contradicted(item, same, targets) for item in same}
            continue
        count += 1
        label = targets.task.targets.describe(targets.space, target)
        for kept, rest in _pick_by_subset(same):
            found[kept.raw.name] = target
            changed[kept.raw.name] = replace(kept, entry=replace(kept.entry, label=label))
            reason = f"the same bytes as {kept.raw.name!r}, which has this label too"
            changed |= {item.raw.name: _skip(item, reason) for item in rest}
    return SettledItems([changed.get(item.raw.name, item) for item in inspected], found, count)


def _group_same(inspected: Sequence[Inspected]) -> list[list[Inspected]]:
    """Return the accepted items that have equal bytes, two at least, those of each in natural order of their names."""
    same: dict[str, Inspected | list[Inspected]] = {}
    for item in inspected:
        if item.entry.status is FileStatus.ACCEPTED:
            first = same.setdefault(item.entry.digest, item)  # a list for each of many items takes memory
            if isinstance(first, list):
                first.append(item)
            elif first is not item:
                same[item.entry.digest] = [first, item]
    several = [items for items in same.values() if isinstance(items, list)]
    for items in several:
        items.sort(key=lambda item: natural_key(item.raw.name))
    return several


def _has_several_labels(items: Sequence[Inspected]) -> bool:
    return len(items) > 1 and len({item.raw.label for item in items}) > 1


def _merge(same: Sequence[Inspected], targets: ReadTargets) -> Target | None:
    """Return the target of an item that has all labels of some; None where it cannot have them."""
    first, *rest = dict.fromkeys(item.raw.label for item in same)
    target: Target | None = targets.by_label[first]
    for label in rest:
        target = targets.task.targets.merge(target, targets.by_label[label])
        if target is None:
            return None
    return target


def _pick_by_subset(same: Sequence[Inspected]) -> list[tuple[Inspected, list[Inspected]]]:
    """Return of each given subset the first item and the others."""
    subsets: defaultdict[Subset | None, list[Inspected]] = defaultdict(list)
    for item in same:
        subsets[item.raw.subset].append(item)
    return [(items[0], items[1:]) for items in subsets.values()]


def _skip_contradicted(item: Inspected, same: Sequence[Inspected], targets: ReadTargets) -> Inspected:
    """Return an item, skipped where its label and that of another cannot both be right."""
    own, conflict = targets.by_label[item.raw.label], targets.task.targets.conflict
    other = next((other.raw for other in same if conflict(targets.by_label[other.raw.label], own)), None)
    if other is None:
        return item
    return _skip(item, f"the same bytes as {other.name!r}, which is labelled {other.label!r}")


def _skip(item: Inspected, reason: str) -> Inspected:
    return replace(item, entry=replace(item.entry, status=FileStatus.SKIPPED, reason=reason))
