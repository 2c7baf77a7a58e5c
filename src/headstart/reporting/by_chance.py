"""What a score would be by chance alone, to hold the real one against."""

from collections.abc import Mapping, Sequence
from math import pi, sqrt
from typing import Any


def ece_by_chance(bins: Sequence[Mapping[str, Any]], worth: float = 1.0) -> float:
    """The calibration error (ECE) that perfect probabilities show on so few photos, on average.

    In a bin of n photos with mean confidence c the share that is right then scatters about c with a standard deviation
    of sqrt(c (1 - c) / n), and the mean distance of a normal variable from its mean is sqrt(2 / pi) of that. Where
    photos belong together they scatter as fewer do.

    Args:
        bins: of a reliability diagram, each with ``n`` and ``confidence``.
        worth: of a photo, where several tell as much as one by itself: their effective number over their number.
    """
    photos = 0
    distance = 0.0
    for it in bins:
        photos += it["n"]
        distance += sqrt(2 / pi * it["n"] / worth * it["confidence"] * (1 - it["confidence"]))
    return distance / max(1, photos)
