"""A fit of a drawn layout, and what it read held against what a check read."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from headstart.data.ledger import load_ledger
from headstart.data.samples import GroupKind, Samples, Subset
from headstart.data.split import load_split
from headstart.runs.run import Run
from headstart.storage.run_layout import LEDGER
from headstart_runtime.errors import UserError


def try_fit(fit: Callable[..., Run], tries: Sequence[tuple[Path, Mapping[str, str]]], samples: Samples) -> str:
    """Fit as a newcomer would, and return "right" or what went wrong.

    Args:
        fit: fits a source with keywords.
        tries: the bare source, and where that was refused what the message proposed.
        samples: that the check read in the end.
    """
    refusal = ""
    for number, (source, options) in enumerate(tries, 1):
        try:
            run = fit(source, **options)
        except UserError as error:
            refusal = str(error)
        except Exception as error:  # noqa: BLE001 (a traceback is what is looked for here)
            return f"{type(error).__name__}: {error}"
        else:
            return compare_run(run.folder, samples) or "right" if number == len(tries) else "fitted what check refused"
    return f"refused: {refusal}"


def compare_run(folder: Path, samples: Samples) -> str:
    """Return where a run's samples differ from those of a check; "" where they do not."""
    fitted = {(entry.name, entry.status, entry.label, entry.digest) for entry in load_ledger(folder / LEDGER).entries}
    checked = {(entry.name, entry.status, entry.label, entry.digest) for entry in samples.ledger.entries}
    if differ := sorted(fitted ^ checked):
        return f"{len(differ)} lines of the ledger differ, such as {differ[0][:3]}"
    split = load_split(folder)
    given = {sample.subset for sample in samples.samples if sample.subset}
    groups: defaultdict[str, set[Subset]] = defaultdict(set)
    for sample in samples.samples:
        subset = split.subsets.get(sample.id)
        if subset is None:
            return f"{sample.name!r} is in no part"
        carved = subset is Subset.VALIDATION and sample.subset is Subset.TRAIN and Subset.VALIDATION not in given
        if sample.subset is not None and subset is not sample.subset and not carved:
            return f"{sample.name!r} is in {subset}, not in {sample.subset}"
        if sample.group.kind is GroupKind.NAMED and not given:
            groups[sample.group.name].add(subset)
    if torn := [name for name, subsets in groups.items() if len(subsets) > 1]:
        return f"group {torn[0]!r} lies in several parts"
    return ""
