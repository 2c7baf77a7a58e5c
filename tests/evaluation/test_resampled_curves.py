"""Intervals of areas and bands of curves by resampled groups: scikit-learn is the second opinion on each resample."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from headstart.evaluation.intervals import wilson_interval
from headstart.evaluation.resampled_curves import resample_areas, resample_curves

PLACES = np.linspace(0, 1, 21)


def draw(seed: int, n: int = 120, share: float = 0.3, apart: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Rounded scores, so that some are equal, and who is wanted."""
    chance = np.random.default_rng(seed)
    wanted = chance.random(n) < share
    return np.round(chance.normal(apart * wanted), 1), wanted


def test_the_intervals_are_quantiles_of_what_scikit_learn_says_of_resamples() -> None:
    scores, wanted = draw(0)
    groups = np.arange(120) // 2
    found = resample_areas(scores, wanted, groups, seed=0)
    chance, areas = np.random.default_rng(1), []
    for _ in range(250):
        rows = np.concatenate([np.flatnonzero(groups == group) for group in chance.integers(0, 60, 60)])
        areas.append([metric(wanted[rows], scores[rows]) for metric in (roc_auc_score, average_precision_score)])
    low, high = np.quantile(areas, (0.025, 0.975), axis=0)
    assert (found.roc.low, found.roc.high) == pytest.approx((low[0], high[0]), abs=0.03)
    assert (found.precision_recall.low, found.precision_recall.high) == pytest.approx((low[1], high[1]), abs=0.03)


def test_rows_that_belong_together_tell_less() -> None:
    scores, wanted = draw(2, n=60)
    alone = resample_areas(np.repeat(scores, 5), np.repeat(wanted, 5), np.arange(300), seed=0).roc
    together = resample_areas(np.repeat(scores, 5), np.repeat(wanted, 5), np.repeat(np.arange(60), 5), seed=0).roc
    assert together.high - together.low > 1.7 * (alone.high - alone.low)


def test_most_intervals_hold_the_true_area() -> None:
    """Unit normals 1 apart have the area Phi(1 / sqrt(2))."""
    held = []
    for seed in range(60):
        chance = np.random.default_rng([7, seed])
        wanted = np.arange(100) < 40
        found = resample_areas(chance.normal(1.0 * wanted), wanted, np.arange(100), seed).roc
        held.append(found.low <= 0.7602 <= found.high)
    assert np.mean(held) > 0.85


def test_where_every_row_is_told_the_interval_is_that_of_a_share() -> None:
    found = resample_areas(np.arange(30.0), np.arange(30) >= 22, np.arange(30), seed=0)
    wanted = wilson_interval(8, 8)
    assert (found.roc.low, found.roc.high) == pytest.approx((wanted.low, 1.0))
    assert found.precision_recall.low == pytest.approx(wanted.low)


def test_one_positive_group_gives_an_interval_still() -> None:
    found = resample_areas(np.arange(12.0), np.arange(12) == 6, np.arange(12), seed=0)
    assert 0 <= found.roc.low <= 6 / 11 <= found.roc.high <= 1


def test_bands_hold_the_curves_and_are_narrower_where_there_are_more_rows() -> None:
    widths = []
    for n in (100, 1600):
        scores, wanted = draw(3, n=n)
        band = resample_curves(scores, wanted, np.arange(n), 0, PLACES)
        for low, high in (
            (band.true_positives_low, band.true_positives_high),
            (band.precision_low, band.precision_high),
        ):
            assert low.shape == high.shape == PLACES.shape
            assert ((low <= high) & (low >= 0) & (high <= 1)).all()
        middle = (np.sort(scores[~wanted])[::-1][n // 5], scores[wanted])
        share = float((middle[1] >= middle[0]).mean())
        at = int(np.searchsorted(PLACES, (scores[~wanted] >= middle[0]).mean()))
        assert band.true_positives_low[max(0, at - 2)] <= share <= band.true_positives_high[min(20, at + 1)]
        widths.append(float((band.true_positives_high - band.true_positives_low).mean()))
    assert widths[1] < widths[0] / 2
