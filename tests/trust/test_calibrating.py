from typing import get_args

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.isotonic import IsotonicRegression

from headstart.errors import DataError
from headstart.evaluation.metrics import log_loss
from headstart.runtime.calibration import NONE, Calibration, Kind
from headstart.trust import calibrating
from headstart.trust.calibrating import Calibrated, calibrate
from headstart.trust.calibration_fits import PRIOR, curve, fit_isotonic, fit_temperature, fit_vector

KINDS = get_args(Kind)


def drawn(rows: int, classes: int, *, factor: float = 1.0, shift: float = 0.0, seed: int = 0, clear: float = 2.0):  # type: ignore[no-untyped-def]
    """Labels drawn from known probabilities, and these probabilities with their logits multiplied and shifted."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, clear, (rows, classes))
    labels = np.array([chance.choice(classes, p=row) for row in softmax(logits, axis=1)])
    logits = factor * logits + shift * np.arange(classes)
    return labels, softmax(logits, axis=1).astype(np.float32)


def alone(rows: int) -> np.ndarray:
    return np.arange(rows)


@pytest.mark.parametrize("factor", [0.25, 1.0, 3.0])
def test_the_temperature_is_the_best_there_is(factor: float) -> None:
    labels, rows = drawn(400, 4, factor=factor)
    calibration = fit_temperature(labels, rows, NONE)
    logits = np.log(rows.astype(float))

    def objective(position: float) -> float:
        said = log_softmax(np.exp(position) * logits, axis=1)
        return float(-said[np.arange(400), labels].sum() + position**2 / (2 * PRIOR**2))

    best = minimize_scalar(objective, bounds=(-4, 4), method="bounded", options={"xatol": 1e-8}).x
    assert np.log(calibration.scale[0]) == pytest.approx(best, abs=1e-3)
    assert calibration.scale[0] == pytest.approx(1 / factor, rel=0.2)


def test_vector_scaling_is_the_best_there_is() -> None:
    labels, rows = drawn(600, 3, factor=2.0, shift=0.8)
    calibration = fit_vector(labels, rows, NONE)
    logits, middle = np.log(rows.astype(float)), fit_temperature(labels, rows, NONE).scale[0]

    def objective(place: np.ndarray) -> float:
        said = log_softmax(place[:3] * logits + place[3:], axis=1)
        pull = np.square(place[:3] - middle).sum() + np.square(place[3:]).sum()
        return float(-said[np.arange(600), labels].sum() + pull / (2 * PRIOR**2))

    best = minimize(objective, np.r_[np.full(3, middle), np.zeros(3)], method="BFGS", options={"gtol": 1e-5}).x
    np.testing.assert_allclose([*calibration.scale, *calibration.shift], best, atol=2e-3)
    np.testing.assert_allclose(fit_vector(labels, rows, calibration).scale, calibration.scale, atol=2e-3)


@pytest.mark.parametrize("seed", range(20))
def test_curves_agree_with_scikit_learn(seed: int) -> None:
    """Given the half photos at both ends its levels are our values, and our knots the middles of these."""
    chance = np.random.default_rng(seed)
    x = np.round(chance.uniform(0, 1, 300), 2 if seed % 2 else 7).astype(np.float32)
    right = chance.uniform(0, 1, 300) < x**2
    knots, values = curve(right, x)
    places, hits = np.r_[x.min(), x, x.max()], np.r_[1, right, 0]
    weights = np.r_[0.5, np.ones(300), 0.5]
    levels = IsotonicRegression().fit(places, hits, sample_weight=weights).predict(places)
    np.testing.assert_allclose(sorted(set(np.round(levels, 6))), values, atol=1e-6)
    level = [np.isclose(levels, value, atol=1e-6) for value in values]
    middles = [np.average(places[own], weights=weights[own]) for own in level]
    np.testing.assert_allclose(knots, middles, atol=1e-5)
    assert (np.diff(values) > 0).all()
    assert 0 < values[0] <= values[-1] < 1


def test_curves_of_a_class_that_is_never_and_always_right() -> None:
    x = np.array([0.2, 0.4, 0.9], np.float32)
    for right in (False, True):
        _, values = curve(np.full(3, right), x)
        assert len(values) <= 2
        assert all(0 < value < 1 for value in values)
    assert curve(np.array([True]), np.array([0.3], np.float32)) == ((pytest.approx(0.3),), (0.75,))


def test_the_two_curves_of_two_classes_mirror_each_other() -> None:
    labels, rows = drawn(500, 2)
    calibration = fit_isotonic(labels, rows, NONE)
    calibrated = calibration.apply(rows)
    both = [np.interp(rows[:, index], calibration.knots[index], calibration.values[index]) for index in range(2)]
    np.testing.assert_allclose(np.sum(both, axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(calibrated[:, 1], both[1], atol=1e-5)


@pytest.mark.parametrize(("rows", "classes"), [(300, 2), (1200, 4)])
@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_what_is_ill_calibrated_gets_better_on_new_photos(rows: int, classes: int, factor: float) -> None:
    labels, said = drawn(rows, classes, factor=factor)
    others, more = drawn(4000, classes, factor=factor, seed=1)
    found = calibrate(labels, said, alone(rows), seed=0)
    truth = log_loss(others, softmax(np.log(more.astype(float)) / factor, axis=1))
    gained = log_loss(others, more) - log_loss(others, found.calibration.apply(more))
    assert gained > 0.9 * (log_loss(others, more) - truth)
    assert found.tried[found.calibration.kind] < found.tried["none"]
    assert found.n == rows


@pytest.mark.parametrize("seed", range(6))
def test_what_is_well_calibrated_is_mostly_left_alone(seed: int) -> None:
    labels, said = drawn(400, 3, seed=seed)
    found = calibrate(labels, said, alone(400), seed=0)
    others, more = drawn(4000, 3, seed=100 + seed)
    assert log_loss(others, found.calibration.apply(more)) < log_loss(others, more) + 0.01
    assert found.calibration.kind in ("none", "temperature")


def test_each_kind_wins_where_it_is_the_one_that_helps() -> None:
    labels, said = drawn(3000, 3, factor=1.0, shift=1.5)
    assert calibrate(labels, said, alone(3000), seed=0).calibration.kind == "vector"
    labels, rows = drawn(6000, 2)
    bent = np.where(rows < 0.5, rows * 0.2, 1 - (1 - rows) * 0.2) * (rows > 0.3) + 0.02 * (rows <= 0.3)
    said = (bent / bent.sum(axis=1, keepdims=True)).astype(np.float32)
    found = calibrate(labels, said, alone(6000), seed=0)
    assert found.calibration.kind == "isotonic"
    assert set(found.tried) == set(KINDS)


@pytest.mark.parametrize(
    ("rows", "classes", "kinds"),
    [
        (19, 2, ["none"]),
        (20, 2, ["none", "temperature"]),
        (199, 3, ["none", "temperature"]),
        (200, 3, ["none", "temperature", "vector"]),
        (299, 10, ["none", "temperature"]),
        (300, 10, ["none", "temperature", "vector"]),
        (999, 2, ["none", "temperature", "vector"]),
        (1000, 2, list(KINDS)),
        (1000, 11, ["none", "temperature", "vector"]),
    ],
)
def test_only_what_there_are_photos_enough_for_is_tried(rows: int, classes: int, kinds: list[str]) -> None:
    labels = np.arange(rows) % classes
    said = softmax(np.random.default_rng(0).normal(0, 1, (rows, classes)), axis=1).astype(np.float32)
    assert list(calibrate(labels, said, alone(rows), seed=0).tried) == kinds


@pytest.mark.parametrize("kind", KINDS)
def test_a_wanted_kind_is_taken_as_given(kind: Kind) -> None:
    labels, said = drawn(30, 3)
    found = calibrate(labels, said, alone(30), wanted=kind, seed=0)
    assert found.calibration.kind == kind
    assert list(found.tried) == ["none", *([kind] if kind != "none" else [])]


@pytest.mark.parametrize("kind", KINDS)
def test_photos_of_a_group_are_held_out_together(kind: Kind) -> None:
    """Rows that are there twice with one label and once more with another tell a lot of each other, if they may."""
    labels, said = drawn(40, 2)
    rows, twice = np.repeat(said, 25, axis=0), np.repeat(labels, 25)
    together = calibrate(twice, rows, np.repeat(alone(40), 25), wanted=kind, seed=0).tried[kind]
    apart = calibrate(twice, rows, alone(1000), wanted=kind, seed=0).tried[kind]
    assert together > apart if kind != "none" else together == pytest.approx(apart)


def test_the_error_is_of_groups_not_of_rows() -> None:
    gains = np.random.default_rng(0).normal(0, 1, 30)
    gains += 0.5 * gains.std() / 30**0.5 - gains.mean()  # half a standard error
    losses = {"none": np.full(30, 9.0), "temperature": 9.0 - gains}
    assert calibrating._simplest(losses, alone(30)) == "none"  # type: ignore[arg-type]
    many = {kind: np.tile(values, 20) for kind, values in losses.items()}
    assert calibrating._simplest(many, alone(600)) == "temperature"  # type: ignore[arg-type]
    assert calibrating._simplest(many, np.tile(alone(30), 20)) == "none"  # type: ignore[arg-type]


def test_a_classifier_that_makes_no_mistake_gets_a_bounded_scale() -> None:
    labels = np.arange(200) % 2
    said = np.where(labels[:, None] == np.arange(2), 0.99, 0.01).astype(np.float32)
    for kind in KINDS:
        calibration = calibrate(labels, said, alone(200), wanted=kind, seed=0).calibration
        calibrated = calibration.apply(said)
        assert np.isfinite(calibrated).all()
        assert calibrated.max() < 0.9999
        assert all(0.5 < scale < 3 for scale in calibration.scale)


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_certainties_and_a_class_without_photos_do_no_harm(kind: Kind) -> None:
    chance = np.random.default_rng(0)
    labels = chance.integers(2, size=300)
    said = np.eye(4, dtype=np.float32)[np.where(chance.uniform(size=300) < 0.9, labels, 3 - labels)]
    calibration = calibrate(labels, said, alone(300), wanted=kind, seed=0).calibration
    calibrated = calibration.apply(said)
    assert np.isfinite(calibrated).all()
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, rtol=1e-5)
    if kind != "none":
        assert log_loss(labels, calibrated) < log_loss(labels, said)


def test_where_nothing_can_be_held_out_nothing_is_changed() -> None:
    labels, said = drawn(50, 3, factor=4)
    nothing = Calibrated(NONE, {}, 0)
    assert calibrate(labels[:0], said[:0], alone(0), seed=0) == nothing
    assert calibrate(labels[:0], said[:0], alone(0), wanted="temperature", seed=0) == nothing
    assert calibrate(labels, said, np.zeros(50, int), seed=0) == Calibrated(NONE, {}, 50)
    found = calibrate(labels, said, np.zeros(50, int), wanted="temperature", seed=0)
    assert (found.calibration.kind, found.tried) == ("temperature", {})


def test_the_same_seed_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, said = drawn(300, 3)
    first, again, other = (calibrate(labels, said, alone(300), seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert other.tried["none"] == pytest.approx(first.tried["none"])
    assert other.tried["temperature"] != first.tried["temperature"]
    monkeypatch.setattr(calibrating, "MANY", 100)
    quick = calibrate(labels, said, alone(300), seed=0)
    assert list(quick.tried) == list(first.tried)
    assert quick.tried["none"] != first.tried["none"]  # a third of the photos is asked


def test_shapes_that_do_not_belong_together_are_refused() -> None:
    labels, said = drawn(30, 3)
    for wrong in ((labels[1:], said, alone(30)), (labels, said[:, 0], alone(30)), (labels, said, alone(29))):
        with pytest.raises(DataError, match=r"do not belong together; wanted \(N,\), \(N, C\) and \(N,\)"):
            calibrate(*wrong, seed=0)


def test_the_order_of_photos_is_kept_by_a_temperature() -> None:
    labels, said = drawn(300, 3, factor=3)
    found = calibrate(labels, said, alone(300), wanted="temperature", seed=0).calibration
    assert isinstance(found, Calibration)
    np.testing.assert_array_equal(found.apply(said).argmax(axis=1), said.argmax(axis=1))
