"""Distances of probabilities from the thresholds by which answers are taken.

A threshold of 0.1 is one half for whoever goes by it: 0.2 says there more surely that something is there than it says
at a threshold of 0.19. So probabilities are moved until the threshold is one half, and are then compared.
"""

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Doubles


def centre_on_threshold(probabilities: NDArray[np.floating], thresholds: NDArray[np.floating] | float) -> Doubles:
    """Return probabilities (...) moved so that their thresholds become 0.5, while 0 and 1 stay what they are.

    Between these three they move in straight lines, so their order stays. What reaches its threshold comes to 0.5 or
    more, whatever rounding does.

    Args:
        probabilities: in 0..1.
        thresholds: of a shape that broadcasts; above 1: nothing reaches them.
    """
    said, least = np.broadcast_arrays(probabilities.astype(np.float64), np.asarray(thresholds, np.float64))
    reached = said >= least
    above = 0.5 + 0.5 * (said - least) / np.where(least < 1, 1 - least, 1)
    below = 0.5 * said / np.where(least > 0, least, 1)
    top = np.where(least < 1, above, 1.0)
    return np.where(reached, np.clip(top, 0.5, 1), np.clip(below, 0, np.nextafter(0.5, 0)))
