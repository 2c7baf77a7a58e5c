from dataclasses import replace

import numpy as np
import pytest

from headstart.heads.mlp import CLASS_LOSS, _network, _Rows, fit_mlp
from headstart.settings import HeadSettings
from headstart_runtime.linalg import softmax

from .drawn import draw

OPTIONS = HeadSettings(mlp_units=16, mlp_epochs=40, mlp_dropout=0.0)


def _loss(network, rows):
    logits = network.outputs(rows.features).astype(np.float64)
    chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -(rows.weights * np.log(chance[np.arange(len(rows.targets)), rows.targets])).mean()


def test_gradients_are_those_of_the_loss():
    training_set = draw(20, 5, 3)
    network = _network(training_set, OPTIONS, CLASS_LOSS)
    weights = np.linspace(0.5, 1.5, 20).astype(np.float32)
    rows = _Rows(((training_set.features - 3) / 4).astype(np.float32), training_set.targets, weights)
    found = network._gradients(rows.features, rows.targets, rows.weights)
    for tensor, gradient in zip(network.tensors, found, strict=True):
        for place in [(0,) * tensor.ndim, tuple(size - 1 for size in tensor.shape)]:
            before, step = tensor[place], np.float32(1e-2)
            tensor[place] = before + step
            above = _loss(network, rows)
            tensor[place] = before - step
            below = _loss(network, rows)
            tensor[place] = before
            assert gradient[place] == pytest.approx((above - below) / (2 * step), abs=2e-3)


def test_first_step_of_adam_is_the_rate():
    training_set = draw(20, 5, 3)
    network = _network(training_set, OPTIONS, CLASS_LOSS)
    before = [tensor.copy() for tensor in network.tensors]
    network._adam([np.full_like(tensor, 5) for tensor in network.tensors])
    for old, new in zip(before, network.tensors, strict=True):
        assert old - new == pytest.approx(np.full(old.shape, OPTIONS.mlp_rate), rel=1e-3)


def test_epochs_are_those_of_the_lowest_held_out_loss():
    fitted = fit_mlp(draw(200, 30, 3, apart=0.4), OPTIONS)
    best = min(fitted.path, key=lambda trial: trial.loss)
    assert fitted.chosen == {"epochs": best.value}
    assert [trial.value for trial in fitted.path] == list(range(1, len(fitted.path) + 1))


def test_seed_decides():
    training_set = draw(60, 10, 3)
    one, other = fit_mlp(training_set, OPTIONS), fit_mlp(replace(training_set, seed=9), OPTIONS)
    assert not np.array_equal(one.head.layers[0].weight, other.head.layers[0].weight)


def test_dropped_units_keep_the_expected_answer():
    training_set = draw(60, 10, 3)
    options = HeadSettings(mlp_units=64, mlp_dropout=0.5, mlp_epochs=5)
    fitted = fit_mlp(training_set, options)
    assert (softmax(fitted.head.logits(training_set.features)).argmax(1) == training_set.targets).mean() > 0.6
