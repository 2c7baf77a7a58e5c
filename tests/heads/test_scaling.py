import numpy as np
import pytest

from headstart.heads import scaling
from headstart.heads.head import TrainingSet
from headstart.heads.scaling import Scaling, standardise
from headstart_runtime.errors import DataError

RANDOM = np.random.default_rng(0)


def test_standardised_and_unfolded_answer_alike():
    features = (RANDOM.standard_normal((50, 4)) * [1, 10, 0.1, 1] + [0, 5, 1, 2]).astype(np.float32)
    scaling = Scaling.fit(features)
    rows = scaling.transform(features)
    assert rows.dtype == np.float32
    assert np.abs(rows.mean(axis=0)).max() < 1e-5
    assert rows.std(axis=0) == pytest.approx(np.ones(4), abs=1e-4)
    weight, bias = RANDOM.standard_normal((4, 3)).astype(np.float32), np.ones(3, np.float32)
    layer = scaling.unfold(weight, bias)
    assert np.abs(features @ layer.weight + layer.bias - (rows @ weight + bias)).max() < 1e-3


@pytest.mark.parametrize("value", [0.0, 1e6, 0.1, 1e-20])
def test_columns_that_never_change_leave_the_head(value):
    features = np.full((30, 2), value, np.float32)
    features[:, 1] = RANDOM.standard_normal(30)
    scaling = Scaling.fit(features)
    assert scaling.inverse[0] == 0
    assert scaling.unfold(np.ones((2, 1), np.float32), np.zeros(1, np.float32)).weight[0, 0] == 0


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,)])
def test_no_rows_is_said(shape):
    with pytest.raises(DataError, match=r"wanted \(rows, columns\)"):
        Scaling.fit(np.zeros(shape, np.float32))


def draw_set(*, disposable):
    features = np.random.default_rng(0).normal(3, 2, (8, 3)).astype(np.float32)
    return TrainingSet(features, np.arange(8) % 2, 2, np.arange(8), balanced=False, seed=0, disposable=disposable)


def test_features_that_were_overwritten_are_not_read_once_more():
    kept = draw_set(disposable=False)
    np.testing.assert_array_equal(standardise(kept)[1], standardise(kept)[1])
    spent = draw_set(disposable=True)
    standardise(spent)
    for read in (lambda: standardise(spent), lambda: Scaling.centre(spent.features)):
        with pytest.raises(ValueError, match="overwritten by an earlier fit"):
            read()


def test_what_was_overwritten_is_forgotten_with_it():
    before = len(scaling._OVERWRITTEN)
    for _ in range(50):  # arrays of equal size come to lie in the same place
        standardise(draw_set(disposable=True))
    assert len(scaling._OVERWRITTEN) == before
