from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from headstart.evaluation.metrics import log_loss
from headstart.heads import class_problems, subsample
from headstart.heads import logistic as linear
from headstart.heads.catalog import HEADS
from headstart.heads.crossfit import cross_val_predict
from headstart.heads.folds import assign_folds
from headstart.heads.head import Dense, FitResult, Head, TrainingSet
from headstart.heads.logistic import fit_logistic, predict_held_out
from headstart.settings import HeadSettings
from headstart_runtime.errors import DataError
from headstart_runtime.linalg import softmax

from .drawn import draw

OPTIONS = HeadSettings(mlp_units=32, mlp_epochs=5)


class Remembering:
    """A kind of head that answers with 1 for what it was fitted on, and keeps what it was asked to do."""

    def __init__(self):
        self.seen, self.fixed = [], []

    def __call__(self, training_set, options, fixed):
        self.seen.append(set(training_set.features[:, 0]))
        self.fixed.append(fixed)
        number = np.float32(len(self.seen))
        layer = Dense(
            np.zeros((training_set.features.shape[1], training_set.outputs), np.float32),
            np.log(np.array([number, 1.0, 1.0])),
        )
        return FitResult(Head("remembering", (layer,)), {"chosen": 7.0}, (), 0.0)


def _numbered(rows=60, groups=None):
    """A training_set whose first column is the row's number."""
    training_set = draw(rows, 4, 3)
    features = training_set.features.copy()
    features[:, 0] = np.arange(rows)
    return replace(training_set, features=features, groups=np.arange(rows) if groups is None else groups)


def _answered_by(answers):
    """Which call answered each row."""
    return np.rint(answers[:, 0] / answers[:, 1]).astype(int) - 1


@pytest.mark.parametrize("name", HEADS)
def test_every_kind_of_head_answers_every_row(name):
    training_set = draw(90, 20, 3, apart=2.0)
    answers = cross_val_predict(training_set, HEADS[name], OPTIONS, None, folds=5)
    assert answers.shape == (90, 3)
    assert answers.dtype == np.float32
    assert np.abs(answers.sum(axis=1) - 1).max() < 1e-5
    assert (answers.argmax(axis=1) == training_set.targets).mean() > 0.7


