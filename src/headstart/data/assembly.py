"""Samples from listed and inspected files: labels read as targets, conflicts skipped, groups and copies numbered."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from headstart.data.groups import assign_groups
from headstart.data.inspection import Inspected
from headstart.data.names import natural_key
from headstart.data.readers.listing import SourceListing
from headstart.data.samples import FileStatus, Ledger, Sample, Samples, number_copies
from headstart.data.targets import AUTO, ReadTargets, choose_task, make_label_source, read_targets
from headstart.modalities.modality import Modality


def assemble_samples(
    listing: SourceListing, inspected: Sequence[Inspected], modality: Modality, task: str = AUTO
) -> Samples:
    """Return the samples of a source in natural order, and the ledger of every file seen.

    Args:
        listing: of the source.
        inspected: its files.
        modality: of the items.
        task: the name of one, or ``AUTO``: the labels decide.

    Raises:
        DataError: labels that the task cannot have.
        SettingError: there is no such task.
    """
    source = make_label_source(listing)
    chosen = choose_task(task, [item.raw.label for item in inspected], source)
    targets = read_targets(chosen.task, source, [item.raw for item in inspected])
    inspected = _skip_conflicts(inspected, targets)
    entries = sorted((*listing.entries, *(item.entry for item in inspected)), key=lambda entry: natural_key(entry.name))
    accepted = [item for item in inspected if item.entry.status is FileStatus.ACCEPTED]
    accepted.sort(key=lambda item: natural_key(item.raw.name))
    notes = (
        *listing.notes,
        *chosen.notes,
        *chosen.task.targets.note(targets.space),
        *modality.summarise([item.entry.facts for item in accepted]),
    )
    return Samples(
        targets.space,
        tuple(_make_samples(accepted, targets)),
        Ledger(tuple(entries), listing.ignored, notes, listing.in_rows, modality.name),
        listing.root,
        modality.name,
        column=listing.column,
        decisions=listing.decisions,
    )


def _make_samples(accepted: Sequence[Inspected], targets: ReadTargets) -> list[Sample]:
    digests = [item.entry.digest for item in accepted]
    groups = assign_groups(digests, [item.raw.group for item in accepted])
    return [
        Sample(
            item.raw.name,
            item.entry.digest,
            targets.by_label[item.raw.label],
            group,
            item.raw.subset,
            item.raw.source,
            item.entry.properties,
            copy,
        )
        for item, copy, group in zip(accepted, number_copies(digests), groups, strict=True)
    ]


def _skip_conflicts(inspected: Sequence[Inspected], targets: ReadTargets) -> list[Inspected]:
    """Skip files with equal bytes whose labels cannot all be right: nothing here says which is."""
    same = defaultdict(list)
    for item in inspected:
        if item.entry.status is FileStatus.ACCEPTED:
            same[item.entry.digest].append(item)
    return [_skip_contradicted(item, same.get(item.entry.digest, []), targets) for item in inspected]


def _skip_contradicted(item: Inspected, same: Sequence[Inspected], targets: ReadTargets) -> Inspected:
    own, conflict = targets.by_label[item.raw.label], targets.task.targets.conflict
    others = [other.raw for other in same if conflict(targets.by_label[other.raw.label], own)]
    if not others:
        return item
    other = min(others, key=lambda found: natural_key(found.name))
    reason = f"the same bytes as {other.name!r}, which is labelled {other.label!r}"
    return replace(item, entry=replace(item.entry, status=FileStatus.SKIPPED, reason=reason))
