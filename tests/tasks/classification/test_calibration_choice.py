import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.isotonic import IsotonicRegression

from headstart.evaluation.coverage import measure_coverage
from headstart.evaluation.metrics import log_loss
from headstart.heads.folds import assign_folds
from headstart.tasks.classification import calibration_choice as module
from headstart.tasks.classification.calibration_choice import _describe_choice, choose_calibration
from headstart.tasks.classification.calibration_fits import (
    FITS,
    HALF,
    PRIOR,
    fit_isotonic,
    fit_isotonic_curve,
    fit_mixture,
    fit_temperature_scaling,
)
from headstart.tasks.classification.conformal_fit import fit_conformal
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.classification.calibration import NONE, Calibration, CalibrationKind

KINDS = tuple(FITS)


def draw(rows: int, classes: int, *, factor: float = 1.0, shift: float = 0.0, seed: int = 0, clear: float = 2.0):  # type: ignore[no-untyped-def]
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
    labels, rows = draw(400, 4, factor=factor)
    calibration = fit_temperature_scaling(labels, rows, NONE)
    logits = np.log(rows.astype(float))

    def objective(position: float) -> float:
        said = log_softmax(np.exp(position) * logits, axis=1)
        return float(-said[np.arange(400), labels].sum() + position**2 / (2 * PRIOR**2))

    best = minimize_scalar(objective, bounds=(-4, 4), method="bounded", options={"xatol": 1e-8}).x
    assert np.log(calibration.scale) == pytest.approx(best, abs=1e-3)
    assert calibration.scale == pytest.approx(1 / factor, rel=0.2)


@pytest.mark.parametrize(("factor", "wrong"), [(0.4, 0.0), (1.0, 0.1), (2.5, 0.03)])
def test_scale_and_share_of_a_mixture_are_the_best_there_are(factor: float, wrong: float) -> None:
    labels, rows = draw(500, 3, factor=factor)
    chance = np.random.default_rng(1)
    labels = np.where(chance.uniform(size=500) < wrong, chance.integers(3, size=500), labels)
    calibration = fit_mixture(labels, rows, NONE)
    logits = np.log(rows.astype(float))

    def objective(place: np.ndarray) -> float:
        own = softmax(np.exp(place[0]) * logits, axis=1)[np.arange(500), labels]
        mix = expit(place[1])
        lost = -np.log((1 - mix) * own + mix / 3).sum() - HALF * np.log(mix)
        return float(lost + place[0] ** 2 / (2 * PRIOR**2))

    best = minimize(objective, [0, -3], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9}).x
    assert np.log(calibration.scale) == pytest.approx(best[0], abs=1e-3)
    assert calibration.mix == pytest.approx(expit(best[1]), rel=0.01)
    again = fit_mixture(labels, rows, calibration)
    assert (again.scale, again.mix) == pytest.approx((calibration.scale, calibration.mix), rel=1e-3)


def test_a_sure_and_wrong_photo_that_none_of_those_held_out_was_like_costs_little() -> None:
    """A logistic head gave one of 51 scans 1e-23 to its class: as much log loss as all others together."""
    labels, said = draw(200, 2)
    others, more = draw(50, 2, seed=1)
    more[0] = np.eye(2, dtype=np.float32)[1 - others[0]] + np.float32(1e-23)
    found = choose_calibration(labels, said, alone(200), seed=0)
    assert found.calibration.kind in ("mixture", "isotonic")
    assert log_loss(others, found.calibration.apply(more)) < log_loss(others[1:], more[1:]) + 8 / 50
    assert log_loss(others, more) > log_loss(others[1:], more[1:]) + 30 / 50
    # The half photo that vouches for it is next to nothing among many.
    assert choose_calibration(*draw(20_000, 2), alone(20_000), seed=0).calibration.mix < 0.002


@pytest.mark.parametrize("seed", range(20))
def test_curves_agree_with_scikit_learn(seed: int) -> None:
    """Given the half photos at both ends its levels are our values, and our knots the middles of these."""
    chance = np.random.default_rng(seed)
    x = np.round(chance.uniform(0, 1, 300), 2 if seed % 2 else 7).astype(np.float32)
    right = chance.uniform(0, 1, 300) < x**2
    knots, values = fit_isotonic_curve(right, x)
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
        _, values = fit_isotonic_curve(np.full(3, right), x)
        assert len(values) <= 2
        assert all(0 < value < 1 for value in values)
    assert fit_isotonic_curve(np.array([True]), np.array([0.3], np.float32)) == ((pytest.approx(0.3),), (0.75,))


