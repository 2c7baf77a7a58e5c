"""Which samples must never straddle a split: those with equal bytes, and those the user says belong together."""

from collections.abc import Sequence


def joined_groups(digests: Sequence[str], named: Sequence[str]) -> list[str]:
    """A group for each sample: samples that share a digest or a name, directly or through others, share it.

    Args:
        digests: of the samples' content.
        named: what the user calls each sample's group; "" for none.

    Returns:
        The digest where no name is involved; else "group:" and the first name, in code order, of all that were joined.
    """
    parent: dict[str, str] = {}

    def find(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for digest, name in zip(digests, named, strict=True):
        if name:
            parent[find(_of_bytes(digest))] = find(_named(name))
    first: dict[str, str] = {}
    for name in sorted({name for name in named if name}):
        first.setdefault(find(_named(name)), _named(name))
    return [first.get(find(_of_bytes(digest)), digest) for digest in digests]


def _named(name: str) -> str:
    return f"group:{name}"


def _of_bytes(digest: str) -> str:
    return f"bytes:{digest}"
