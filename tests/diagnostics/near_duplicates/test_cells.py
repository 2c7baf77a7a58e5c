from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from headstart.diagnostics.near_duplicates import cells
from headstart.diagnostics.near_duplicates.cells import find_centres, search_cells
from headstart_runtime.arrays import Floats


def draw_rows(count: int, seed: int = 0) -> Floats:
    rows = np.random.default_rng(seed).normal(0, 1, (count, 12)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def list_nearest(rows: Floats, nearest: int, least: float) -> set[tuple[int, int]]:
    """By brute force."""
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -1)
    order = np.argsort(-cosines, axis=1)[:, :nearest]
    return {(row, int(other)) for row, others in enumerate(order) for other in others if cosines[row, other] >= least}


@pytest.mark.parametrize("block", [4 * 40, 8 * 2**20])
def test_with_every_cell_looked_through_it_is_exact(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "PROBES", 1000)
    monkeypatch.setattr(cells, "BLOCK_BYTES", block)
    monkeypatch.setattr(cells, "ROWS", 64)
    rows = draw_rows(301)
    with ThreadPoolExecutor(2) as pool:
        found = search_cells(rows, 5, 0.4, pool)
    assert set(map(tuple, found.tolist())) == list_nearest(rows, 5, 0.4)
    assert len(found) == len(set(map(tuple, found.tolist())))


def test_the_nearest_cells_of_rows_do_not_keep_the_order_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = draw_rows(200)
    assert cells._rank_cells(rows, find_centres(rows, 40), 3).base is None


def test_of_few_cells_the_nearest_pairs_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "PROBES", 8)
    rows = draw_rows(1000)
    rows[500:] = rows[:500] + 0.05 * draw_rows(500, seed=1)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with ThreadPoolExecutor(2) as pool:
        found = set(map(tuple, search_cells(rows, 3, 0.9, pool).tolist()))
    assert sum((row, row + 500) in found for row in range(500)) == 500


def test_equal_rows_fill_one_cell_and_the_others_stay_empty() -> None:
    rows = np.tile(draw_rows(1), (200, 1))
    assert np.allclose(find_centres(rows, 10), rows[:10])
    with ThreadPoolExecutor(2) as pool:
        found = search_cells(rows, 4, 0.5, pool)
    assert len(found) == 200 * 4
    assert (found[:, 0] != found[:, 1]).all()
