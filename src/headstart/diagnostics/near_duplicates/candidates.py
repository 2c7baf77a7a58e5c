"""Candidate pairs of near-duplicates: each photo's nearest by a short descriptor of features and appearance.

The descriptor is the features' main directions beside a tiny grey picture that is the same when mirrored. The features
see through crops, exposure and noise; the picture tells apart what only means the same.
"""

import sys
from concurrent.futures import Executor
from typing import Any

import numpy as np

from headstart.arrays import Floats, Ints
from headstart.hardware import count_cores
from headstart.linalg import iterate_subspace, normalize_rows
from headstart.modalities.image.stats import GREY

DIRECTIONS = 64  #: of the features
TINY = 8  #: edge of the tiny picture
PICTURE = 0.7  #: weight of the picture's cosine beside that of the features, squared in the sum
NEAREST = 10  #: candidates for each photo
LEAST = 0.5  #: cosine of two descriptors; the weakest of 1,000 altered copies of real photos has 0.52
SAMPLE = 1000  #: photos that the main directions are computed from
PRIOR = 20  #: photos at the origin that the mean is taken with: the mean of two photos says nothing
BLOCK_BYTES = 8 * 2**20  #: of a block of cosines
EXACT = 20_000  #: photos up to which all are compared with all: a few seconds
CELLS_PER_ROOT, PROBES = 4, 16  #: cells of the index, times the root of the photos; cells that are looked through
CHUNK = 64  #: cosines of which the greatest is found first
_SHORTEST = 1e-6  #: length of rows that say something


def estimate_centre(features: Floats) -> Floats:
    """Return what is subtracted from features (N, D) before their cosine is taken, (D,): a mean shrunk to 0."""
    total = features.sum(axis=0, dtype=np.float64)
    return np.asarray(total / (len(features) + PRIOR), np.float32)


def compute_descriptors(features: Floats, grey: Floats, centre: Floats, photos: Ints) -> Floats:
    """Return descriptors of length 1, (M, <= 96), of some of N photos.

    Args:
        features: (N, D) rows.
        grey: (N, G, G).
        centre: (D,) of the features.
        photos: (M,) of which photos, in this order.
    """
    basis = _find_directions(features[photos[:: max(1, len(photos) // SAMPLE)]] - centre)
    main = normalize_rows((features @ basis)[photos] - centre @ basis, _SHORTEST)
    both = np.concatenate([main, np.float32(PICTURE) * _shrink_symmetric(grey)[photos]], axis=1)
    return np.asarray(both / np.sqrt(1 + PICTURE**2), np.float32)


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


def _find_directions(centred: Floats) -> Floats:
    """Return orthonormal main directions, (D, <= DIRECTIONS), by subspace iteration from a fixed start."""
    count = min(DIRECTIONS, *centred.shape)
    start = np.random.default_rng(0).standard_normal((centred.shape[1], count), dtype=np.float32)
    return iterate_subspace(lambda block: centred.T @ (centred @ block), start)


def _shrink_symmetric(grey: Floats) -> Floats:
    """Return the sum of a tiny picture of each photo and its mirror image, scaled to length 1: (N, TINY * TINY / 2)."""
    cell = GREY // TINY
    picture = grey.reshape(len(grey), TINY, cell, TINY, cell).mean(axis=(2, 4))
    both = (picture + picture[:, :, ::-1])[:, :, : TINY // 2].reshape(len(grey), -1)
    return normalize_rows(both - both.mean(axis=1, keepdims=True), _SHORTEST)
