"""Classes with fewer samples than a setting says, which are left out: each of their samples with its line."""

from collections import Counter
from dataclasses import replace

from headstart.data.names import preview
from headstart.data.samples import FileStatus, Samples, Subset
from headstart_runtime.errors import SettingError

FLAG = "--min-samples"
MOST_SHOWN = 5  #: classes in a note


def leave_out_small(samples: Samples, fewest: int) -> Samples:
    """Return samples without the classes of fewer usable ones, in the train part where one is given, and a note.

    Args:
        samples: of any task.
        fewest: usable samples of a class that stays; 0 keeps all.

    Raises:
        SettingError: the task has no classes.
    """
    if fewest <= 0:
        return samples
    if not samples.task.targets.single:
        raise SettingError(f"{FLAG} leaves out classes, and {samples.task.title} has none; drop it")
    counted = [sample for sample in samples.samples if sample.subset is Subset.TRAIN] or samples.samples
    counts = Counter(sample.target for sample in counted)
    kept = [place for place in range(len(samples.classes)) if counts[place] >= fewest]
    if len(kept) == len(samples.classes):
        return samples
    small = {place: counts[place] for place in range(len(samples.classes)) if place not in set(kept)}
    reason = f"a class of fewer than {fewest} usable {samples.noun.many} ({FLAG})"
    gone = {sample.name for sample in samples.samples if sample.target in small}
    changes = {
        entry.name: replace(entry, status=FileStatus.SKIPPED, reason=reason)
        for entry in samples.ledger.entries
        if entry.name in gone
    }
    left = samples.with_updates(changes)
    places = {place: number for number, place in enumerate(kept)}
    shown = preview([f"{samples.classes[it]!r} ({count})" for it, count in small.items()], show=str, most=MOST_SHOWN)
    note = f"classes of fewer than {fewest} usable {samples.noun.many} are left out: {shown}"
    return replace(
        left,
        space=samples.task.targets.keep_names(samples.space, kept),
        samples=tuple(replace(sample, target=places[sample.target]) for sample in left.samples),
        ledger=replace(left.ledger, notes=(*left.ledger.notes, note)),
    )
