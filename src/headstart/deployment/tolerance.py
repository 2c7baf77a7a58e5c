"""Limits of how far the answers of an export may be from the saved classifier's."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Limits of a proof. One item may always differ."""

    differing: float = 0.005  #: share of the items whose answer, such as the likeliest class, is another
    mean: float = 0.01  #: mean difference of the output that answers are read from, over its range
    flags: float = 0.02  #: share of items with another prediction set, or another side of the threshold of novelty
    #: Most that two candidates of an item may lie apart for which another one is answered; None: however far.
    margin: float | None = None
    decoded: float = 1.0  #: mean difference of decoded whole numbers, in levels of 0..255
    levels: float = 0.25  #: the same of those that networks read
    numbers: float = 0.005  #: mean difference of other numbers, over their mean size; whole ones have to be equal
    worst: float = 8.0  #: times the limit of a step's mean that a single item may be apart in it
    cosine: float = 0.99  #: least cosine of features, on average: below it the network runs otherwise

    def get_most(self, kind: str, *, decoded: bool) -> float:
        """Return the most that a step may differ whose tensor is of a kind: "levels", "share", "numbers"."""
        if kind == "levels":
            return self.decoded if decoded else self.levels
        return self.numbers if kind == "numbers" else 0.0

    def count_differing(self, items: int) -> int:
        """Return how many of so many items may be answered otherwise."""
        return max(1, math.floor(self.differing * items))

    def count_flags(self, items: int) -> int:
        """Return how many of so many items may have another set, or another flag."""
        return max(1, math.floor(self.flags * items))


EXACT = Tolerance()  #: float32
HALF = Tolerance(differing=0.02, flags=0.05, margin=0.05)  #: bfloat16
