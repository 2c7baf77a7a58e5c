"""The length of windows, fitted to the training clips."""

from collections.abc import Sequence

import numpy as np

from headstart_runtime.modalities.sound.spec import SoundSpec

SHARE = 0.99  #: of the training clips that fit into one window
#: Lengths that a window may have, in seconds: few, so that other clips of one kind find the features of before.
LENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0)


def choose_window(seconds: Sequence[float], spec: SoundSpec) -> int:
    """Return the samples of the shortest window that nearly all clips fit into, at most the spec's longest.

    Args:
        seconds: of the training clips; the spec's own window is kept where there are none.
        spec: of the network.
    """
    if not len(seconds):
        return spec.window
    wanted = float(np.quantile(np.array(seconds), SHARE))
    found = next((length for length in LENGTHS if length >= wanted), LENGTHS[-1])
    return min(round(found * spec.rate), spec.longest or spec.window)
