"""An inverted file: rows in cells around centres, so that the nearest of a row are looked for in a few cells only.

Jegou et al., 2011, IEEE TPAMI 33, without their compression. With cells in proportion to the root of the rows, time
grows as their power 1.5. On 50,000 drawn descriptors of 96 numbers, every 25th an altered copy of another (cosines 0.6
to 0.99):

| search (``benchmarks/candidates.py``) | processor seconds | of the pairs of comparing all | of the copies |
|---|---|---|---|
| all with all | 15.0 | 1 | 1 |
| faiss 1.15, 894 cells, 16 looked through | 4.2 | .946 | .996 |
| this, 447 cells, 24 looked through | 2.8 | .987 | 1 |
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.linalg import normalize_rows

CELLS_PER_ROOT, PROBES = 2, 24  #: cells, times the root of the rows; those that are looked through for a row
PASSES, SAMPLED = 6, 16  #: of k-means, over so many rows for each cell
ROWS = 4096  #: that are searched at once
BLOCK_BYTES = 8 * 2**20  #: of a block of cosines
TINY = 1e-12  #: length of a row that has none


def search_cells(descriptors: Floats, nearest: int, least: float, pool: Executor) -> Ints:
    """Return pairs (M, 2) of rows and the nearest of each among those of its nearest cells.

    Args:
        descriptors: (N, W), rows of length 1.
        nearest: rows that are returned for each, at most.
        least: cosine of a pair.
        pool: of threads, in which products are computed.
    """
    centres = find_centres(descriptors, int(CELLS_PER_ROOT * len(descriptors) ** 0.5))
    probes = min(PROBES, len(centres))
    asked = np.concatenate(list(pool.map(lambda rows: _rank_cells(rows, centres, probes), _split(descriptors))))
    order = np.argsort(asked[:, 0], kind="stable")  # rows of one cell look through much the same cells
    members = _group(asked[:, 0], len(centres))

    def search_block(rows: Ints) -> Ints:
        return _search_rows(descriptors, rows, asked[rows], members, nearest, least)

    return np.concatenate(list(pool.map(search_block, _split(order))))


def find_centres(rows: Floats, count: int) -> Floats:
    """Return centres (count, W) of length 1 of cells of rows (N, W): k-means by cosine, with a fixed seed."""
    sample = rows[np.random.default_rng(0).permutation(len(rows))[: SAMPLED * count]]
    centres = sample[:count].copy()
    for _ in range(PASSES):
        cells = np.concatenate([np.argmax(block @ centres.T, axis=1) for block in _split(sample)])
        order, counts = np.argsort(cells, kind="stable"), np.bincount(cells, minlength=len(centres))
        starts = np.cumsum(counts) - counts
        filled = counts > 0  # a cell that lost all its rows stays where it is
        centres[filled] = normalize_rows(np.add.reduceat(sample[order], starts[filled], axis=0), TINY)
    return centres


def _rank_cells(rows: Floats, centres: Floats, count: int) -> Ints:
    """Return the nearest cells (N, count) of rows, that of each row first, the others in any order."""
    cosines = rows @ centres.T
    cells = np.argpartition(cosines, -count, axis=1)[:, -count:].copy()  # a view would keep all of them in memory
    first = np.take_along_axis(cosines, cells, axis=1).argmax(axis=1)
    own = np.arange(len(rows))
    cells[own, first], cells[:, 0] = cells[:, 0], cells[own, first]
    return cells


def _search_rows(descriptors: Floats, rows: Ints, asked: Ints, members: list[Ints], nearest: int, least: float) -> Ints:
    """Return pairs (M, 2) of some rows and their nearest among the members of the cells (N, PROBES) that they ask."""
    best = np.full((len(rows), nearest), -1, np.float32)
    columns = np.zeros((len(rows), nearest), np.int64)
    for cell, asking in enumerate(_group(asked, len(members))):
        known = members[cell]
        for part in _chunk(asking, len(known)):
            cosines = descriptors[rows[part]] @ descriptors[known].T
            cosines[rows[part, None] == known] = -1
            better = cosines.max(axis=1) > np.maximum(best[part].min(axis=1), np.nextafter(np.float32(least), -1))
            _keep_greatest(best, columns, part[better], cosines[better], known)
    row, place = np.nonzero(best >= least)
    return np.stack([rows[row], columns[row, place]], axis=1)


def _keep_greatest(best: Floats, columns: Ints, rows: Ints, cosines: Floats, known: Ints) -> None:
    """Merge cosines (M, K) of some rows with rows ``known`` (K,) into the greatest so far, (N, nearest), in place."""
    nearest = best.shape[1]
    if len(known) > nearest:
        places = np.argpartition(cosines, -nearest, axis=1)[:, -nearest:]
        cosines, found = np.take_along_axis(cosines, places, axis=1), known[places]
    else:
        found = np.broadcast_to(known, cosines.shape)
    together = np.concatenate([best[rows], cosines], axis=1)
    places = np.argpartition(together, -nearest, axis=1)[:, -nearest:]
    best[rows] = np.take_along_axis(together, places, axis=1)
    columns[rows] = np.take_along_axis(np.concatenate([columns[rows], found], axis=1), places, axis=1)


def _group(cells: Ints, count: int) -> list[Ints]:
    """Return the places along the first axis of ``cells`` (N,) or (N, P) at which each of ``count`` cells stands."""
    flat = cells.reshape(-1)
    places = np.argsort(flat, kind="stable") // (flat.size // len(cells))
    return np.split(places, np.cumsum(np.bincount(flat, minlength=count))[:-1])


def _split(rows: NDArray[Any]) -> Iterator[NDArray[Any]]:
    return (rows[first : first + ROWS] for first in range(0, len(rows), ROWS))


def _chunk(asking: Ints, known: int) -> Iterator[Ints]:
    """Yield rows so many at a time that their cosines with ``known`` others take a block; none where there are none."""
    size = max(1, BLOCK_BYTES // (4 * max(1, known)))
    return (asking[first : first + size] for first in range(0, len(asking) if known else 0, size))
