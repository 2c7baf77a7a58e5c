import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from headstart.tasks.multilabel.calibration_choice import (
    BIAS_PRIOR,
    PRIOR,
    choose_label_calibration,
    fit_label_temperature,
    fit_platt,
)
from headstart.tasks.multilabel.label_losses import average_label_losses
from headstart_runtime.linalg import sigmoid
from headstart_runtime.tasks.multilabel.label_calibration import LabelCalibration, compute_logits

from .drawn import draw_probabilities


@pytest.mark.parametrize("sharp", [0.4, 2.5])
def test_a_temperature_mends_probabilities_that_are_too_sure_or_not_sure_enough(sharp):
    truth, chance = draw_probabilities(600, 4, sharp=sharp)
    calibration = fit_label_temperature(truth, chance)
    assert calibration.scales[0] == pytest.approx(1 / sharp, rel=0.15)
    assert average_label_losses(truth, calibration.apply(chance)) < average_label_losses(truth, chance)


def test_platt_is_a_logistic_regression_of_each_label_where_samples_are_many():
    truth, chance = draw_probabilities(4000, 3, sharp=1.8)
    moved = sigmoid(compute_logits(chance) + np.array([0, 1, -1], np.float32))
    found = fit_platt(truth, moved)
    for label in range(3):
        model = LogisticRegression(C=np.inf).fit(compute_logits(moved)[:, [label]], truth[:, label])
        assert found.scales[label] == pytest.approx(model.coef_[0, 0], rel=0.05)
        assert found.biases[label] == pytest.approx(model.intercept_[0], abs=0.08)


def test_a_fit_is_a_minimum():
    """Of the log loss against smoothed targets and of what the priors cost, tried around the point."""
    truth, chance = draw_probabilities(60, 2, sharp=2)
    found, logits = fit_platt(truth, chance), compute_logits(chance).astype(float)
    there, absent = truth.sum(axis=0), (truth == 0).sum(axis=0)
    wanted = np.where(truth == 1, (there + 1) / (there + 2), 1 / (absent + 2))

    def cost(label, scale, bias):
        line = scale * logits[:, label] + bias
        loss = np.logaddexp(0, line) - wanted[:, label] * line
        return loss.sum() + np.log(scale) ** 2 / (2 * PRIOR**2) + bias**2 / (2 * BIAS_PRIOR**2)

    for label in range(2):
        best = cost(label, found.scales[label], found.biases[label])
        for scale, bias in ((1.02, 0), (0.98, 0), (1, 0.02), (1, -0.02)):
            assert cost(label, found.scales[label] * scale, found.biases[label] + bias) > best


def test_a_rare_label_is_moved_little():
    truth, chance = draw_probabilities(40, 2)
    truth[:, 1] = 0
    truth[0, 1] = 1
    found = fit_platt(truth, chance)
    assert 0.5 < found.scales[1] < 2


def test_auto_takes_what_does_best_out_of_fold():
    truth, chance = draw_probabilities(500, 3, sharp=3)
    found = choose_label_calibration(truth, chance, np.arange(500), seed=0)
    assert found.calibration.kind in ("temperature", "platt")
    assert found.log_losses[found.calibration.kind] == min(found.log_losses.values())
    assert set(found.log_losses) == {"none", "temperature", "platt"}
    assert "lowest" in found.reason
    assert not np.array_equal(found.cross_fitted, found.calibration.apply(chance))
    asked = choose_label_calibration(truth, chance, np.arange(500), kind="none", seed=0)
    assert asked.calibration.kind == "none"
    assert asked.reason == "none was asked for."


def test_of_one_group_or_few_samples_nothing_is_tried():
    truth, chance = draw_probabilities(30, 3)
    assert choose_label_calibration(truth, chance, np.zeros(30, np.int64), seed=0).log_losses == {}
    few = choose_label_calibration(truth[:8], chance[:8], np.arange(8), seed=0)
    assert few.calibration.kind == "none"


def test_what_is_unknown_has_no_say():
    truth, chance = draw_probabilities(200, 2)
    hidden = truth.copy()
    hidden[100:, 1] = -1
    assert fit_platt(hidden, chance).scales[1] == pytest.approx(
        fit_platt(truth[:100], chance[:100]).scales[1], rel=1e-6
    )


def test_it_can_be_written_and_read_and_nonsense_is_refused():
    for one in (
        LabelCalibration("none"),
        LabelCalibration("temperature", (0.5,)),
        LabelCalibration("platt", (1.5, 2), (0.1, -1)),
    ):
        assert LabelCalibration.from_json(json.loads(json.dumps(asdict(one)))) == one
    for kind, scales, biases in (
        ("none", (1.0,), ()),
        ("temperature", (0.0,), ()),
        ("platt", (1.0,), ()),
        ("other", (), ()),
    ):
        with pytest.raises(ValueError, match="calibration"):
            LabelCalibration(kind, scales, biases)
