"""Samples keep the shares of the classes, whatever the order of the photos."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from headstart.selection.sampling import stratified_sample


def draw_samples(*counts: int) -> list[Any]:
    return [
        SimpleNamespace(digest=f"{(97 * i + 13 * label) % 10_007:05d}-{label}", id=f"{label}-{i}", target=label)
        for label, count in enumerate(counts)
        for i in range(count)
    ]


def shuffle(samples: list[Any], seed: int = 0) -> list[Any]:
    return [samples[index] for index in np.random.default_rng(seed).permutation(len(samples))]


@pytest.mark.parametrize("least", [0, 2])
@pytest.mark.parametrize(("counts", "most"), [((400, 200, 100), 70), ((1800, 200), 400)])
def test_shares_are_kept_whatever_the_order(counts: tuple[int, ...], most: int, least: int) -> None:
    samples = draw_samples(*counts)
    picked = stratified_sample(samples, most, least_per_class=least)
    assert len(picked) == len({sample.id for sample in picked}) == most
    wanted = np.array(counts) * most / sum(counts)
    assert np.abs(np.bincount([sample.target for sample in picked]) - wanted).max() <= 2
    assert stratified_sample(shuffle(samples), most, least_per_class=least) == picked


def test_so_many_of_a_rare_class_come_first() -> None:
    samples = draw_samples(2997, 3)
    assert sum(sample.target for sample in stratified_sample(samples, 400, least_per_class=2)) >= 2
    assert len(stratified_sample(samples[:30], 400, least_per_class=2)) == 30


def test_a_rare_class_may_be_missing_from_a_small_sample() -> None:
    picked = stratified_sample(draw_samples(500, 500, 3), 200)
    assert {sample.target for sample in picked} >= {0, 1}
    assert len(picked) == 200
