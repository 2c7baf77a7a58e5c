"""Class names, read as indices; strata and conflicts of classes, and what too few samples of one mean."""

from collections.abc import Mapping, Sequence

import numpy as np

from headstart.data.class_targets import find_class_problems, match_classes, note_similar_names
from headstart.data.names import natural_key
from headstart.data.samples import Samples
from headstart.label_text import LabelForm
from headstart.tasks.facets import Claim, LabelSource, Strata
from headstart_runtime.arrays import Doubles, Ints
from headstart_runtime.errors import DataError, nearest
from headstart_runtime.modalities.item import CLASS
from headstart_runtime.tasks.task import TargetSpace


def make_class_space(names: Sequence[str]) -> TargetSpace:
    """Return the space of classes in the order of their names as given."""
    return TargetSpace("classification", tuple(names))


class ClassTargets:
    """A target is the index of a class, in the natural order of the names."""

    reads: frozenset[LabelForm] = frozenset({"one"})
    ordered = False
    single = True

    def claim(self, labels: Sequence[str], source: LabelSource) -> Claim | None:
        """Return that any labels can be the names of classes."""
        return Claim("they are names of classes", certain=False)

    def read_space(self, labels: Mapping[str, str], source: LabelSource) -> TargetSpace:
        """Return the classes that a source names, in natural order."""
        return make_class_space(sorted(source.classes, key=natural_key))

    def keep_names(self, space: TargetSpace, places: Sequence[int]) -> TargetSpace:
        """Return the space of some of the classes."""
        return make_class_space([space.names[place] for place in places])

    def list_columns(self, space: TargetSpace) -> Sequence[str]:
        """Return nothing: classes stand in cells."""
        return ()

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

    def merge(self, first: int, second: int) -> None:
        """Return that no sample is of two classes."""

    def count_unknown(self, space: TargetSpace, targets: Ints) -> Mapping[str, int]:
        """Return that the class of each sample is known."""
        return {}

    def measure_distances(self, targets: Ints, first: Ints, second: Ints) -> Doubles:
        """Return 1 for pairs of two classes, (M,), else 0."""
        return np.asarray(targets[first] != targets[second], np.float64)

    def stratify(self, space: TargetSpace, targets: Ints) -> Strata:
        """Return the classes as strata; each subset must have a sample of each."""
        return Strata(targets, space.names, "class", required=True)

    def find_problems(self, samples: Samples) -> list[str]:
        """Return why nothing can be fitted on samples: no class, only one, or a class with too few samples."""
        return find_class_problems(samples)

    def match(self, samples: Samples, space: TargetSpace) -> Samples:
        """Return samples with classes matched by name to those of a saved classifier.

        Raises:
            DataError: there is no sample with a label, or one of a class that the classifier does not know.
        """
        return match_classes(samples, space)

    def note(self, space: TargetSpace) -> list[str]:
        """Return a note where names of classes differ in case, blanks and the like only."""
        return note_similar_names(space.names)

    def describe_space(self, space: TargetSpace) -> str:
        """Return the number of classes."""
        return CLASS.count(len(space.names))
