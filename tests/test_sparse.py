"""Sparse rows against the same rows written out."""

import numpy as np
import pytest

from headstart_runtime.sparse import SparseRows


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
    monkeypatch.setattr("headstart_runtime.sparse._COLUMNS", 7)
    sparse, dense = draw(150, 40, 1.0)
    np.testing.assert_allclose(sparse.compute_kernel(), dense @ dense.T, atol=2e-4)


def test_products_of_columns_and_sums_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart_runtime.sparse._ROWS", 13)
    sparse, dense = draw(60, 80, 0.02)
    assert not np.diff(sparse.starts).all()  # rows with nothing in them
    rng = np.random.default_rng(1)
    columns, shares = (rng.normal(size=(3, length)).astype(np.float32) for length in (80, 60))
    np.testing.assert_allclose(sparse.multiply(columns), columns @ dense.T, atol=1e-4)
    np.testing.assert_allclose(sparse.combine(shares), shares @ dense, atol=1e-4)


def test_some_rows_and_rows_joined() -> None:
    sparse, dense = draw(40, 30, 0.3)
    rows = np.array([3, 3, 39, 0])
    np.testing.assert_array_equal(sparse.take(rows).multiply(np.eye(30, dtype=np.float32)), dense[rows].T)
    assert sparse.take(np.arange(40)) is sparse
    joined = SparseRows.join([sparse.take(rows), sparse])
    np.testing.assert_array_equal(joined.multiply(np.eye(30, dtype=np.float32)), np.concatenate([dense[rows], dense]).T)
