from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from headstart.settings import HeadSettings
from headstart.tasks.multilabel import label_logistic as solver
from headstart.tasks.multilabel.folds import assign_label_folds
from headstart.tasks.multilabel.heads import LabelSetHeads
from headstart.tasks.multilabel.label_logistic import fit_label_logistic, predict_labels_by_folds
from headstart_runtime.linalg import sigmoid

from .drawn import draw_labels

OPTIONS = HeadSettings()


def _one_vs_rest(training_set, C):
    model = LogisticRegression(
        C=C, tol=1e-10, max_iter=20_000, class_weight="balanced" if training_set.balanced else None
    )
    features = StandardScaler().fit_transform(training_set.features.astype(np.float64))
    return OneVsRestClassifier(model).fit(features, training_set.targets).predict_proba(features)


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(90, 200), (400, 30)])
@pytest.mark.parametrize("C", [1e-4, 1e-2, 1.0, 100.0])
def test_probabilities_are_those_of_scikit_learn_one_vs_rest(rows, columns, balanced, C):
    training_set = draw_labels(rows, columns, seed=2, balanced=balanced)
    fitted = fit_label_logistic(training_set, OPTIONS, {"C": C})
    found = sigmoid(fitted.head.logits(training_set.features))
    assert np.abs(found - _one_vs_rest(training_set, C)).max() < 1e-3


@pytest.mark.parametrize("balanced", [False, True])
def test_of_a_label_rows_where_it_is_unknown_have_no_say(balanced):
    training_set = draw_labels(150, 30, unknown=0.3, seed=1, balanced=balanced)
    found = sigmoid(fit_label_logistic(training_set, OPTIONS, {"C": 0.1}).head.logits(training_set.features))
    rows = StandardScaler().fit_transform(training_set.features.astype(float))
    for label in range(training_set.outputs):
        known = training_set.targets[:, label] >= 0
        model = LogisticRegression(C=0.1, tol=1e-10, max_iter=10_000, class_weight="balanced" if balanced else None)
        model.fit(rows[known], training_set.targets[known, label])
        assert np.abs(found[:, label] - model.predict_proba(rows)[:, 1]).max() < 1e-3


def test_held_out_answers_are_those_of_folds_fitted_one_by_one():
    training_set = draw_labels(120, 25, 3, seed=4, each=2)
    fold = assign_label_folds(training_set.targets, training_set.groups, 4, 0)
    found = predict_labels_by_folds(training_set, fold, 0.05)
    rows = StandardScaler().fit_transform(training_set.features.astype(float))
    for held in range(4):
        out = fold == held
        for label in range(3):
            model = LogisticRegression(C=0.05, tol=1e-10, max_iter=10_000)
            model.fit(rows[~out], training_set.targets[~out, label])
            assert np.abs(found[out, label] - model.predict_proba(rows[out])[:, 1]).max() < 2e-3


def test_chosen_is_the_smallest_c_near_the_lowest_loss():
    fitted = fit_label_logistic(draw_labels(200, 40, noise=2), OPTIONS)
    losses = [trial.loss for trial in fitted.path]
    near = [trial.value for trial in fitted.path if trial.loss <= 1.05 * min(losses)]
    assert fitted.chosen == {"C": near[0]}
    assert all(0 < trial.score <= 1 for trial in fitted.path)
    again = fit_label_logistic(draw_labels(200, 40, noise=2), OPTIONS, fitted.chosen)
    assert again.path == ()


def test_labels_and_folds_in_parts_are_all_at_once(monkeypatch):
    training_set = draw_labels(80, 20, 5, unknown=0.1)
    at_once = fit_label_logistic(training_set, OPTIONS)
    monkeypatch.setattr(solver, "_BLOCK", 80 * 2)
    in_parts = fit_label_logistic(training_set, OPTIONS)
    assert [trial.loss for trial in in_parts.path] == pytest.approx([trial.loss for trial in at_once.path], rel=0.01)
    logits = [fitted.head.logits(training_set.features) for fitted in (at_once, in_parts)]
    assert np.abs(sigmoid(logits[0]) - sigmoid(logits[1])).max() < 1e-2


def test_a_label_that_no_row_has_or_every_row_is_sure_but_not_certain():
    training_set = draw_labels(60, 10, 4)
    targets = training_set.targets.copy()
    targets[:, 1], targets[:, 2], targets[:, 3] = 0, 1, -1
    chance = sigmoid(
        fit_label_logistic(replace(training_set, targets=targets), OPTIONS).head.logits(training_set.features)
    )
    assert chance[:, 1] == pytest.approx(1 / 62 + 0 * chance[:, 1], abs=1e-3)
    assert chance[:, 2] == pytest.approx(61 / 62 + 0 * chance[:, 2], abs=1e-3)
    assert chance[:, 3] == pytest.approx(0.5 + 0 * chance[:, 3], abs=1e-3)


def test_one_group_can_hold_nothing_out():
    training_set = replace(draw_labels(30, 10), groups=np.zeros(30, np.int64))
    fitted = fit_label_logistic(training_set, OPTIONS)
    assert fitted.path == ()
    assert fitted.chosen == {"C": 0.01}


def test_of_few_rows_the_held_out_ones_have_no_part_in_the_scaling():
    training_set = draw_labels(60, 80, 2, seed=4)
    found = LabelSetHeads().predict_held_out(training_set, "logistic", OPTIONS, {"C": 0.05})
    fold = assign_label_folds(training_set.targets, training_set.groups, OPTIONS.folds, training_set.seed)
    for held in range(OPTIONS.folds):
        out = fold == held
        scaler = StandardScaler().fit(training_set.features[~out].astype(float))
        seen, asked = (scaler.transform(training_set.features[rows].astype(float)) for rows in (~out, out))
        for label in range(2):
            model = LogisticRegression(C=0.05, tol=1e-10, max_iter=10_000).fit(seen, training_set.targets[~out, label])
            assert np.abs(found[out, label] - model.predict_proba(asked)[:, 1]).max() < 1e-3
