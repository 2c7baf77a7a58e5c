"""Samples from listed and inspected files: labels read as targets, conflicts skipped, groups and copies numbered."""

from collections.abc import Sequence
from itertools import pairwise

from headstart.data.group_proposals import propose_column_groups
from headstart.data.groups import assign_groups
from headstart.data.inspection import Inspected
from headstart.data.names import natural_key
from headstart.data.readers.listing import SourceListing
from headstart.data.same_bytes import find_contradicted, settle_same_bytes
from headstart.data.samples import FileStatus, Ledger, Sample, Samples, number_copies
from headstart.data.targets import AUTO, choose_task, make_label_source, read_targets
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.tasks.task import Target


def assemble_samples(
    listing: SourceListing,
    inspected: Sequence[Inspected],
    modality: Modality,
    task: str = AUTO,
    order: str | None = None,
) -> Samples:
    """Return the samples of a source in natural order, and the ledger of every file seen.

    Args:
        listing: of the source.
        inspected: its files.
        modality: of the items.
        task: the name of one, or ``AUTO``: the labels decide.
        order: of the labels, from the lowest to the highest with commas between; None for none.

    Raises:
        DataError: labels that the task cannot have.
        SettingError: there is no such task, or it has no use of an order.
    """
    source = make_label_source(listing, order, find_contradicted(inspected))
    chosen = choose_task(task, [item.raw.label for item in inspected], source)
    targets = read_targets(chosen.task, source, [item.raw for item in inspected])
    settled = settle_same_bytes(inspected, targets, merged=source.form == "one")
    items = settled.items
    entries = [*listing.entries, *(item.entry for item in items)]
    accepted = [item for item in items if item.entry.status is FileStatus.ACCEPTED]
    if listing.entries or not _is_in_order(items):  # of many rows of a table the keys take more memory than the rows
        keys = {item.raw.name: natural_key(item.raw.name) for item in items}
        entries.sort(key=lambda entry: keys.get(entry.name) or natural_key(entry.name))
        accepted.sort(key=lambda item: keys[item.raw.name])
    notes = (
        *listing.notes,
        *chosen.notes,
        *chosen.proposals,
        *_note_merged(settled.merged, modality.noun),
        *chosen.task.targets.note(targets.space),
        *modality.summarise([item.entry.facts for item in accepted]),
    )
    own = [settled.targets.get(item.raw.name, targets.by_label[item.raw.label]) for item in accepted]
    return Samples(
        targets.space,
        tuple(_make_samples(accepted, own)),
        Ledger(tuple(entries), listing.ignored, notes, listing.in_rows, modality.name),
        listing.root,
        modality.name,
        column=listing.column,
        item_columns=listing.item_columns,
        decisions=listing.decisions,
        form=listing.form,
        proposals=chosen.proposals,
        doubt=chosen.doubt,
        proposed_groups=tuple(propose_column_groups(listing)),
    )


def _is_in_order(items: Sequence[Inspected]) -> bool:
    """Return whether items stand in natural order of their names, as rows of a table do."""
    return all(before <= after for before, after in pairwise(natural_key(item.raw.name) for item in items))


def _note_merged(count: int, noun: Noun) -> list[str]:
    """Return a note on items that lie under several labels."""
    lie = "lies" if count == 1 else "lie"
    return (
        [f"{noun.count(count)} {lie} under several labels byte for byte: read once, with all of these"] if count else []
    )


def _make_samples(accepted: Sequence[Inspected], targets: Sequence[Target]) -> list[Sample]:
    digests = [item.entry.digest for item in accepted]
    groups = assign_groups(digests, [item.raw.group for item in accepted])
    return [
        Sample(
            item.raw.name,
            item.entry.digest,
            target,
            group,
            item.raw.subset,
            item.raw.source,
            item.entry.properties,
            copy,
        )
        for item, target, copy, group in zip(accepted, targets, number_copies(digests), groups, strict=True)
    ]
