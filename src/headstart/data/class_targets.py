"""Targets that are names of classes: why none can be fitted on them, and samples matched to a saved model's classes."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from headstart.data.copied_classes import describe_copied_classes
from headstart.data.names import preview
from headstart.data.no_items import describe_no_items
from headstart.data.samples import FileStatus, LedgerEntry, Samples, Subset
from headstart.data.small_classes import FLAG
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.task import TargetSpace

_MOST_DIGITS = 15  #: of a number that a float keeps whole


def find_class_problems(samples: Samples) -> list[str]:
    """Return why nothing can be fitted on samples of classes: no class, only one, or a class with too few samples.

    Args:
        samples: whose targets are indices of classes.
    """
    if not samples.classes:
        reasons = _describe_reasons(samples.ledger.entries)
        many = samples.noun.many
        wanted = f"a folder per class with {many} in it, a table with path and label, or arrays with labels"
        return [f"{samples.root!r} has no class with {many}{reasons}; wanted {wanted}"]
    problems = []
    if len(samples.classes) == 1:
        problems.append(
            f"{samples.root!r} has only one class, {samples.classes[0]!r}; wanted two or more; add "
            f"{samples.noun.many} of what it is to be told from"
        )
    copied = describe_copied_classes(samples)
    if not samples.samples and len(samples.classes) > 1 and samples.ledger.entries:
        return [copied or describe_no_items(samples)]
    small = _find_small_classes(samples)
    return [*problems, *([copied] if copied and small else []), *small]


def _find_small_classes(samples: Samples) -> list[str]:
    """Return problems of classes with too few samples."""
    given = any(sample.subset for sample in samples.samples)
    usable = Counter(sample.target for sample in samples.samples)
    in_train = Counter(sample.target for sample in samples.samples if sample.subset is Subset.TRAIN)
    carve = given and all(sample.subset is not Subset.VALIDATION for sample in samples.samples)
    by_class = defaultdict(list)
    for entry in samples.ledger.entries:
        by_class[entry.label].append(entry)
    problems, noun = [], samples.noun
    for label, name in enumerate(samples.classes):
        if not usable[label]:
            reasons = _describe_reasons(by_class[name])
            problems.append(f"class {name!r} has no usable {noun.one}{reasons}; add {noun.many} or remove it")
        elif given and not in_train[label]:
            problems.append(f"class {name!r} has no usable {noun.one} in train; wanted one at least; move some there")
        elif carve and in_train[label] < 2:
            problems.append(
                f"class {name!r} has 1 {noun.one} in train; wanted 2, one to train on and one for validation"
            )
        elif not given and usable[label] < 3:
            problems.append(
                f"class {name!r} has {usable[label]} usable {noun.form(usable[label])}; wanted 3 at least, one "
                f"each to train on, to choose by and to test on; add {noun.many} or remove the class"
            )
    if problems and len(samples.classes) > 2:
        most = 2 if carve else 1 if given else 3
        problems[0] += f"; {FLAG} {most} leaves out classes that are smaller"
    return problems


def _describe_reasons(entries: Sequence[LedgerEntry]) -> str:
    """Return the most frequent reasons why files were skipped, in brackets."""
    reasons = Counter(entry.reason for entry in entries if entry.status is FileStatus.SKIPPED)
    if not reasons:
        return ""
    most = [f"{count} {reason}" for reason, count in reasons.most_common()]
    return f" (skipped: {preview(most, show=str)})"


def match_classes(samples: Samples, space: TargetSpace) -> Samples:
    """Return samples with classes matched by name to those of a saved model.

    Args:
        samples: whose targets are indices of their own classes.
        space: the model's.

    Raises:
        DataError: there is no sample with a label, or one of a class that the model does not know.
    """
    _check_scorable(samples, space.names)
    index = [space.names.index(name) for name in samples.classes]
    matched = tuple(replace(sample, target=index[sample.target]) for sample in samples.samples)
    return replace(samples, space=space, samples=matched)


def _check_scorable(samples: Samples, known: Sequence[str]) -> None:
    """Raise an error where samples cannot be scored by a model of some classes; it says what lies there.

    Raises:
        DataError: there is no sample with a label, or one of a class that the model does not know.
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


def note_similar_names(names: Iterable[str]) -> list[str]:
    """Return a note where class names differ in case, in blanks and the like, or in how a number is written only.

    A table filled in by several hands, or by a program and a spreadsheet, has such names.

    Args:
        names: of the classes, in order.
    """
    similar: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        similar[_normalise(name)].append(name)
    sets = [same for same in similar.values() if len(same) > 1]
    if not sets:
        return []
    shown = preview([" and ".join(map(repr, same[:4])) for same in sets], show=str)
    return [f"classes that may be one are kept apart: {shown}; give them one name where they are"]


def _normalise(name: str) -> str:
    """Return a name without case, blanks and signs; of a number its value."""
    text = name.strip()
    if re.fullmatch(r"[+-]?\d{1,15}(\.\d*)?", text) and sum(map(str.isdigit, text)) <= _MOST_DIGITS:
        return f"number {float(text)}"
    return re.sub(r"[\s_\-.]+", " ", text).strip().casefold() or name
