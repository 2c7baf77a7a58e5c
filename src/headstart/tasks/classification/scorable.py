"""A check that a saved classifier can be scored on samples; where it cannot, what lies there."""

from collections.abc import Sequence

from headstart.data.names import preview
from headstart.data.samples import FileStatus, Samples
from headstart.errors import DataError


def check_scorable(samples: Samples, known: Sequence[str]) -> None:
    """Raise an error where samples cannot be scored by a classifier.

    Args:
        samples: with their labels.
        known: the classifier's classes.

    Raises:
        DataError: there is no sample with a label, or one of a class that the classifier does not know.
    """
    many = samples.noun.many
    wanted = f"wanted {many} of {preview(list(known), show=str, most=8)}, in a folder per class or a table with labels"
    if not len(samples):
        raise DataError(f"{samples.root} has no {many} with a label{_describe_skipped(samples)}; {wanted}")
    unknown = [name for name in samples.classes if name not in known]
    if unknown:
        above = {name.split("/")[-2] for name in (sample.name for sample in samples.samples) if "/" in name}
        hint = ""
        if above and above <= set(known):
            hint = f"; the folders right above the {many} are known: to read these, add --classes-from parent"
        raise DataError(
            f"{samples.root} has classes that the classifier does not know ({preview(unknown, show=str, most=5)}); "
            f"{wanted}{hint}"
        )


def _describe_skipped(samples: Samples) -> str:
    """Return why each of the files that were seen has no label, most frequent first."""
    examples: dict[str, list[str]] = {}
    for entry in samples.ledger.entries:
        if entry.status is FileStatus.SKIPPED:
            examples.setdefault(entry.reason, []).append(entry.name)
    if not examples:
        return ": nothing lies there"
    most = sorted(examples.items(), key=lambda example: -len(example[1]))
    return ": " + preview([f"{len(names)} {reason}, such as {names[0]!r}" for reason, names in most], show=str)
