from dataclasses import replace

import numpy as np
import pytest

from headstart.heads.descent import Problems, initialise, minimise
from headstart.heads.space import DualSpace
from headstart_runtime.arrays import Floats


def fit(spoil: bool) -> Floats:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(20, 30)).astype(np.float32)
    space = DualSpace(rows - rows.mean(axis=0), 0)
    if spoil:
        vectors = np.full_like(space.preconditioner.vectors, np.nan)
        space.preconditioner = replace(space.preconditioner, vectors=vectors)
    targets = (generator.random((1, 1, 20)) > 0.5).astype(np.float32)
    at = initialise(space, np.zeros((1, 1), np.float32))
    assert minimise(space, Problems(targets, np.ones((1, 20), np.float32)), at, 1.0, 1e-4, 50) > 0
    return at.unknown


def test_a_gradient_that_is_no_number_is_no_minimum() -> None:
    assert np.abs(fit(spoil=False)).max() > 0.01
    with pytest.raises(FloatingPointError, match="gradient of a linear head is no number"):
        fit(spoil=True)
