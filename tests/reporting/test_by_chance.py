"""The calibration error of perfect probabilities."""

import numpy as np
import pytest

from headstart.evaluation.grouping import effective_sample_size
from headstart.evaluation.reliability import measure_reliability
from headstart.reporting.by_chance import ece_by_chance


def _draw(chance, groups):
    """Perfect probabilities of two classes, rows of a group alike."""
    sure = np.repeat(chance.uniform(0.5, 1, groups), 200 // groups).round(3)
    right = np.repeat(chance.random(groups), 200 // groups) < sure
    return np.where(right, 0, 1), np.stack([sure, 1 - sure], axis=1)


@pytest.mark.parametrize("groups", [200, 40, 20])
def test_it_is_about_what_perfect_probabilities_show(groups):
    chance = np.random.default_rng(0)
    seen, told = [], []
    groups_of_rows = np.arange(200) // (200 // groups)
    for _ in range(40):
        labels, said = _draw(chance, groups)
        found = measure_reliability(labels, said, groups=groups_of_rows)
        seen.append(found.ece)
        worth = effective_sample_size(said.argmax(axis=1) == labels, groups_of_rows) / 200
        told.append(ece_by_chance(found.bins, worth))
    assert 0.8 < np.mean(told) / np.mean(seen) < 1.4


def test_photos_by_themselves_count_in_full():
    bins = measure_reliability(*_draw(np.random.default_rng(1), 200)).bins
    sure, n = (np.array([getattr(single, name) for single in bins]) for name in ("confidence", "n"))
    assert ece_by_chance(bins) == pytest.approx(np.sqrt(2 / np.pi * n * sure * (1 - sure)).sum() / 200)
