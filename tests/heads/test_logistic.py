from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from headstart.heads import class_problems, subsample
from headstart.heads.descent import Problems, initialise, minimise, probabilities_of_logits
from headstart.heads.folds import assign_folds
from headstart.heads.head import TrainingSet
from headstart.heads.logistic import fit_logistic, predict_held_out
from headstart.heads.space import DualSpace, PrimalSpace
from headstart.settings import HeadSettings
from headstart_runtime.errors import DataError
from headstart_runtime.linalg import softmax

from .drawn import draw

OPTIONS = HeadSettings()


def _second_opinion(training_set, C):
    model = LogisticRegression(
        C=C, tol=1e-10, max_iter=20_000, class_weight="balanced" if training_set.balanced else None
    )
    features = StandardScaler().fit_transform(training_set.features.astype(np.float64))
    model.fit(features, training_set.targets)
    return model.predict_proba(features)


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize(("rows", "columns"), [(90, 300), (400, 30)])
@pytest.mark.parametrize("C", [1e-4, 1e-2, 1.0, 100.0])
def test_probabilities_are_those_of_scikit_learn(rows, columns, classes, balanced, C):
    training_set = draw(rows, columns, classes, apart=0.4, seed=2, balanced=balanced)
    uneven = (training_set.targets > 0) | (np.arange(rows) % 4 == 0)
    training_set = replace(
        training_set,
        features=training_set.features[uneven],
        targets=training_set.targets[uneven],
        groups=training_set.groups[uneven],
    )
    fitted = fit_logistic(training_set, OPTIONS, {"C": C})
    assert np.abs(softmax(fitted.head.logits(training_set.features)) - _second_opinion(training_set, C)).max() < 1e-3


@pytest.mark.parametrize("space", [DualSpace, PrimalSpace])
def test_problems_side_by_side_are_the_problems_alone(space):
    training_set = draw(80, 50, 3, apart=0.5)
    rows = ((training_set.features - training_set.features.mean(0)) / training_set.features.std(0)).astype(np.float32)
    targets = (np.arange(3)[:, None] == training_set.targets).astype(np.float32)[:, None]
    kept = (np.arange(80) % 4 != np.arange(4)[:, None]).astype(np.float32)
    here = space(rows, 0)
    together = initialise(here, np.zeros((3, 4), np.float32))
    minimise(here, Problems(targets, kept), together, 0.1, 1e-9, 500)
    for index in range(4):
        inside = kept[index] > 0
        model = LogisticRegression(C=0.1, tol=1e-10, max_iter=10_000).fit(
            rows[inside].astype(float), training_set.targets[inside]
        )
        assert np.abs(together.chance[:, index].T - model.predict_proba(rows.astype(float))).max() < 1e-3
        # Rows that a problem keeps out have no part in its weights.
        weights = here.weights(together.unknown[:, index]).T
        assert np.abs(weights - model.coef_).max() < 1e-3 * np.abs(model.coef_).max()


def test_path_scores_are_those_of_folds_fitted_one_by_one():
    training_set = draw(90, 40, 3, apart=0.4)
    fitted = fit_logistic(training_set, OPTIONS)
    fold = assign_folds(training_set.targets, training_set.groups, 5, training_set.seed)
    rows = StandardScaler().fit_transform(training_set.features.astype(float))
    for trial in fitted.path[::3]:
        lost, right = [], []
        for held in range(5):
            model = LogisticRegression(C=trial.value, tol=1e-9, max_iter=10_000)
            model.fit(rows[fold != held], training_set.targets[fold != held])
            chance = model.predict_proba(rows[fold == held])
            lost += list(-np.log(chance[np.arange(len(chance)), training_set.targets[fold == held]]))
            right += list(chance.argmax(1) == training_set.targets[fold == held])
        assert trial.loss == pytest.approx(np.mean(lost), rel=0.02)
        assert trial.score == pytest.approx(np.mean(right), abs=0.023)


def test_chosen_is_the_smallest_c_near_the_lowest_loss_and_the_path_ends_after_the_valley():
    fitted = fit_logistic(draw(200, 60, 3, apart=0.3), OPTIONS)
    losses = [trial.loss for trial in fitted.path]
    near = [trial.value for trial in fitted.path if trial.loss <= 1.05 * min(losses)]
    assert fitted.chosen == {"C": near[0]}
    assert len(losses) < OPTIONS.c_points
    assert losses[-1] > 1.1 * min(losses)


def test_folds_in_parts_are_folds_at_once(monkeypatch):
    training_set = draw(60, 30, 3)
    at_once = fit_logistic(training_set, OPTIONS)
    monkeypatch.setattr(class_problems, "_BLOCK", 60 * 3 * 2)
    in_parts = fit_logistic(training_set, OPTIONS)
    for one, other in zip(at_once.path, in_parts.path, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=0.01)


