import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.special import softmax

from headstart_runtime.tasks.classification.calibration import NONE, SMALLEST, Calibration

TEMPERATURE = Calibration("temperature", 1.7)
MIXTURE = Calibration("mixture", 0.6, mix=0.04)
ISOTONIC = Calibration(
    "isotonic", knots=((0.1, 0.5, 0.9), (0.4,), (0.0, 1.0)), values=((0.0, 0.2, 0.95), (0.3,), (0.0, 1.0))
)


def draw(rows: int = 200, classes: int = 3, spread: float = 3.0) -> np.ndarray:
    return softmax(np.random.default_rng(0).normal(0, spread, (rows, classes)), axis=1).astype(np.float32)


def test_none_changes_nothing() -> None:
    rows = draw()
    assert NONE.apply(rows) is rows


def test_a_temperature_divides_logits() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (200, 5))
    calibrated = Calibration("temperature", 1 / 2.5).apply(softmax(logits, axis=1).astype(np.float32))
    np.testing.assert_allclose(calibrated, softmax(logits / 2.5, axis=1), rtol=2e-5)
    assert calibrated.dtype == np.float32


def test_a_mixture_gives_a_share_to_all_classes_alike() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (200, 5))
    calibrated = MIXTURE.apply(softmax(logits, axis=1).astype(np.float32))
    np.testing.assert_allclose(calibrated, 0.96 * softmax(0.6 * logits, axis=1) + 0.04 / 5, rtol=2e-5)
    assert calibrated.dtype == np.float32
    assert calibrated.min() >= np.float32(0.04 / 5)


def test_curves_are_linear_between_their_knots_and_level_beyond() -> None:
    rows = np.array([[0.05, 0.15, 0.8], [0.3, 0.3, 0.4], [0.7, 0.2, 0.1], [0.95, 0.05, 0.0]], np.float32)
    curved = np.array([[0, 0.3, 0.8], [0.1, 0.3, 0.4], [0.575, 0.3, 0.1], [0.95, 0.3, 0]])
    np.testing.assert_allclose(ISOTONIC.apply(rows), curved / curved.sum(axis=1, keepdims=True), atol=1e-6)


def test_a_row_that_all_curves_make_nothing_stays_as_it_is() -> None:
    nothing = Calibration("isotonic", knots=((0.5, 1.0),) * 2, values=((0.0, 1.0),) * 2)
    rows = np.array([[0.5, 0.5], [0.75, 0.25]], np.float32)
    np.testing.assert_array_equal(nothing.apply(rows), [[0.5, 0.5], [1, 0]])


@pytest.mark.parametrize("calibration", [TEMPERATURE, MIXTURE, ISOTONIC, Calibration("temperature", 0.05)])
def test_probabilities_of_0_are_as_good_as_others(calibration: Calibration) -> None:
    smallest = np.float32(np.finfo(np.float32).smallest_subnormal)
    rows = np.array([[1, 0, 0], [0, 0, 1], [0.5, 0.5, 0], [1, smallest, smallest]], np.float32)
    calibrated = calibration.apply(rows)
    assert np.isfinite(calibrated).all()
    assert (calibrated >= 0).all()
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(calibrated[0], calibrated[3], atol=1e-38)  # both are as good as SMALLEST
    assert smallest < SMALLEST


def test_nothing_gives_nothing() -> None:
    for calibration in (NONE, TEMPERATURE, MIXTURE, ISOTONIC):
        assert calibration.apply(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_it_goes_through_json() -> None:
    for calibration in (NONE, TEMPERATURE, MIXTURE, ISOTONIC):
        assert Calibration.from_json(json.loads(json.dumps(asdict(calibration)))) == calibration
    assert [it.classes for it in (NONE, TEMPERATURE, MIXTURE, ISOTONIC)] == [None, None, None, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "none", "scale": 2.0},
        {"kind": "platt"},
        {"kind": "temperature", "scale": -1.0},
        {"kind": "temperature", "scale": float("nan")},
        {"kind": "mixture", "scale": 1.0},
        {"kind": "mixture", "scale": 1.0, "mix": 1.0},
        {"kind": "mixture", "scale": 1.0, "mix": float("nan")},
        {"kind": "temperature", "scale": 1.0, "mix": 0.1},
        {"kind": "isotonic", "knots": ((0.5, 0.5),), "values": ((0.1, 0.2),)},
        {"kind": "isotonic", "knots": ((0.5, 0.5 + 1e-9),), "values": ((0.1, 0.2),)},
        {"kind": "isotonic", "knots": ((0.4, 0.5),), "values": ((0.2, 0.1),)},
        {"kind": "isotonic", "knots": ((0.4, 0.5),), "values": ((0.2,),)},
        {"kind": "isotonic", "knots": ((),), "values": ((),)},
        {"kind": "isotonic"},
        {"kind": "none", "knots": ((0.5,),), "values": ((0.5,),)},
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(wrong: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match="wanted"):
        Calibration(**wrong)
