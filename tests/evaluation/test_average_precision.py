import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from headstart.evaluation.average_precision import (
    average_precisions,
    draw_group_weights,
    mean_average_precision,
    resample_average_precisions,
    score_rows_by_influence,
)


def _draw(rows=80, labels=3, seed=0, ties=True):
    chance = np.random.default_rng(seed)
    targets = (chance.random((rows, labels)) < 0.3).astype(np.int8)
    scores = targets * 0.5 + chance.normal(0, 1, (rows, labels))
    return targets, np.round(scores, 1) if ties else scores


@pytest.mark.parametrize("ties", [False, True])
def test_it_is_scikit_learns(ties):
    targets, scores = _draw(ties=ties)
    wanted = [average_precision_score(targets[:, k], scores[:, k]) for k in range(3)]
    assert average_precisions(targets, scores) == pytest.approx(np.array(wanted))
    assert mean_average_precision(targets, scores) == pytest.approx(np.mean(wanted))


def test_resamples_are_scikit_learns_with_weights():
    targets, scores = _draw(50)
    targets[::7, 1] = -1
    weights = draw_group_weights(np.arange(50) // 2, 3, 0)
    assert (weights[:, ::2] == weights[:, 1::2]).all()
    assert weights.sum(axis=1) == pytest.approx(50)
    found = resample_average_precisions(targets, scores, weights[:8])
    for draw in range(8):
        for label in range(3):
            known = targets[:, label] >= 0
            wanted = average_precision_score(
                targets[known, label], scores[known, label], sample_weight=weights[draw, known]
            )
            assert found[draw, label] == pytest.approx(wanted)


def test_influence_is_the_derivative_by_a_rows_weight():
    targets, scores = _draw(40, 2)
    targets[3, 0] = -1
    rows = score_rows_by_influence(targets, scores)
    whole = mean_average_precision(targets, scores)
    assert rows.mean() == pytest.approx(whole)
    step = 1e-3
    for row in range(0, 40, 7):
        weights = np.ones((2, 40))
        weights[0, row] += step
        weights[1, row] -= step
        above, below = resample_average_precisions(targets, scores, weights).mean(axis=1)
        assert rows[row] == pytest.approx(whole + 40 * (above - below) / (2 * step), abs=1e-3)


def test_a_label_that_no_row_has_is_in_no_mean():
    targets, scores = _draw()
    targets[:, 2] = 0
    assert np.isnan(average_precisions(targets, scores)[2])
    assert mean_average_precision(targets, scores) == pytest.approx(
        mean_average_precision(targets[:, :2], scores[:, :2])
    )
    assert mean_average_precision(targets[:, 2:], scores[:, 2:]) == 0
    assert (score_rows_by_influence(targets[:, 2:], scores[:, 2:]) == 0).all()
