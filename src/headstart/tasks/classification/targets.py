"""Class names, read as indices; strata and conflicts of classes, and what too few samples of one mean."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from headstart.arrays import Ints
from headstart.data.copied_classes import describe_copied_classes
from headstart.data.names import natural_key, preview
from headstart.data.no_items import describe_no_items
from headstart.data.samples import FileStatus, LedgerEntry, Samples, Subset
from headstart.data.small_classes import FLAG
from headstart.errors import DataError, nearest
from headstart.modalities.item import CLASS
from headstart.tasks.classification.scorable import check_scorable
from headstart.tasks.classification.similar_names import note_similar_names
from headstart.tasks.facets import Claim, LabelSource, Strata
from headstart.tasks.task import TargetSpace


def make_class_space(names: Sequence[str]) -> TargetSpace:
    """Return the space of classes in the order of their names as given."""
    return TargetSpace("classification", tuple(names))


class ClassTargets:
    """A target is the index of a class, in the natural order of the names."""

    def claim(self, labels: Sequence[str], source: LabelSource) -> Claim | None:
        """Return that any labels can be the names of classes."""
        return Claim("they are names of classes", certain=False)

    def read_space(self, labels: Mapping[str, str], source: LabelSource) -> TargetSpace:
        """Return the classes that a source names, in natural order."""
        return make_class_space(sorted(source.classes, key=natural_key))

    def parse(self, space: TargetSpace, label: str) -> int:
        """Return the index of a class.

        Raises:
            DataError: it is none of these.
        """
        try:
            return space.names.index(label)
        except ValueError:
            known = nearest(label, list(space.names))
            raise DataError(f"label {label!r} is no class of this data; {known}") from None

    def describe(self, space: TargetSpace, target: int) -> str:
        """Return the name of a class."""
        return space.names[target]

    def stack(self, targets: Sequence[int]) -> Ints:
        """Return indices of classes, (N,) int64."""
        return np.array(targets, dtype=np.int64)

    def conflict(self, first: int, second: int) -> bool:
        """Return whether two classes differ: of samples with equal bytes at most one label is right."""
        return first != second

    def stratify(self, space: TargetSpace, targets: Ints) -> Strata:
        """Return the classes as strata; each subset must have a sample of each."""
        return Strata(targets, space.names, "class", required=True)

    def find_problems(self, samples: Samples) -> list[str]:
        """Return why nothing can be fitted on samples: no class, only one, or a class with too few samples."""
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

    def match(self, samples: Samples, space: TargetSpace) -> Samples:
        """Return samples with classes matched by name to those of a saved classifier.

        Raises:
            DataError: there is no sample with a label, or one of a class that the classifier does not know.
        """
        check_scorable(samples, space.names)
        index = [space.names.index(name) for name in samples.classes]
        matched = tuple(replace(sample, target=index[sample.target]) for sample in samples.samples)
        return replace(samples, space=space, samples=matched)

    def note(self, space: TargetSpace) -> list[str]:
        """Return a note where names of classes differ in case, blanks and the like only."""
        return note_similar_names(space.names)

    def describe_space(self, space: TargetSpace) -> str:
        """Return the number of classes."""
        return CLASS.count(len(space.names))


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
