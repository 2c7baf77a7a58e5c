"""Sparse rows against the same rows written out."""

import numpy as np
import pytest

from headstart.sparse import SparseRows


def draw(rows: int, width: int, share: float, seed: int = 0) -> tuple[SparseRows, np.ndarray]:
    rng = np.random.default_rng(seed)
    dense = (rng.random((rows, width)) < share * rng.random(width)) * rng.normal(size=(rows, width))
    dense = dense.astype(np.float32)
    found = [(np.flatnonzero(row), row[np.flatnonzero(row)]) for row in dense]
    return SparseRows.stack(found, width), dense


@pytest.mark.parametrize(("rows", "width", "share"), [(200, 300, 1.0), (90, 500, 0.1), (3, 5, 0.0), (1, 1, 1.0)])
def test_inner_products(rows: int, width: int, share: float) -> None:
    sparse, dense = draw(rows, width, share)
    np.testing.assert_allclose(sparse.compute_kernel(), dense @ dense.T, atol=2e-4)


def test_many_frequent_columns_go_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.sparse._COLUMNS", 7)
    sparse, dense = draw(150, 40, 1.0)
    np.testing.assert_allclose(sparse.compute_kernel(), dense @ dense.T, atol=2e-4)


def test_transposed_products() -> None:
    sparse, dense = draw(60, 80, 0.4)
    matrix = np.random.default_rng(1).normal(size=(60, 3)).astype(np.float32)
    np.testing.assert_allclose(sparse.multiply_transposed(matrix), dense.T @ matrix, atol=1e-4)
