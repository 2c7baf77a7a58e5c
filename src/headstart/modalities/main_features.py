"""Features of items as near-duplicates are found by: less their mean, by their main directions, and pair by pair."""

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.linalg import iterate_subspace, normalize_rows

SAMPLE = 1000  #: items that the main directions are computed from
PRIOR = 20  #: items at the origin that the mean is taken with: the mean of two items says nothing
SHORTEST = 1e-6  #: length of rows that say something


def estimate_centre(features: Floats) -> Floats:
    """Return what is subtracted from features (N, D) before their cosine is taken, (D,): a mean shrunk to 0."""
    total = features.sum(axis=0, dtype=np.float64)
    return np.asarray(total / (len(features) + PRIOR), np.float32)


def describe_by_directions(features: Floats, centre: Floats, rows: Ints, directions: int) -> Floats:
    """Return some of N items by the main directions of their features, (M, <= directions), of length 1.

    Args:
        features: (N, D).
        centre: (D,) of the features.
        rows: (M,) of which items, in this order.
        directions: how many there are at most; found by subspace iteration from a fixed start.
    """
    sample: Floats = features[rows[:: max(1, len(rows) // SAMPLE)]] - centre
    count = min(directions, *sample.shape)
    start = np.random.default_rng(0).standard_normal((sample.shape[1], count), dtype=np.float32)
    basis = iterate_subspace(lambda block: sample.T @ (sample @ block), start)
    return normalize_rows((features @ basis)[rows] - centre @ basis, SHORTEST)


def compare_features(features: Floats, centre: Floats, rows: Ints, pairs: Ints) -> Floats:
    """Return the cosine of the centred features of pairs, (P,).

    Args:
        features: (N, D).
        centre: (D,) of the features.
        rows: (M,) of which items.
        pairs: (P, 2) of the M.
    """
    first, second = (features[rows[pairs[:, side]]] - centre for side in (0, 1))
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.asarray((first * second).sum(axis=1) / np.maximum(lengths, np.float32(1e-6)), np.float32)


def score_in_segments(score: Callable[[Ints], Floats], pairs: Ints, size: int, pool: Executor) -> Floats:
    """Return the scores of pairs (P, 2), so many at a time, by the threads of a pool."""
    segments = [pairs[first : first + size] for first in range(0, len(pairs), size)]
    return np.concatenate([*pool.map(score, segments), np.empty(0, np.float32)])
