import numpy as np

from headstart_runtime.linalg import iterate_subspace, normalize_rows


def test_rows_are_of_length_one_but_those_of_nothing():
    rows = np.random.default_rng(0).standard_normal((5, 7)).astype(np.float32)
    rows[2] = 0
    scaled = normalize_rows(rows, 1e-6)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(scaled, axis=1), [1, 1, 0, 1, 1], atol=1e-6)


def test_the_strongest_directions_are_found():
    random = np.random.default_rng(0)
    turn = np.linalg.qr(random.standard_normal((20, 20)))[0]
    matrix = (turn * np.geomspace(1e4, 1e-4, 20)) @ turn.T
    start = random.standard_normal((20, 3)).astype(np.float32)
    basis = iterate_subspace(lambda block: (matrix @ block).astype(np.float32), start, rounds=4)
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(turn[:, :3].T @ basis), np.sqrt(3), atol=1e-4)