def test_missing_class_is_improbable_but_possible():
    training_set = draw(60, 10, 3)
    wider = replace(training_set, outputs=5, targets=np.where(training_set.targets == 2, 4, training_set.targets))
    chance = softmax(fit_logistic(wider, OPTIONS).head.logits(training_set.features))
    assert np.array_equal(chance.argmax(1) == 4, chance[:, [0, 1, 4]].argmax(1) == 2)
    assert (chance[:, [2, 3]] > 0).all()
    assert (chance[:, [2, 3]] < 0.05).all()


def test_only_one_class_of_two_answers_with_it():
    training_set = draw(20, 5, 2)
    chance = softmax(
        fit_logistic(replace(training_set, targets=np.ones(20, np.int64)), OPTIONS).head.logits(training_set.features)
    )
    assert chance[:, 1] == pytest.approx(20 / 21 + 0 * chance[:, 1], abs=0.01)


def test_rows_that_are_not_finite_are_counted_and_named():
    training_set = draw(20, 5, 2)
    features = training_set.features.copy()
    features[7, 2] = np.nan
    features[9, 0] = np.inf
    with pytest.raises(DataError, match="2 of 20 rows of features hold NaN or infinity, the first is row 7"):
        fit_logistic(replace(training_set, features=features), OPTIONS)


def test_all_rows_in_one_group_cannot_be_held_out():
    training_set = draw(40, 5, 2)
    fitted = fit_logistic(replace(training_set, groups=np.zeros(40, np.int64)), OPTIONS)
    assert fitted.path == ()
    assert fitted.chosen["C"] == 0.01
    assert fitted.torn == (0, 1)


def test_likelihoods_stand_far_logits():
    far = np.array([[[-1e4, 0, 1e4]]], np.float32)
    assert probabilities_of_logits(far).ravel() == pytest.approx([0, 0.5, 1], abs=1e-30)


def test_one_rare_class_does_not_make_all_folds_coarse():
    """A class of two rows: the path is that of five folds for the others, not of two halves."""
    training_set = draw(120, 30, 3, apart=0.5)
    labels = np.where(training_set.targets == 2, training_set.targets - 1, training_set.targets)
    labels[:2] = 2
    rare = replace(training_set, targets=labels)
    fold = assign_folds(labels, training_set.groups, 5, training_set.seed)
    fitted = fit_logistic(rare, OPTIONS)
    chosen = next(trial for trial in fitted.path if trial.value == fitted.chosen["C"])
    right = predict_held_out(rare, fold, fitted.chosen["C"]).argmax(axis=1) == labels
    assert chosen.score == pytest.approx(right.mean(), abs=0.02)


def test_classes_of_one_group_do_not_choose_the_penalty():
    """Near-duplicates of one photo a class. Held out together they want the strongest penalty, torn the weakest."""
    random = np.random.default_rng(0)
    training_set = draw(60, 20, 2, apart=1.0)
    copies = np.repeat(random.normal(0, 3, (3, 20)), 12, axis=0) + random.normal(0, 0.01, (36, 20))
    features = np.concatenate([training_set.features, copies.astype(np.float32)])
    labels = np.concatenate([training_set.targets, np.repeat([2, 3, 4], 12)])
    groups = np.concatenate([np.arange(60), np.repeat([70, 71, 72], 12)])
    fitted = fit_logistic(TrainingSet(features, labels, 5, groups, balanced=False, seed=0), OPTIONS)
    assert fitted.torn == (2, 3, 4)
    alone = fit_logistic(training_set, OPTIONS)
    assert abs(np.log10(fitted.chosen["C"] / alone.chosen["C"])) <= 1


def test_many_rows_choose_on_a_sample_of_their_groups(monkeypatch):
    training_set = draw(600, 20, 3, apart=0.8, seed=4)
    training_set = replace(training_set, groups=np.arange(600) // 2)
    whole = fit_logistic(training_set, OPTIONS)
    monkeypatch.setattr(subsample, "CHOSEN_ON", 300)
    monkeypatch.setattr(subsample, "MANY", 599)
    sampled = fit_logistic(training_set, OPTIONS)
    assert len(sampled.path) >= 3
    assert sampled.path != whole.path
    again = fit_logistic(training_set, OPTIONS, whole.chosen)
    if sampled.chosen == whole.chosen:
        np.testing.assert_array_equal(again.head.layers[0].weight, sampled.head.layers[0].weight)
    assert abs(np.log10(sampled.chosen["C"] / whole.chosen["C"])) <= 1
