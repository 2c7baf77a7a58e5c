"""Net benefit against its definition, threshold by threshold."""

import numpy as np
import pytest

from headstart.evaluation.decision_curve import compute_decision_curve


def test_the_net_benefit_is_what_its_definition_says() -> None:
    chance = np.random.default_rng(0)
    wanted = chance.random(200) < 0.2
    scores = np.round(np.clip(chance.normal(0.2 + 0.4 * wanted, 0.2), 0, 1), 2).astype(np.float32)
    thresholds = np.array([0.0, 0.01, 0.2, 0.5, 0.9])
    found = compute_decision_curve(scores, wanted, thresholds)
    for at, threshold in enumerate(thresholds):
        told, odds = scores.astype(float) >= threshold, threshold / (1 - threshold)
        benefit = ((told & wanted).sum() - (told & ~wanted).sum() * odds) / 200
        assert found.model[at] == pytest.approx(benefit)
        assert found.all[at] == pytest.approx(wanted.mean() - (1 - wanted.mean()) * odds)


def test_whoever_acts_on_all_and_whoever_acts_from_0_on_do_the_same() -> None:
    found = compute_decision_curve(np.array([0.1, 0.6]), np.array([False, True]), np.array([0.0, 0.05]))
    assert found.model.tolist() == pytest.approx(found.all.tolist())
