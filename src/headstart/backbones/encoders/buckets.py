"""Buckets of the distances of tokens, by which the attention of some encoders is biased."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def find_buckets(distances: NDArray[Any], buckets: int, most: int = 128) -> NDArray[np.int64]:
    """Return the bucket of each distance, the place of a key minus that of a query (Raffel et al., 2020, T5).

    Half of the buckets are of each direction; half of these of single distances, the others ever wider up to ``most``.
    """
    side = buckets // 2
    exact = side // 2
    far = np.maximum(np.abs(distances), 1).astype(np.float32)
    wide = exact + (np.log(far / exact) / np.log(most / exact) * (side - exact)).astype(np.int64)
    place = np.where(np.abs(distances) < exact, np.abs(distances), np.minimum(wide, side - 1))
    return np.where(distances > 0, side, 0) + place