def test_the_two_curves_of_two_classes_mirror_each_other() -> None:
    labels, rows = draw(500, 2)
    calibration = fit_isotonic(labels, rows, NONE)
    calibrated = calibration.apply(rows)
    both = [np.interp(rows[:, index], calibration.knots[index], calibration.values[index]) for index in range(2)]
    np.testing.assert_allclose(np.sum(both, axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(calibrated[:, 1], both[1], atol=1e-5)


@pytest.mark.parametrize(("rows", "classes"), [(300, 2), (1200, 4)])
@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_what_is_ill_calibrated_gets_better_on_new_photos(rows: int, classes: int, factor: float) -> None:
    labels, said = draw(rows, classes, factor=factor)
    others, more = draw(4000, classes, factor=factor, seed=1)
    found = choose_calibration(labels, said, alone(rows), seed=0)
    truth = log_loss(others, softmax(np.log(more.astype(float)) / factor, axis=1))
    gained = log_loss(others, more) - log_loss(others, found.calibration.apply(more))
    assert gained > 0.9 * (log_loss(others, more) - truth)
    assert found.log_losses[found.calibration.kind] < found.log_losses["none"]
    assert found.n == rows


@pytest.mark.parametrize("seed", range(6))
def test_what_is_well_calibrated_is_mostly_left_alone(seed: int) -> None:
    labels, said = draw(400, 3, seed=seed)
    found = choose_calibration(labels, said, alone(400), seed=0)
    others, more = draw(4000, 3, seed=100 + seed)
    assert log_loss(others, found.calibration.apply(more)) < log_loss(others, more) + 0.01
    assert found.calibration.kind == "mixture"
    assert found.calibration.mix < 0.1
    np.testing.assert_array_equal(found.calibration.apply(more).argmax(axis=1), more.argmax(axis=1))


def test_each_kind_wins_where_it_is_the_one_that_helps() -> None:
    labels, said = draw(3000, 3, factor=2.0)
    assert choose_calibration(labels, said, alone(3000), seed=0).calibration.kind == "mixture"
    labels, rows = draw(6000, 2)
    bent = np.where(rows < 0.5, rows * 0.2, 1 - (1 - rows) * 0.2) * (rows > 0.3) + 0.02 * (rows <= 0.3)
    said = (bent / bent.sum(axis=1, keepdims=True)).astype(np.float32)
    found = choose_calibration(labels, said, alone(6000), seed=0)
    assert found.calibration.kind == "isotonic"
    assert set(found.log_losses) == set(KINDS)


@pytest.mark.parametrize(
    ("rows", "classes", "kinds"),
    [
        (19, 2, ["none"]),
        (20, 2, ["none", "temperature", "mixture"]),
        (99, 2, ["none", "temperature", "mixture"]),
        (100, 2, list(KINDS)),
        (119, 6, ["none", "temperature", "mixture"]),
        (120, 6, list(KINDS)),
    ],
)
def test_only_what_there_are_photos_enough_for_is_tried(rows: int, classes: int, kinds: list[str]) -> None:
    labels = np.arange(rows) % classes
    said = softmax(np.random.default_rng(0).normal(0, 1, (rows, classes)), axis=1).astype(np.float32)
    assert list(choose_calibration(labels, said, alone(rows), seed=0).log_losses) == kinds


@pytest.mark.parametrize("kind", KINDS)
def test_a_wanted_kind_is_taken_as_given(kind: CalibrationKind) -> None:
    labels, said = draw(30, 3)
    found = choose_calibration(labels, said, alone(30), kind=kind, seed=0)
    assert found.calibration.kind == kind
    assert list(found.log_losses) == ["none", *([kind] if kind != "none" else [])]


@pytest.mark.parametrize("kind", KINDS)
def test_photos_of_a_group_are_held_out_together(kind: CalibrationKind) -> None:
    """Rows that are there twice with one label and once more with another tell a lot of each other, if they may."""
    labels, said = draw(40, 2)
    rows, twice = np.repeat(said, 25, axis=0), np.repeat(labels, 25)
    together = choose_calibration(twice, rows, np.repeat(alone(40), 25), kind=kind, seed=0).log_losses[kind]
    apart = choose_calibration(twice, rows, alone(1000), kind=kind, seed=0).log_losses[kind]
    assert together > apart if kind != "none" else together == pytest.approx(apart)


def test_the_error_is_of_groups_not_of_rows() -> None:
    gains = np.random.default_rng(0).normal(0, 1, 30)
    gains += 0.5 * gains.std() / 30**0.5 - gains.mean()  # half a standard error
    losses = {"mixture": np.full(30, 9.0), "isotonic": 9.0 - gains}
    least = dict.fromkeys(losses, 0.01)

    def chosen(losses: dict[str, np.ndarray], groups: np.ndarray) -> CalibrationKind:
        return module._choose_kind(losses, module._add_sure_mistake(losses, least), groups)  # type: ignore[arg-type]

    assert chosen(losses, alone(30)) == "mixture"
    many = {kind: np.tile(values, 20) for kind, values in losses.items()}
    assert chosen(many, alone(600)) == "isotonic"
    assert chosen(many, np.tile(alone(30), 20)) == "mixture"


def test_half_a_photo_of_the_least_probability_counts_too() -> None:
    """Nothing that is held out tells a kind that says 1e-15 from one that is bounded; one photo more would."""
    losses = {"none": np.full(100, 0.1), "isotonic": np.full(100, 0.15)}
    assert (
        module._choose_kind(losses, module._add_sure_mistake(losses, {"none": 1e-15, "isotonic": 0.01}), alone(100))
        == "isotonic"
    )
    assert (
        module._choose_kind(losses, module._add_sure_mistake(losses, {"none": 0.005, "isotonic": 0.01}), alone(100))
        == "none"
    )


@pytest.mark.parametrize("wanted", [*KINDS, "auto"])
def test_each_photo_is_calibrated_by_others_than_itself_and_its_group(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, said = draw(300, 3, factor=2)
    groups = alone(300) // 3
    for many in (module.MANY, 100):  # a third only is judged by where photos are many; all are calibrated
        monkeypatch.setattr(module, "MANY", many)
        before = choose_calibration(labels, said, groups, kind=wanted, seed=0)  # type: ignore[arg-type]
        kind = before.calibration.kind
        fold = assign_folds(labels, groups, 3 if many == 100 else 5, 0)
        for held in np.unique(fold):
            out = fold == held
            fitted = FITS[kind](labels[~out], said[~out], before.calibration)
            np.testing.assert_array_equal(before.cross_fitted[out], fitted.apply(said[out]))
        if kind != "none":
            assert (before.cross_fitted != before.calibration.apply(said)).any()


@pytest.mark.parametrize("n", [100, 150])
def test_sets_by_what_is_cross_fitted_keep_their_promise(n: int) -> None:
    """Curves fitted on the photos that set the threshold know these better than new ones: their sets are too small."""
    held, too_small = [], []
    for seed in range(30):
        labels, said = draw(n, 4, seed=seed, clear=1.5)
        others, more = draw(400, 4, seed=1000 + seed, clear=1.5)
        found = choose_calibration(labels, said, alone(n), kind="isotonic", seed=seed)
        said, more = (found.calibration.apply(rows) for rows in (said, more))
        for rows, into in ((found.cross_fitted, held), (said, too_small)):
            sets = fit_conformal(labels, rows, coverage=0.9)
            into.append(measure_coverage(sets.predict(more), others).coverage)
    assert 0.88 < np.mean(held) < 0.92
    assert np.mean(too_small) < np.mean(held) - 0.01


def test_a_classifier_that_makes_no_mistake_gets_a_bounded_scale() -> None:
    labels = np.arange(200) % 2
    said = np.where(labels[:, None] == np.arange(2), 0.99, 0.01).astype(np.float32)
    for kind in KINDS:
        calibration = choose_calibration(labels, said, alone(200), kind=kind, seed=0).calibration
        calibrated = calibration.apply(said)
        assert np.isfinite(calibrated).all()
        assert calibrated.max() < 0.9999
        assert calibration.mix < 0.01
        assert 0.5 < calibration.scale < 3


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_certainties_and_a_class_without_photos_do_no_harm(kind: CalibrationKind) -> None:
    chance = np.random.default_rng(0)
    labels = chance.integers(2, size=300)
    said = np.eye(4, dtype=np.float32)[np.where(chance.uniform(size=300) < 0.9, labels, 3 - labels)]
    calibration = choose_calibration(labels, said, alone(300), kind=kind, seed=0).calibration
    calibrated = calibration.apply(said)
    assert np.isfinite(calibrated).all()
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, rtol=1e-5)
    if kind != "none":
        assert log_loss(labels, calibrated) < log_loss(labels, said)


def test_where_nothing_can_be_held_out_nothing_is_changed() -> None:
    labels, said = draw(50, 3, factor=4)
    for wanted in ("auto", "temperature"):
        found = choose_calibration(labels[:0], said[:0], alone(0), kind=wanted, seed=0)  # type: ignore[arg-type]
        assert (found.calibration, found.log_losses, found.n, found.cross_fitted.shape) == (NONE, {}, 0, (0, 3))
    found = choose_calibration(labels, said, np.zeros(50, int), seed=0)
    assert (found.calibration, found.log_losses, found.n) == (NONE, {}, 50)
    found = choose_calibration(labels, said, np.zeros(50, int), kind="temperature", seed=0)
    assert (found.calibration.kind, found.log_losses) == ("temperature", {})
    np.testing.assert_array_equal(found.cross_fitted, found.calibration.apply(said))


def test_the_same_seed_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, said = draw(300, 3)
    first, again, other = (choose_calibration(labels, said, alone(300), seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert other.log_losses["none"] == pytest.approx(first.log_losses["none"])
    assert other.log_losses["temperature"] != first.log_losses["temperature"]
    monkeypatch.setattr(module, "MANY", 100)
    quick = choose_calibration(labels, said, alone(300), seed=0)
    assert list(quick.log_losses) == list(first.log_losses)
    assert quick.log_losses["none"] != first.log_losses["none"]  # a third of the photos is asked


def test_shapes_that_do_not_belong_together_are_refused() -> None:
    labels, said = draw(30, 3)
    for wrong in ((labels[1:], said, alone(30)), (labels, said[:, 0], alone(30)), (labels, said, alone(29))):
        with pytest.raises(DataError, match=r"do not belong together; wanted \(N,\), \(N, C\) and \(N,\)"):
            choose_calibration(*wrong, seed=0)


def test_the_order_of_photos_is_kept_by_a_temperature() -> None:
    labels, said = draw(300, 3, factor=3)
    found = choose_calibration(labels, said, alone(300), kind="temperature", seed=0).calibration
    assert isinstance(found, Calibration)
    np.testing.assert_array_equal(found.apply(said).argmax(axis=1), said.argmax(axis=1))


@pytest.mark.parametrize(
    ("asked", "chosen", "means", "totals", "told"),
    [
        ("isotonic", "isotonic", {"none": 1, "isotonic": 2}, {}, "isotonic was asked for."),
        ("auto", "none", {}, {}, "There was too little to hold out"),
        ("auto", "mixture", {"none": 2, "mixture": 1}, {"none": 2, "mixture": 1}, "mixture has the lowest"),
        (
            "auto",
            "mixture",
            {"none": 1, "mixture": 2},
            {"none": 9, "mixture": 3},
            "none has a lower log loss",
        ),
        ("auto", "mixture", {"none": 1, "mixture": 2}, {"none": 1, "mixture": 2}, "none does better, but by less than"),
    ],
)
def test_the_choice_is_told_in_a_sentence(asked, chosen, means, totals, told) -> None:
    assert _describe_choice(asked, chosen, means, totals).startswith(told)


def test_a_choice_has_a_reason() -> None:
    chance = np.random.default_rng(0)
    labels = chance.integers(0, 2, 200)
    sure = np.where(chance.uniform(size=200) < 0.9, labels, 1 - labels)
    probabilities = np.eye(2, dtype=np.float32)[sure] * 0.98 + 0.01
    found = choose_calibration(labels, probabilities.astype(np.float32), np.arange(200), seed=0)
    assert found.calibration.kind in found.reason
