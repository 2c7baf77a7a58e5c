"""Rows that cues are made of: names as columns of 0 and 1, and numbers with their products."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np

from headstart_runtime.arrays import Floats


def encode_common(names: Sequence[str], most: int, *, nameless: str | None = None) -> Floats:
    """Return whether each name is the commonest, the next, ...: (N, k) of 0 or 1; names that are met once have none.

    Args:
        names: of N items.
        most: k at most.
        nameless: what says that an item has no name, and so has no column; None where nothing says it.
    """
    common = [name for name, count in Counter(names).most_common(most) if count > 1 and name != nameless]
    place = {name: index for index, name in enumerate(common)}
    known = np.array([place.get(name, -1) for name in names], np.int64)
    return np.asarray(known[:, None] == np.arange(len(common)), np.float32)


def add_products(rows: Floats) -> Floats:
    """Return rows (N, k) with all squares and products, (N, k + k (k + 1) / 2), so that a line becomes a conic."""
    centred = rows - rows.mean(axis=0)
    pairs = combinations_with_replacement(range(rows.shape[1]), 2)
    return np.stack([*rows.T, *(centred[:, a] * centred[:, b] for a, b in pairs)], axis=1).astype(np.float32)
