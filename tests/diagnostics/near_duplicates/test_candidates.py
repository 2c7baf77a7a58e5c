from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from headstart.diagnostics.near_duplicates import candidates as candidates_module
from headstart.diagnostics.near_duplicates.candidates import find_candidates


def unit_rows(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Clustered directions, so that some are near."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(0, 1, (count // 4, 96))[chance.integers(0, count // 4, count)] + chance.normal(
        0, 0.5, (count, 96)
    )
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("count", [2, 9, 63, 64, 300])
def test_candidates_are_the_nearest(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates_module, "BLOCK_BYTES", 4 * 320 * 50)
    rows = unit_rows(max(count, 4))[:count]
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -1)
    expected = set()
    for row in range(count):
        for other in np.argsort(-cosines[row])[: candidates_module.NEAREST]:
            if cosines[row, other] >= candidates_module.LEAST:
                expected.add((min(row, int(other)), max(row, int(other))))
    with ThreadPoolExecutor(2) as pool:
        found = find_candidates(rows, pool)
    assert set(map(tuple, found.tolist())) == expected
    assert found.tolist() == sorted(found.tolist())


def test_the_cells_find_what_comparing_all_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = unit_rows(3000)
    with ThreadPoolExecutor(2) as pool:
        exact = set(map(tuple, find_candidates(rows, pool).tolist()))
        monkeypatch.setattr(candidates_module, "EXACT", 100)
        found = find_candidates(rows, pool)
        again = find_candidates(rows, pool)
    assert (found[:, 0] < found[:, 1]).all()
    assert ((rows[found[:, 0]] * rows[found[:, 1]]).sum(axis=1) > candidates_module.LEAST - 1e-4).all()
    assert len(exact.intersection(map(tuple, found.tolist()))) > 0.97 * len(exact)
    assert np.array_equal(found, again)
