"""Cumulative logits pooled with a logit for each rank."""

import numpy as np
import pytest

from headstart.heads.folds import assign_folds
from headstart.heads.head import TrainingSet
from headstart.settings import HeadSettings
from headstart.tasks.ordinal.cumulative import solve_cumulative
from headstart.tasks.ordinal.pooled import SHARES, PoolChoice, fit_pooled, predict_pooled_held_out
from headstart_runtime.linalg import softmax
from headstart_runtime.tasks.ordinal.distribution import distribute, find_medians, order_logits, spread_numbers

from .drawn import draw_ranks

OPTIONS = HeadSettings(c_points=9)


def _measure_error(training_set: TrainingSet, fresh: TrainingSet) -> float:
    head = fit_pooled(training_set, OPTIONS).head
    return float(np.abs(find_medians(spread_numbers(head.logits(fresh.features))) - fresh.targets).mean())


def _draw_circle(rows: int, seed: int) -> TrainingSet:
    """Grades along a circle: no direction of the features rises with them."""
    chance = np.random.default_rng(seed)
    angle = chance.uniform(0, 1.9 * np.pi, rows)
    places = np.stack([np.cos(angle), np.sin(angle)], axis=1) + chance.normal(0, 0.05, (rows, 2))
    ranks = np.floor(angle / (1.9 * np.pi) * 5).astype(np.int64)
    return TrainingSet(places.astype(np.float32), ranks, 10, np.arange(rows), balanced=False, seed=0)


def test_the_layer_is_the_pool_of_both_parts() -> None:
    training_set = draw_ranks(120, 6, 4, outputs=8)
    choice = PoolChoice(0.05, 0.02, 1.0, 0.5)
    fitted = fit_pooled(training_set, OPTIONS, choice.to_record())
    (layer,) = fitted.head.layers
    assert layer.weight.shape == (6, 8)
    numbers = fitted.head.logits(training_set.features)
    ordered = solve_cumulative(draw_ranks(120, 6, 4), 0.05)
    cumulative = order_logits(training_set.features @ ordered.weight + ordered.bias)
    wanted = softmax(np.log(distribute(0.5 * cumulative)) + numbers[:, 4:])
    assert spread_numbers(numbers) == pytest.approx(wanted, abs=1e-4)
    assert fitted.chosen == choice.to_record()


def test_grades_that_no_direction_rises_with_are_told() -> None:
    assert _measure_error(_draw_circle(300, 0), _draw_circle(300, 1)) < 0.25


def test_grades_along_a_direction_are_told_as_well_as_proportional_odds_tell_them() -> None:
    training_set, fresh = draw_ranks(200, 20, 5, outputs=10), draw_ranks(2000, 20, 5, outputs=10)
    ordered = solve_cumulative(draw_ranks(200, 20, 5), 0.05)
    alone = find_medians(distribute(order_logits(fresh.features @ ordered.weight + ordered.bias)))
    assert _measure_error(training_set, fresh) < np.abs(alone - fresh.targets).mean() + 0.05


def test_the_path_names_what_was_chosen_and_its_error_is_in_ranks() -> None:
    fitted = fit_pooled(draw_ranks(240, 10, 5, outputs=10), OPTIONS)
    chosen = next(trial for trial in fitted.path if trial.value == fitted.chosen["C"])
    assert chosen.loss <= 1.05 * min(trial.loss for trial in fitted.path) + 0.01
    assert 0.2 < chosen.score < 1.2
    assert fitted.chosen["share"] in SHARES


def test_held_out_answers_are_distributions_of_heads_without_the_fold() -> None:
    training_set = draw_ranks(90, 5, 4, outputs=8)
    fold = assign_folds(training_set.targets, training_set.groups, 3, 0)
    choice = PoolChoice(0.05, 0.02, 0.5, 0.7)
    said = predict_pooled_held_out(training_set, fold, choice)
    assert said.sum(axis=1) == pytest.approx(1, abs=1e-5)
    for held in range(3):
        head = fit_pooled(training_set.take(fold != held), OPTIONS, choice.to_record()).head
        alone = spread_numbers(head.logits(training_set.features[fold == held]))
        assert said[fold == held] == pytest.approx(alone, abs=0.08)


@pytest.mark.parametrize("missing", [0, 2])
def test_a_rank_without_rows_is_unlikely_and_not_impossible(missing: int) -> None:
    drawn = draw_ranks(90, 6, 4, outputs=8)
    rows = drawn.take(drawn.targets != missing)
    said = spread_numbers(fit_pooled(rows, OPTIONS).head.logits(rows.features))
    assert np.isfinite(said).all()
    assert 0 < said[:, missing].mean() < 0.1
