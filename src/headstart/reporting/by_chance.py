"""The calibration error that chance alone explains, to hold the measured one against."""

from collections.abc import Sequence
from math import pi, sqrt

from headstart.evaluation.reliability import Bin


def ece_by_chance(bins: Sequence[Bin], worth: float = 1.0) -> float:
    """Return the calibration error (ECE) that perfect probabilities show on so few samples, on average.

    In a bin of n samples with mean confidence c the share that is right then scatters about c with a standard deviation
    of sqrt(c (1 - c) / n), and the mean distance of a normal variable from its mean is sqrt(2 / pi) of that. Where
    samples belong together they scatter as fewer do.

    Args:
        bins: of a reliability diagram.
        worth: of a sample, where several tell as much as one by itself: their effective number over their number.
    """
    items = sum(single.n for single in bins)
    distance = sum(sqrt(2 / pi * single.n / worth * single.confidence * (1 - single.confidence)) for single in bins)
    return distance / max(1, items)