def test_no_row_is_answered_by_a_head_that_saw_it_or_its_group():
    training_set = _numbered(groups=np.arange(60) // 3)
    fit = Remembering()
    answered = _answered_by(cross_val_predict(training_set, fit, OPTIONS, {"any": 1.0}, folds=4))
    assert len(fit.seen) == 4
    assert set(answered) == {0, 1, 2, 3}
    for row, call in enumerate(answered):
        assert not fit.seen[call] & set(range(row // 3 * 3, row // 3 * 3 + 3))
    assert fit.fixed == [{"any": 1.0}] * 4


def test_without_hyperparameters_they_are_chosen_once_on_all_rows():
    fit = Remembering()
    cross_val_predict(_numbered(), fit, OPTIONS, None, folds=5)
    assert fit.fixed == [None, *[{"chosen": 7.0}] * 5]
    assert fit.seen[0] == set(range(60))


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("C", [1e-2, 1.0])
@pytest.mark.parametrize(("tolerance", "apart"), [(None, 1e-2), (1e-9, 1e-3)])
def test_folds_side_by_side_are_folds_fitted_one_by_one(tolerance, apart, C, classes, balanced, monkeypatch):
    if tolerance:
        monkeypatch.setattr(linear, "NOT_KEPT", tolerance)
        monkeypatch.setattr(subsample, "NOT_KEPT", tolerance)
    training_set = draw(100, 30, classes, apart=0.4, balanced=balanced)
    fold = assign_folds(training_set.targets, training_set.groups, 5, training_set.seed)
    (answers,) = linear.predict_side_by_side(training_set, fold, [C])
    rows = StandardScaler().fit_transform(training_set.features.astype(np.float64))
    for held in range(5):
        model = LogisticRegression(C=C, tol=1e-10, max_iter=10_000, class_weight="balanced" if balanced else None)
        model.fit(rows[fold != held], training_set.targets[fold != held])
        assert np.abs(answers[fold == held] - model.predict_proba(rows[fold == held])).max() < apart


def test_folds_in_parts_are_folds_at_once(monkeypatch):
    training_set = draw(60, 30, 3)
    fold = assign_folds(training_set.targets, training_set.groups, 5, 0)
    (at_once,) = linear.predict_side_by_side(training_set, fold, [0.1])
    monkeypatch.setattr(class_problems, "_BLOCK", 60 * 3 * 2)
    (in_parts,) = linear.predict_side_by_side(training_set, fold, [0.1])
    assert np.abs(in_parts - at_once).max() < 3e-3


@pytest.mark.parametrize(("rows", "classes"), [(60, 2), (60, 3), (300, 2)])
def test_of_few_rows_the_held_out_ones_have_no_part_in_the_scaling(rows, classes):
    training_set = draw(rows, 80 if rows < 256 else 301, classes)
    fold = assign_folds(training_set.targets, training_set.groups, 5, training_set.seed)
    path = [0.01, 0.1]
    for C, answers in zip(path, linear.predict_held_out_path(training_set, fold, path), strict=True):
        for held in range(5):
            out = fold == held
            scaler = StandardScaler().fit(training_set.features[~out].astype(np.float64))
            seen, asked = (scaler.transform(training_set.features[part].astype(np.float64)) for part in (~out, out))
            model = LogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(seen, training_set.targets[~out])
            assert np.abs(answers[out] - model.predict_proba(asked)).max() < 2e-3


def test_with_few_rows_held_out_answers_are_no_surer_than_answers_to_others():
    """A unit that is seldom anything but 0 gets its spread from the one row where it is not."""
    random = np.random.default_rng(3)
    labels = np.arange(460) % 2
    rows = random.standard_normal((460, 300)) * (random.random((460, 300)) < 0.04) * 10
    rows[:, :4] = random.standard_normal((460, 4)) + 1.2 * labels[:, None]
    features, few = rows.astype(np.float32), slice(0, 60)
    training_set = TrainingSet(features[few], labels[few], 2, np.arange(60), balanced=False, seed=0)
    head = fit_logistic(training_set, OPTIONS, {"C": 0.03}).head
    unseen = log_loss(labels[60:], softmax(head.logits(features[60:])))
    fold = assign_folds(labels[few], np.arange(60), 5, 0)
    assert log_loss(labels[few], predict_held_out(training_set, fold, 0.03)) > 0.8 * unseen
    (at_once,) = linear.predict_side_by_side(training_set, fold, [0.03])
    assert log_loss(labels[few], at_once) < 0.6 * unseen


def test_a_label_has_no_say_in_its_own_answer():
    training_set = draw(80, 10, 2, apart=1.0)
    fold = np.arange(80) % 5
    before = predict_held_out(training_set, fold, 1.0)
    turned = np.where(fold == 2, 1 - training_set.targets, training_set.targets)
    after = predict_held_out(replace(training_set, targets=turned), fold, 1.0)
    assert np.abs(after - before)[fold == 2].max() < 2e-3
    assert np.abs(after - before)[fold != 2].max() > 0.1


@pytest.mark.parametrize("name", ["logistic", "lda", "ridge"])
def test_a_class_of_one_row_is_filled_and_improbable_there(name):
    training_set = draw(61, 8, 3)
    labels = np.where(training_set.targets == 2, 0, training_set.targets)
    labels[60] = 2
    answers = cross_val_predict(replace(training_set, targets=labels), HEADS[name], OPTIONS, None, folds=5)
    assert np.isfinite(answers).all()
    assert 0 < answers[60, 2] < 0.1
    assert np.abs(answers.sum(axis=1) - 1).max() < 1e-5


def test_more_folds_than_groups_are_as_many_as_groups():
    fit = Remembering()
    cross_val_predict(_numbered(groups=np.arange(60) // 20), fit, OPTIONS, {"any": 1.0}, folds=5)
    assert len(fit.seen) == 3


def test_single_rows_of_each_class_leave_every_class_as_likely():
    training_set = replace(_numbered(rows=3), targets=np.arange(3))
    assert cross_val_predict(training_set, Remembering(), OPTIONS, None, folds=5) == pytest.approx(
        np.full((3, 3), 1 / 3)
    )


@pytest.mark.parametrize("name", HEADS)
def test_a_class_of_one_group_is_known_to_the_heads_that_answer_it(name):
    """Near-duplicates, of which all classes but the first consist: kept together, they would be answered blindly."""
    training_set = draw(90, 20, 3, apart=2.0)
    groups = np.where(training_set.targets == 0, np.arange(90), 100 + training_set.targets)
    found = cross_val_predict(replace(training_set, groups=groups), HEADS[name], OPTIONS, None, folds=5)
    assert (found.argmax(axis=1) == training_set.targets).mean() > 0.7


def test_labels_that_do_not_belong_to_the_features_are_refused():
    with pytest.raises(DataError, match="do not belong together"):
        cross_val_predict(replace(draw(20), targets=np.zeros(3, np.int64)), fit_logistic, OPTIONS, None, folds=5)
