"""Groups for samples that tests make."""

from headstart.data.samples import GroupKind, SampleGroup


def by_content(digest: str) -> SampleGroup:
    return SampleGroup(GroupKind.CONTENT, digest)


def by_name(name: str) -> SampleGroup:
    return SampleGroup(GroupKind.NAMED, name)
