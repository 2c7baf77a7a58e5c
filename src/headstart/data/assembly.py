"""Samples from listed and inspected files: conflicts skipped, classes ordered, groups and copies numbered."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from headstart.data.groups import assign_groups
from headstart.data.inspection import Inspected
from headstart.data.names import natural_key, preview
from headstart.data.readers.listing import SourceListing
from headstart.data.samples import FileStatus, Ledger, LedgerEntry, Sample, Samples, Subset, number_copies
from headstart.data.similar_names import note_similar_names
from headstart.modalities.image.decoding.depth import summarise_depths


def assemble_samples(listing: SourceListing, inspected: Sequence[Inspected]) -> Samples:
    """Return the samples of a source in natural order, and the ledger of every file seen."""
    inspected = _skip_conflicts(inspected)
    entries = sorted((*listing.entries, *(item.entry for item in inspected)), key=lambda entry: natural_key(entry.name))
    classes = tuple(sorted(listing.classes, key=natural_key))
    accepted = [item for item in inspected if item.entry.status is FileStatus.ACCEPTED]
    accepted.sort(key=lambda item: natural_key(item.raw.name))
    notes = (
        *listing.notes,
        *note_similar_names(classes),
        *summarise_depths([it.entry.depth for it in accepted if it.entry.depth]),
    )
    return Samples(
        classes,
        tuple(_make_samples(accepted, classes)),
        Ledger(tuple(entries), listing.ignored, notes),
        listing.root,
    )


def find_problems(samples: Samples) -> list[str]:
    """Return why nothing can be fitted on these samples: what was seen, wanted, and what to do; empty when it can."""
    if not samples.classes:
        reasons = _describe_reasons(samples.ledger.entries)
        wanted = "a folder per class with photos in it, a table with path and label, or arrays of images and labels"
        return [f"{samples.root!r} has no class with photos{reasons}; wanted {wanted}"]
    problems = []
    if len(samples.classes) == 1:
        problems.append(
            f"{samples.root!r} has only one class, {samples.classes[0]!r}; wanted two or more; add photos of what "
            "it is to be told from"
        )
    given = any(sample.subset for sample in samples.samples)
    usable = Counter(sample.label for sample in samples.samples)
    in_train = Counter(sample.label for sample in samples.samples if sample.subset is Subset.TRAIN)
    carve = given and all(sample.subset is not Subset.VALIDATION for sample in samples.samples)
    by_class = defaultdict(list)
    for entry in samples.ledger.entries:
        by_class[entry.label].append(entry)
    for label, name in enumerate(samples.classes):
        if not usable[label]:
            reasons = _describe_reasons(by_class[name])
            problems.append(f"class {name!r} has no usable photo{reasons}; add photos or remove it")
        elif given and not in_train[label]:
            problems.append(f"class {name!r} has no usable photo in train; wanted one at least; move some there")
        elif carve and in_train[label] < 2:
            problems.append(f"class {name!r} has 1 photo in train; wanted 2, one to train on and one for validation")
        elif not given and usable[label] < 3:
            problems.append(
                f"class {name!r} has {usable[label]} usable photo{'s' * (usable[label] > 1)}; wanted 3 at least, one "
                "each to train on, to choose by and to test on; add photos or remove the class"
            )
    return problems


def _describe_reasons(entries: Sequence[LedgerEntry]) -> str:
    """Return the most frequent reasons why files were skipped, in brackets."""
    reasons = Counter(entry.reason for entry in entries if entry.status is FileStatus.SKIPPED)
    if not reasons:
        return ""
    most = [f"{count} {reason}" for reason, count in reasons.most_common()]
    return f" (skipped: {preview(most, show=str)})"


def _make_samples(accepted: Sequence[Inspected], classes: Sequence[str]) -> list[Sample]:
    index = {name: label for label, name in enumerate(classes)}
    digests = [item.entry.digest for item in accepted]
    groups = assign_groups(digests, [item.raw.group for item in accepted])
    return [
        Sample(
            item.raw.name,
            item.entry.digest,
            index[item.raw.label],
            group,
            item.raw.subset,
            item.raw.source,
            item.entry.depth,
            copy,
        )
        for item, copy, group in zip(accepted, number_copies(digests), groups, strict=True)
    ]


def _skip_conflicts(inspected: Sequence[Inspected]) -> list[Inspected]:
    """Skip files with equal bytes and different labels: at most one is right, and nothing here says which."""
    same = defaultdict(list)
    for item in inspected:
        if item.entry.status is FileStatus.ACCEPTED:
            same[item.entry.digest].append(item)
    return [_skip_contradicted(item, same.get(item.entry.digest, [])) for item in inspected]


def _skip_contradicted(item: Inspected, same: Sequence[Inspected]) -> Inspected:
    others = [other.raw for other in same if other.raw.label != item.raw.label]
    if not others:
        return item
    other = min(others, key=lambda found: natural_key(found.name))
    reason = f"the same bytes as {other.name!r}, which is labelled {other.label!r}"
    return replace(item, entry=replace(item.entry, status=FileStatus.SKIPPED, reason=reason))
