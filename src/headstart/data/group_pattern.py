"""Groups that a pattern reads off the names of items, whatever source they are in."""

from dataclasses import replace

from headstart.data.readers.listing import SourceListing
from headstart.settings.class_pattern import read_group_pattern
from headstart_runtime.errors import DataError


def apply_group_pattern(listing: SourceListing, pattern: str) -> SourceListing:
    """Return the listing with the groups that a pattern reads, in place of others, and a note on them.

    Args:
        listing: of a source.
        pattern: as ``--group-pattern`` has it.

    Raises:
        DataError: it fits none of the names.
    """
    read = read_group_pattern(pattern).read
    groups = [read(raw.name) for raw in listing.samples]
    found = sum(map(bool, groups))
    if listing.samples and not found:
        raise DataError(f"group_pattern {pattern!r} fits none of the names, such as {listing.samples[0].name!r}")
    missed = next((raw.name for raw, group in zip(listing.samples, groups, strict=True) if not group), "")
    rest = f"; {len(groups) - found} names do not fit, such as {missed!r}, and stay apart" if missed else ""
    note = f"the names say {len(set(groups) - {''})} groups of {found} rows or files, by group_pattern{rest}"
    kept = tuple(replace(raw, group=group) for raw, group in zip(listing.samples, groups, strict=True))
    return replace(listing, samples=kept, notes=(*listing.notes, note), proposed=())
