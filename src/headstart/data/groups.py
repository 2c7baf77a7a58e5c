"""Groups of samples that a split keeps together: equal bytes, near-duplicates, and groups that the user named."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

import numpy as np

from headstart.data.names import count_noun, preview
from headstart.data.samples import GroupKind, Sample, SampleGroup, Samples, Subset
from headstart_runtime.arrays import Ints
from headstart_runtime.modalities.item import GROUP


def assign_groups(digests: Sequence[str], names: Sequence[str]) -> list[SampleGroup]:
    """Return the group of each sample: samples that share a digest or a name, directly or through others, share it.

    Args:
        digests: of the samples' content, (N,).
        names: the user's name of each sample's group, (N,); "" for none.

    Returns:
        (N,) groups. Where names are involved a group has the first of them, in code order.
    """
    content = {digest: SampleGroup(GroupKind.CONTENT, digest) for digest in digests}
    named = {name: SampleGroup(GroupKind.NAMED, name) for name in names if name}
    if not named:
        return [content[digest] for digest in digests]
    connected = _UnionFind()
    for digest, name in zip(digests, names, strict=True):
        if name:
            connected.union(content[digest], named[name])
    first: dict[SampleGroup, SampleGroup] = {}
    for name in sorted(named):
        first.setdefault(connected.find(named[name]), named[name])
    return [first.get(connected.find(content[digest]), content[digest]) for digest in digests]


def find_torn_groups(places: Iterable[tuple[SampleGroup, Subset | None]]) -> list[str]:
    """Return the names of groups that have samples in several given subsets, sorted; unnamed groups are not asked.

    Args:
        places: the group of each sample and the subset it is given in; None for none.
    """
    by_group: defaultdict[SampleGroup, set[Subset]] = defaultdict(set)
    for group, subset in places:
        if subset is not None and group.kind is GroupKind.NAMED:
            by_group[group].add(subset)
    return sorted(group.name for group, subsets in by_group.items() if len(subsets) > 1)


def describe_torn_groups(names: Sequence[str]) -> str:
    """Return that groups are in several given subsets; "" where none is."""
    if not names:
        return ""
    return f"leak: {count_noun(len(names), GROUP, 'are')} in more than one given part: {preview(names)}"


def merge_groups(samples: Samples, pairs: Iterable[tuple[str, str]]) -> Samples:
    """Return the samples with the groups of each pair merged, so that no split separates the two.

    Args:
        samples: all of them.
        pairs: ids of two samples.

    Returns:
        The same samples in the same order. A merged group has the first name, in code order, that the user gave, else
        the smallest digest. It is of the kind ``NEAR_DUPLICATES`` where the given subsets separate the merged group,
        but none that the user named, so that nobody looks for a mistake in the names.
    """
    group_of = {sample.id: sample.group for sample in samples.samples}
    connected = _UnionFind()
    for first, second in pairs:
        connected.union(group_of[first], group_of[second])
    members: defaultdict[SampleGroup, set[SampleGroup]] = defaultdict(set)
    subsets: defaultdict[SampleGroup, set[Subset | None]] = defaultdict(set)
    for sample in samples.samples:
        members[connected.find(sample.group)].add(sample.group)
        subsets[sample.group].add(sample.subset)
    merged = {root: _merge(groups, subsets) for root, groups in members.items() if len(groups) > 1}
    return replace(
        samples,
        samples=tuple(
            replace(sample, group=merged[root]) if (root := connected.find(sample.group)) in merged else sample
            for sample in samples.samples
        ),
    )


def encode_groups(samples: Sequence[Sample]) -> Ints:
    """Return the number of each sample's group, (N,) from 0 on, as cross-validation takes them."""
    groups = sorted({sample.group for sample in samples}, key=attrgetter("kind", "name"))
    order = {group: number for number, group in enumerate(groups)}
    return np.array([order[sample.group] for sample in samples], dtype=np.int64)


class _UnionFind:
    """Disjoint sets of groups."""

    def __init__(self) -> None:
        self._parent: dict[SampleGroup, SampleGroup] = {}

    def find(self, node: SampleGroup) -> SampleGroup:
        """Return the representative of a node's set."""
        self._parent.setdefault(node, node)
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def union(self, first: SampleGroup, second: SampleGroup) -> None:
        """Unite the sets of two nodes."""
        self._parent[self.find(first)] = self.find(second)


def _merge(groups: set[SampleGroup], subsets: Mapping[SampleGroup, set[Subset | None]]) -> SampleGroup:
    """Return the group that takes the place of some; the subsets are those of each group's own samples."""
    named = sorted(group for group in groups if group.kind is not GroupKind.CONTENT)
    if not named:
        return min(groups)
    separated = [group for group in named if len(subsets[group]) > 1]
    if not separated and len(set().union(*(subsets[group] for group in groups))) > 1:
        return SampleGroup(GroupKind.NEAR_DUPLICATES, named[0].name)
    return (separated or named)[0]
