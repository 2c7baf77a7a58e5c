"""Names of ordered classes, read as ranks."""

from collections.abc import Mapping, Sequence

import numpy as np

from headstart.data.class_targets import find_class_problems, match_classes, note_similar_names
from headstart.data.names import natural_key, preview
from headstart.data.samples import Samples
from headstart.label_text import LabelForm
from headstart.tasks.facets import Claim, LabelSource, Strata
from headstart.tasks.ordinal.order import are_grades, check_order, match_order, sort_by_numbers, sort_by_words
from headstart_runtime.arrays import Doubles, Ints
from headstart_runtime.errors import DataError, nearest
from headstart_runtime.tasks.task import TargetSpace

NAME = "ordinal"
ORDER, ORDER_FROM = "order", "order_from"  #: facts of the space: the names from lowest to highest, and who says so
_KNOWN = {"numbers": "the numbers in their names", "words": "what these words mean"}


def make_rank_space(names: Sequence[str], order_from: str) -> TargetSpace:
    """Return the space of classes in the order of their names as given.

    Args:
        names: from lowest to highest.
        order_from: "given", "numbers", "words", or "" where the order is not known.
    """
    return TargetSpace(NAME, tuple(names), {ORDER: list(names), ORDER_FROM: order_from})


class RankTargets:
    """A target is the rank of a class: 0 for the lowest."""

    reads: frozenset[LabelForm] = frozenset({"one"})
    ordered = True
    single = True

    def claim(self, labels: Sequence[str], source: LabelSource) -> Claim | None:
        """Return that an order of the classes is given, or that they look like grades."""
        classes = sorted(set(labels), key=natural_key)
        if source.form not in self.reads:
            return None
        if source.order:
            return Claim("an order of the classes is given (--order)", certain=True)
        if not are_grades(classes):
            return None
        order = sort_by_numbers(classes) or sort_by_words(classes) or ()
        return Claim(f"they may be grades, from {order[0]!r} to {order[-1]!r}", certain=False)

    def read_space(self, labels: Mapping[str, str], source: LabelSource) -> TargetSpace:
        """Return the classes in their order: as given, by their numbers, or by words; else as not known.

        Raises:
            DataError: an order that was given is not of these classes.
        """
        classes = sorted(source.classes, key=natural_key)
        if source.order:
            order = match_order(source.order, classes)
            check_order(order, classes)
            return make_rank_space(order, "given")
        for order_from, found in (("numbers", sort_by_numbers(classes)), ("words", sort_by_words(classes))):
            if found:
                return make_rank_space(found, order_from)
        return make_rank_space(classes, "")

    def keep_names(self, space: TargetSpace, places: Sequence[int]) -> TargetSpace:
        """Return the space of some of the classes, in their order."""
        return make_rank_space([space.names[place] for place in places], space.facts[ORDER_FROM])

    def list_columns(self, space: TargetSpace) -> Sequence[str]:
        """Return nothing: classes stand in cells."""
        return ()

    def parse(self, space: TargetSpace, label: str) -> int:
        """Return the rank of a class.

        Raises:
            DataError: it is none of these.
        """
        if label not in space.names:
            raise DataError(f"label {label!r} is no class of this data; {nearest(label, list(space.names))}")
        return space.names.index(label)

    def describe(self, space: TargetSpace, target: int) -> str:
        """Return the name of a class."""
        return space.names[target]

    def stack(self, targets: Sequence[int]) -> Ints:
        """Return ranks, (N,) int64."""
        return np.array(targets, dtype=np.int64)

    def conflict(self, first: int, second: int) -> bool:
        """Return whether two ranks differ: of samples with equal bytes at most one label is right."""
        return first != second

    def merge(self, first: int, second: int) -> int | None:
        """Return that no sample has two ranks."""
        return None

    def measure_distances(self, targets: Ints, first: Ints, second: Ints) -> Doubles:
        """Return how far apart the ranks of rows are, (M,): 0 the same, 1 the lowest and the highest that there are.

        Args:
            targets: ranks of all rows, (N,).
            first: rows, (M,).
            second: rows that they are compared with, (M,).
        """
        widest = max(1, int(targets.max(initial=0) - targets.min(initial=0)))
        return np.asarray(np.abs(targets[first] - targets[second]) / widest, np.float64)

    def count_unknown(self, space: TargetSpace, targets: Ints) -> Mapping[str, int]:
        """Return that the rank of every sample is known."""
        return {}

    def stratify(self, space: TargetSpace, targets: Ints) -> Strata:
        """Return the classes as strata; each subset must have a sample of each."""
        return Strata(targets, space.names, "class", required=True)

    def find_problems(self, samples: Samples) -> list[str]:
        """Return why nothing can be fitted on samples: an order that is not known, no class, or too few samples."""
        problems = find_class_problems(samples)
        if len(samples.classes) > 1 and not samples.space.facts[ORDER_FROM]:
            seen = preview(list(samples.classes))
            problems.insert(
                0,
                f"the order of the classes {seen} is not known: their names are neither numbers nor words of a scale; "
                f'wanted --order from lowest to highest, such as --order "{",".join(samples.classes[:4])}"',
            )
        return problems

    def match(self, samples: Samples, space: TargetSpace) -> Samples:
        """Return samples with classes matched by name to those of a saved model.

        Raises:
            DataError: there is no sample with a label, or one of a class that the model does not know.
        """
        return match_classes(samples, space)

    def note(self, space: TargetSpace) -> list[str]:
        """Return notes on the order that was taken, and on names that may be one class."""
        known = _KNOWN.get(space.facts[ORDER_FROM])
        order = " < ".join(space.names[:8]) + (" < ..." if len(space.names) > 8 else "")
        taken = [f"the classes are ordered by {known}: {order}; --order says another"] if known else []
        return [*taken, *note_similar_names(space.names)]

    def describe_space(self, space: TargetSpace) -> str:
        """Return the number of classes."""
        return f"{len(space.names)} ordered class{'es' * (len(space.names) != 1)}"
