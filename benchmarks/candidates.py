"""Candidates for near-duplicates by cells, beside comparing all with all: processor seconds, and what is missed.

    python benchmarks/candidates.py [--rows 50000] [--keep]

Descriptors are drawn: 96 numbers whose deviations fall, in 10 kinds and 300 sorts; every 25th is an altered copy of
another one, at a cosine between 0.6 and 0.99.
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import measuring
from headstart.diagnostics.near_duplicates import candidates
from headstart_runtime.hardware import count_cores
from headstart_runtime.linalg import normalize_rows

WIDTH, KINDS, SORTS, EVERY = 96, 10, 300, 25
TINY = 1e-12


def draw(count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Descriptors (N, 96) of length 1, and pairs (M, 2) of those that are copies."""
    chance = np.random.default_rng(0)
    scale = np.arange(1, WIDTH + 1) ** -0.5
    kinds, sorts = chance.normal(0, 0.9 * scale, (KINDS, WIDTH)), chance.normal(0, 0.8 * scale, (SORTS, WIDTH))
    own = chance.normal(0, 0.7 * scale, (count, WIDTH))
    rows = own + kinds[chance.integers(0, KINDS, count)] + sorts[chance.integers(0, SORTS, count)]
    rows = normalize_rows(rows.astype(np.float32), TINY)
    copies = np.arange(count - count // EVERY, count)
    sources = chance.integers(0, copies[0], len(copies))
    cosines = chance.uniform(0.6, 0.99, (len(copies), 1))
    away = chance.normal(0, 1, (len(copies), WIDTH))
    away -= (away * rows[sources]).sum(axis=1, keepdims=True) * rows[sources]
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    rows[copies] = cosines * rows[sources] + np.sqrt(1 - cosines**2) * away
    return rows, np.stack([sources, copies], axis=1)


def timed(search: Callable[[], NDArray[np.int64]]) -> tuple[float, NDArray[np.int64]]:
    """Processor seconds, and the pairs."""
    began = time.process_time()
    pairs = search()
    return time.process_time() - began, pairs


def share(found: NDArray[np.int64], wanted: NDArray[np.int64], count: int) -> float:
    """How many of the wanted pairs were found."""
    return float(np.isin(wanted @ (count, 1), found @ (count, 1)).mean())


def search_all(rows: NDArray[np.float32], exact: int, pool: Executor) -> NDArray[np.int64]:
    """The candidates, where comparing all goes up to so many rows."""
    candidates.EXACT = exact
    return candidates.find_candidates(rows, pool)


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(__doc__ or "", ("--rows", {"type": int, "default": 50_000}))
    rows, planted = draw(options.rows)
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(count_cores()) as pool:
        exact_seconds, exact = timed(lambda: search_all(rows, options.rows, pool))
        seconds, found = timed(lambda: search_all(rows, 0, pool))
    result = {
        "rows": options.rows,
        "exact_seconds": exact_seconds,
        "seconds": seconds,
        "of_exact": share(found, exact, options.rows),
        "copies_of_exact": share(exact, planted, options.rows),
        "copies": share(found, planted, options.rows),
    }
    measuring.finish(__file__, result, keep=options.keep)


if __name__ == "__main__":
    main()
