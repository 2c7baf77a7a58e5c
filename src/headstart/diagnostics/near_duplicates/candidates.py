"""Candidate pairs of near-duplicates: the nearest of each item by short descriptors."""

from concurrent.futures import Executor

import numpy as np

from headstart.diagnostics.near_duplicates.cells import search_cells
from headstart_runtime.arrays import Floats, Ints

NEAREST = 10  #: candidates for each item
LEAST = 0.5  #: cosine of two descriptors; the weakest of 1,000 altered copies of real photos has 0.52
BLOCK_BYTES = 8 * 2**20  #: of a block of cosines
EXACT = 20_000  #: items up to which all are compared with all: a few seconds
CHUNK = 64  #: cosines of which the greatest is found first


def find_candidates(descriptors: Floats, pool: Executor) -> Ints:
    """Return pairs (M, 2) of rows that are near each other, once each, the lower first, in rising order.

    The search is exact up to ``EXACT`` rows. Beyond, its time would grow as their square, and only the rows of the
    nearest cells are looked at.
    """
    if len(descriptors) < 2:
        return np.empty((0, 2), np.int64)
    if len(descriptors) <= EXACT:
        return unique_pairs(_compare_all(descriptors, pool))
    return unique_pairs(search_cells(descriptors, NEAREST, LEAST, pool))


def unique_pairs(pairs: Ints) -> Ints:
    """Return pairs (M, 2) once each, the lower first, in rising order."""
    if not len(pairs):
        return pairs
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    size = int(high.max()) + 1
    keys = np.unique(low * size + high)
    return np.stack([keys // size, keys % size], axis=1)


def _compare_all(descriptors: Floats, pool: Executor) -> Ints:
    """Return the nearest of each row, by comparing it with every other."""
    count = len(descriptors)
    width = -(-count // CHUNK) * CHUNK
    padded = np.zeros((width, descriptors.shape[1]), np.float32)
    padded[:count] = descriptors
    rows = max(1, BLOCK_BYTES // (4 * width))

    def search_block(first: int) -> Ints:
        block = descriptors[first : first + rows]
        cosines = block @ padded.T
        cosines[:, count:] = -1
        cosines[np.arange(len(block)), np.arange(first, first + len(block))] = -1
        return _find_greatest(cosines, min(NEAREST, count - 1), first)

    return np.concatenate(list(pool.map(search_block, range(0, count, rows))))


def _find_greatest(cosines: Floats, nearest: int, first: int) -> Ints:
    """Return pairs (M, 2) of the greatest cosines of each row, of those that are great enough.

    The greatest of all lie in the chunks whose own greatest are the greatest: few are looked at twice.
    """
    count = len(cosines)
    chunks = cosines.reshape(count, -1, CHUNK)
    tops = chunks.max(axis=2)
    few = min(nearest, tops.shape[1])
    best = np.argpartition(tops, -few, axis=1)[:, -few:]
    inside = np.take_along_axis(chunks, best[:, :, None], axis=1).reshape(count, -1)
    columns = (best[:, :, None] * CHUNK + np.arange(CHUNK)).reshape(count, -1)
    places = np.argpartition(inside, -nearest, axis=1)[:, -nearest:]
    row, place = np.nonzero(np.take_along_axis(inside, places, axis=1) >= LEAST)
    return np.stack([first + row, columns[row, places[row, place]]], axis=1).astype(np.int64)
