"""Which samples must never straddle a split: those with equal bytes, and those the user says belong together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from headstart.data.samples import Sample, Samples

NAMED, TWINS = "group:", "twins:"  # what the user named; such a group that only its twins tear apart


def assign_groups(digests: Sequence[str], named: Sequence[str]) -> list[str]:
    """A group for each sample: samples that share a digest or a name, directly or through others, share it.

    Args:
        digests: of the samples' content.
        named: what the user calls each sample's group; "" for none.

    Returns:
        The digest where no name is involved; else "group:" and the first name, in code order, of all that were joined.
    """
    joined = _Joined()
    for digest, name in zip(digests, named, strict=True):
        if name:
            joined.join(_of_bytes(digest), _named(name))
    first: dict[str, str] = {}
    for name in sorted({name for name in named if name}):
        first.setdefault(joined.root(_named(name)), _named(name))
    return [first.get(joined.root(_of_bytes(digest)), digest) for digest in digests]


def merge_groups(samples: Samples, pairs: Iterable[tuple[str, str]]) -> Samples:
    """The samples with the groups of each pair joined, so that no split tears the two apart.

    Args:
        samples: all of them.
        pairs: ids of two samples.

    Returns:
        The same samples in the same order. The name of a joined group is the first, in code order, of those that the
        user gave, else of the digests; ``twins:`` and such a name where given parts tear apart the joined group, but
        none of those that the user named, so that nobody looks for a mistake in the names.
    """
    group_of = {sample.id: sample.group for sample in samples.samples}
    joined = _Joined()
    for first, second in pairs:
        joined.join(group_of[first], group_of[second])
    members: defaultdict[str, set[str]] = defaultdict(set)
    parts: defaultdict[str, set[str | None]] = defaultdict(set)
    for sample in samples.samples:
        members[joined.root(sample.group)].add(sample.group)
        parts[sample.group].add(sample.subset)
    names = {root: _name(groups, parts) for root, groups in members.items()}
    return replace(
        samples,
        samples=tuple(
            sample if len(members[root]) == 1 else replace(sample, group=names[root])
            for sample, root in ((it, joined.root(it.group)) for it in samples.samples)
        ),
    )


class _Joined:
    """What belongs together, directly or through others (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, node: str) -> str:
        """The same for all that were joined."""
        self._parent.setdefault(node, node)
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def join(self, first: str, second: str) -> None:
        """These two, and all that belong to either."""
        self._parent[self.root(first)] = self.root(second)


def _name(groups: set[str], parts: dict[str, set[str | None]]) -> str:
    """What joined groups are called; parts are those of each group's own samples."""
    named = sorted(group for group in groups if group.startswith((NAMED, TWINS)))
    if not named:
        return min(groups)
    torn = [group for group in named if len(parts[group]) > 1]
    if not torn and len(set().union(*(parts[group] for group in groups))) > 1:
        return f"{TWINS}{named[0].removeprefix(NAMED).removeprefix(TWINS)}"
    return (torn or named)[0]


def _named(name: str) -> str:
    return f"{NAMED}{name}"


def _of_bytes(digest: str) -> str:
    return f"bytes:{digest}"


def encode_groups(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """A number for each sample's group, (N,), as folds take them."""
    _, numbers = np.unique([sample.group for sample in samples], return_inverse=True)
    return numbers.astype(np.int64)
