"""Inner products that stand nowhere, against the same written out."""

import numpy as np

from headstart.heads.head import TrainingSet
from headstart.heads.kernel_rows import KernelRows, as_features
from headstart.heads.logistic import fit_logistic
from headstart.heads.sparse_kernel import SparseKernelRows
from headstart.settings import FitSettings
from headstart_runtime.sparse import SparseRows

RNG = np.random.default_rng(0)
ROWS = ((RNG.random((90, 50)) < 0.2) * RNG.random((90, 50))).astype(np.float32)
TABLE = SparseRows.stack([(np.flatnonzero(row), row[np.flatnonzero(row)]) for row in ROWS], 50)
SOME = np.arange(1, 90, 2)
KERNEL, MADE = (
    KernelRows(2 * (ROWS @ ROWS.T), np.arange(90)),
    SparseKernelRows(TABLE, 2.0, np.arange(90)),
)


def test_products_means_and_shapes() -> None:
    weight = RNG.normal(size=(90, 3)).astype(np.float32)
    for written, made in ((KERNEL, MADE), (KERNEL[SOME], MADE[SOME])):
        assert made.shape == written.shape
        np.testing.assert_allclose(made @ weight, written @ weight, atol=1e-4)
        np.testing.assert_allclose(made.average(), written.average(), atol=1e-5)
        block = RNG.normal(size=(len(made), 4)).astype(np.float32)
        np.testing.assert_allclose(made.centre() @ block, written.centre() @ block, atol=1e-4)
        np.testing.assert_allclose(block.T @ made.centre(), block.T @ written.centre(), atol=1e-4)
    assert MADE.size == np.count_nonzero(ROWS)


def test_a_head_on_them_is_that_on_the_table() -> None:
    labels = (ROWS[:, :3].argmax(axis=1) + (RNG.random(90) < 0.1)) % 3
    fitted = [
        fit_logistic(
            TrainingSet(as_features(rows), labels, 3, np.arange(90), False, 0), FitSettings(), {"C": 0.3}
        ).head.layers[0]
        for rows in (KERNEL, MADE)
    ]
    np.testing.assert_allclose(KERNEL @ fitted[0].weight, KERNEL @ fitted[1].weight, atol=5e-3)
    np.testing.assert_allclose(fitted[0].bias, fitted[1].bias, atol=5e-3)
