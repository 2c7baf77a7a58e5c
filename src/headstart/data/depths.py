"""Photos with more than 8 bits in a set: the ranges that scale them, and their notes in the ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from headstart.data.samples import FileStatus, Sample, Samples
from headstart.modalities.image.decoding.depth import (
    describe_depth,
    describe_scaling,
    fit_common_ranges,
    fit_range,
)
from headstart.modalities.image.spec import GreyRange


def find_grey_ranges(train: Iterable[Sample]) -> tuple[GreyRange, ...]:
    """Return the ranges of training photos with more than 8 bits, one for each kind; none where all have 8."""
    return fit_common_ranges([sample.depth for sample in train if sample.depth is not None])


def describe_ranges(ranges: Sequence[GreyRange], photos: int) -> str:
    """Return a line on the ranges that training photos, so many, are scaled by."""
    each = [f"{it.low:.6g}..{it.high:.6g} ({it.kind})" for it in ranges]
    return f"photos with more than 8 bits are scaled by {', '.join(each)}, the range of {photos} of them in train"


def note_scaling(samples: Samples, ranges: Sequence[GreyRange]) -> Samples:
    """Return the samples with a note in the ledger on each photo with more than 8 bits: how it is scaled."""
    by_kind = {it.kind: it for it in ranges}
    changes = {}
    for entry in samples.ledger.entries:
        depth = entry.depth
        if depth is not None and entry.status is not FileStatus.SKIPPED:
            of_set = by_kind.get(depth.kind)
            scaling = describe_scaling(depth, of_set or fit_range(depth), "the set's" if of_set else "its own")
            changes[entry.name] = replace(entry, note=entry.note.replace(describe_depth(depth), scaling))
    return samples.with_updates(changes) if changes else samples
