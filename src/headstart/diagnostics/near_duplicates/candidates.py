"""Candidate pairs of near-duplicates: the nearest of each item by short descriptors."""

import sys
from concurrent.futures import Executor
from typing import Any

import numpy as np

from headstart.arrays import Floats, Ints
from headstart.hardware import count_cores

NEAREST = 10  #: candidates for each item
LEAST = 0.5  #: cosine of two descriptors; the weakest of 1,000 altered copies of real photos has 0.52
BLOCK_BYTES = 8 * 2**20  #: of a block of cosines
EXACT = 20_000  #: items up to which all are compared with all: a few seconds
CELLS_PER_ROOT, PROBES = 4, 16  #: cells of the index, times the root of the items; cells that are looked through
CHUNK = 64  #: cosines of which the greatest is found first


def find_candidates(descriptors: Floats, pool: Executor) -> Ints:
    """Return pairs (M, 2) of rows that are near each other, once each, the lower first, in rising order.

    The search is exact up to ``EXACT`` rows. Beyond, its time would grow as their square, and an index of faiss, where
    that is installed, looks only among the rows of the nearest cells.
    """
    if len(descriptors) < 2:
        return np.empty((0, 2), np.int64)
    faiss = _import_faiss() if len(descriptors) > EXACT else None
    return unique_pairs(_search_index(descriptors, faiss) if faiss else _compare_all(descriptors, pool))


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


def _search_index(descriptors: Floats, faiss: Any) -> Ints:
    """Return the nearest of each row among those of its nearest cells, by an inverted file.

    Jegou et al., 2011, IEEE TPAMI 33.
    """
    before = faiss.omp_get_max_threads()  # OpenMP's, which PyTorch may share
    faiss.omp_set_num_threads(count_cores())
    try:
        return _search_cells(descriptors, faiss)
    finally:
        faiss.omp_set_num_threads(before)


def _search_cells(descriptors: Floats, faiss: Any) -> Ints:
    count, width = descriptors.shape
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(width), width, int(CELLS_PER_ROOT * count**0.5), faiss.METRIC_INNER_PRODUCT
    )
    index.cp.niter, index.cp.max_points_per_centroid, index.nprobe = 6, 64, PROBES
    index.train(descriptors)
    index.add(descriptors)
    cosines, columns = index.search(descriptors, NEAREST + 1)
    row, place = np.nonzero(cosines >= LEAST)
    pairs: Ints = np.stack([row, columns[row, place]], axis=1).astype(np.int64)
    others = (pairs[:, 0] != pairs[:, 1]) & (pairs[:, 1] >= 0)
    return np.compress(others, pairs, axis=0)


def _import_faiss() -> Any:
    """Return the library, where it is installed and can be trusted: elsewhere its OpenMP and PyTorch's end the process.

    https://github.com/faiss-wheels/faiss-wheels/issues/73
    """
    if sys.platform != "linux":
        return None
    try:
        import faiss
    except ImportError:
        return None
    return faiss


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
