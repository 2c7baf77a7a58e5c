"""Class names, read as indices; strata and conflicts of classes, and what too few photos of one mean."""

from collections.abc import Sequence

import numpy as np

from headstart.arrays import Ints
from headstart.data.assembly import find_problems
from headstart.data.names import natural_key
from headstart.data.samples import Samples
from headstart.data.similar_names import note_similar_names
from headstart.errors import DataError, nearest
from headstart.tasks.facets import Strata
from headstart.tasks.task import TargetSpace


class ClassTargets:
    """A target is the index of a class, in the natural order of the names."""

    def claim(self, labels: Sequence[str]) -> str:
        """Return that any labels can be the names of classes."""
        return "labels are names of classes"

    def read_space(self, labels: Sequence[str], names: Sequence[str]) -> TargetSpace:
        """Return the classes that a source names, in natural order."""
        return TargetSpace("classification", tuple(sorted(names, key=natural_key)))

    def parse(self, space: TargetSpace, label: str) -> int:
        """Return the index of a class.

        Raises:
            DataError: it is none of these.
        """
        try:
            return space.names.index(label)
        except ValueError:
            known = nearest(label, list(space.names))
            raise DataError(f"label {label!r} is no class of these photos; {known}") from None

    def describe(self, space: TargetSpace, target: int) -> str:
        """Return the name of a class."""
        return space.names[target]

    def stack(self, targets: Sequence[int]) -> Ints:
        """Return indices of classes, (N,) int64."""
        return np.array(targets, dtype=np.int64)

    def conflict(self, first: int, second: int) -> bool:
        """Return whether two classes differ: of photos with equal bytes at most one label is right."""
        return first != second

    def stratify(self, space: TargetSpace, targets: Sequence[int]) -> Strata:
        """Return the classes as strata; each subset must have a photo of each."""
        return Strata(self.stack(targets), space.names, required=True)

    def find_problems(self, samples: Samples) -> list[str]:
        """Return why nothing can be fitted on samples: no class, only one, or a class with too few photos."""
        return find_problems(samples)

    def note(self, space: TargetSpace) -> list[str]:
        """Return a note where names of classes differ in case, blanks and the like only."""
        return note_similar_names(space.names)

    def describe_space(self, space: TargetSpace) -> str:
        """Return the number of classes."""
        return f"{len(space.names)} classes"
