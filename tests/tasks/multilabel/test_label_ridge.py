import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from headstart.settings import HeadSettings
from headstart.tasks.multilabel.label_losses import average_label_losses
from headstart.tasks.multilabel.label_ridge import fit_label_ridge
from headstart_runtime.linalg import sigmoid

from .drawn import draw_labels

OPTIONS = HeadSettings()


@pytest.mark.parametrize(("rows", "columns"), [(60, 120), (300, 20)])
def test_scores_are_lines_of_scikit_learns_ridge(rows, columns):
    training_set = draw_labels(rows, columns, 3)
    logits = fit_label_ridge(training_set, OPTIONS, {"penalty": 30.0}).head.logits(training_set.features)
    features = StandardScaler().fit_transform(training_set.features.astype(float))
    scores = Ridge(alpha=30.0).fit(features, 2 * training_set.targets - 1.0).predict(features)
    for label in range(3):
        line = np.polyfit(scores[:, label], logits[:, label], 1)
        assert line[0] > 0
        assert np.polyval(line, scores[:, label]) == pytest.approx(logits[:, label], abs=1e-3)


def test_the_penalty_has_the_lowest_left_out_loss_and_probabilities_mean_something():
    training_set = draw_labels(200, 40, 4, each=2, unknown=0.1)
    fitted = fit_label_ridge(training_set, OPTIONS)
    best = min(fitted.path, key=lambda trial: trial.loss)
    assert fitted.chosen == {"penalty": best.value}
    chance = sigmoid(fitted.head.logits(training_set.features))
    shares = np.array([(training_set.targets == 1).sum(axis=0) / (training_set.targets >= 0).sum(axis=0)])
    plain = average_label_losses(training_set.targets, np.repeat(shares, 200, axis=0))
    assert best.loss < plain
    assert average_label_losses(training_set.targets, chance) < plain


def test_one_group_can_leave_nothing_out():
    training_set = draw_labels(30, 10, each=30)
    fitted = fit_label_ridge(training_set, OPTIONS)
    assert fitted.path == ()
    assert np.isfinite(fitted.head.logits(training_set.features)).all()
