"""Calibration of distributions over ranks: fits, and the choice of a kind."""

import numpy as np
import pytest

from headstart.tasks.ordinal.calibration_choice import choose_rank_calibration
from headstart.tasks.ordinal.calibration_fits import RANK_FITS, fit_logit_scale
from headstart_runtime.tasks.ordinal.calibration import UNCHANGED, RankCalibration
from headstart_runtime.tasks.ordinal.distribution import accumulate_logits, distribute, find_medians, order_logits


def _draw(rows: int, ranks: int, *, overdone: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ranks drawn of distributions, and what a model says that is surer than it should be."""
    chance = np.random.default_rng(seed)
    thresholds = np.sort(chance.normal(0, 2, ranks - 1))
    cumulative = chance.normal(0, 3, (rows, 1)) - thresholds
    true = distribute(cumulative)
    drawn = (true.cumsum(axis=1) < chance.random((rows, 1))).sum(axis=1)
    return np.minimum(drawn, ranks - 1), distribute((overdone * cumulative).astype(np.float32))


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_scaling_leaves_the_median(scale: float) -> None:
    _, said = _draw(400, 5)
    assert (find_medians(RankCalibration("temperature", scale).apply(said)) == find_medians(said)).mean() > 0.995


def test_a_distribution_stays_one() -> None:
    _, said = _draw(100, 4)
    for calibration in (UNCHANGED, RankCalibration("temperature", 0.4), RankCalibration("mixture", 2.0, 0.05)):
        made = calibration.apply(said)
        assert made.dtype == np.float32
        assert made.sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert (made >= calibration.mix / 4 - 1e-7).all()


@pytest.mark.parametrize("overdone", [0.5, 3.0])
def test_the_scale_undoes_what_was_overdone(overdone: float) -> None:
    ranks, said = _draw(5000, 5, overdone=overdone)
    assert fit_logit_scale(ranks, accumulate_logits(said.astype(np.float64))) == pytest.approx(1 / overdone, rel=0.08)
    assert RANK_FITS["temperature"](ranks, said).scale == pytest.approx(1 / overdone, rel=0.08)


def test_a_mixture_sees_answers_that_know_nothing() -> None:
    ranks, said = _draw(4000, 4)
    lost = np.random.default_rng(1).random(4000) < 0.1
    ranks[lost] = np.random.default_rng(2).integers(0, 4, int(lost.sum()))
    found = RANK_FITS["mixture"](ranks, said)
    assert found.mix == pytest.approx(0.1, abs=0.03)
    assert found.scale == pytest.approx(1, abs=0.15)


def test_numbers_that_cannot_be_meant_are_refused() -> None:
    for record in ({"kind": "isotonic"}, {"kind": "temperature", "scale": 0}, {"kind": "none", "mix": 0.2}):
        with pytest.raises(ValueError, match="calibration"):
            RankCalibration.from_json({"scale": 1.0, "mix": 0.0, **record})


def test_the_choice_is_by_held_out_loss_and_groups_stay_together() -> None:
    ranks, said = _draw(600, 5, overdone=4)
    found = choose_rank_calibration(ranks, said, np.arange(600) // 2, seed=0)
    assert found.calibration.kind in ("mixture", "temperature")
    assert found.log_losses["none"] > found.log_losses["temperature"]
    assert found.cross_fitted.shape == said.shape
    assert not np.array_equal(found.cross_fitted, found.calibration.apply(said))


def test_few_samples_leave_answers_as_they_are_and_one_group_holds_nothing_out() -> None:
    ranks, said = _draw(12, 3)
    assert choose_rank_calibration(ranks, said, np.arange(12), seed=0).calibration == UNCHANGED
    ranks, said = _draw(60, 3)
    found = choose_rank_calibration(ranks, said, np.zeros(60, np.int64), seed=0)
    assert found.log_losses == {}
    assert "too little" in found.reason


def test_a_kind_that_is_asked_for_is_taken() -> None:
    ranks, said = _draw(100, 3)
    found = choose_rank_calibration(ranks, said, np.arange(100), kind="temperature", seed=0)
    assert found.calibration.kind == "temperature"
    assert found.reason == "temperature was asked for."


def test_order_of_thresholds_is_kept() -> None:
    _, said = _draw(50, 6)
    logits = accumulate_logits(RankCalibration("temperature", 0.2).apply(said).astype(np.float64))
    assert (np.diff(logits, axis=1) <= 1e-5).all()
    assert order_logits(np.zeros((1, 3))).shape == (1, 2)
