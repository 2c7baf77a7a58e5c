import numpy as np
import pytest

from headstart.settings import HeadSettings
from headstart.tasks.multilabel.heads import LabelSetHeads
from headstart.tasks.multilabel.label_losses import average_label_losses
from headstart.tasks.multilabel.label_mlp import fit_label_mlp
from headstart_runtime.linalg import sigmoid

from .drawn import draw_labels

OPTIONS = HeadSettings(mlp_units=16, mlp_epochs=12)


def test_it_learns_labels_and_minds_no_unknown_ones():
    training_set = draw_labels(200, 20, 3, noise=0.3, unknown=0.2)
    fitted = fit_label_mlp(training_set, OPTIONS)
    chance = sigmoid(fitted.head.logits(training_set.features))
    assert average_label_losses(training_set.targets, chance) < 0.5
    assert 1 <= fitted.chosen["epochs"] <= 12
    assert [trial.value for trial in fitted.path] == list(range(1, len(fitted.path) + 1))


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("head", ["logistic", "ridge", "mlp"])
def test_every_head_answers_what_it_was_not_fitted_on(head, balanced):
    training_set = draw_labels(90, 12, 3, noise=0.3, unknown=0.05, each=3, balanced=balanced)
    heads = LabelSetHeads()
    fitted = heads.heads[head](training_set, OPTIONS, None)
    held_out = heads.predict_held_out(training_set, head, OPTIONS, fitted.chosen)
    assert held_out.shape == (90, 3)
    assert ((held_out > 0) & (held_out < 1)).all()
    inside = average_label_losses(training_set.targets, sigmoid(fitted.head.logits(training_set.features)))
    assert average_label_losses(training_set.targets, held_out) > inside


def test_targets_that_are_none_are_refused():
    from dataclasses import replace

    from headstart_runtime.errors import DataError

    training_set = draw_labels(20, 5, 3)
    for targets in (training_set.targets[:, :2], training_set.targets[:, 0], training_set.targets + 1):
        with pytest.raises(DataError, match="wanted"):
            LabelSetHeads().check(replace(training_set, targets=targets))
    np.testing.assert_array_equal(
        LabelSetHeads().predict_held_out(replace(training_set, groups=np.zeros(20, np.int64)), "logistic", OPTIONS, {}),
        0.5,
    )
