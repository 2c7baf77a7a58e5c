import numpy as np
import pytest

from headstart.training.lengths import find_usual_length, measure_padded, mix_lengths, sort_lengths


def draw(count: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    chance = np.random.default_rng(0)
    return chance.permutation(count), chance.integers(3, 60, count), chance


@pytest.mark.parametrize(("count", "size"), [(1000, 8), (67, 8), (5, 8), (32, 1)])
def test_batches_are_of_like_length_and_hold_each_sample_once(count: int, size: int) -> None:
    order, lengths, chance = draw(count)
    found = mix_lengths(order, lengths, size, chance)
    assert sorted(found) == list(range(count))
    batches = [lengths[found[start : start + size]] for start in range(0, count, size)]
    plain = [lengths[order[start : start + size]] for start in range(0, count, size)]
    padded, before = (sum(len(it) * it.max() for it in some) for some in (batches, plain))
    assert padded <= before
    if count == 1000:
        assert padded < 1.1 * lengths.sum() < before
        assert np.abs(np.corrcoef(np.arange(125), [it.mean() for it in batches])[0, 1]) < 0.2  # mixed


def test_epochs_have_batches_of_other_samples() -> None:
    order, lengths, chance = draw(2000)
    first, other = (mix_lengths(chance.permutation(order), lengths, 8, chance).reshape(-1, 8) for _ in range(2))
    both = {frozenset(batch) for batch in first.tolist()} & {frozenset(batch) for batch in other.tolist()}
    assert not both


def test_samples_of_one_length_stay_as_they_were_drawn() -> None:
    order, _, chance = draw(10)
    before = chance.bit_generator.state
    assert mix_lengths(order, None, 4, chance) is order
    assert chance.bit_generator.state == before
    np.testing.assert_array_equal(sort_lengths(None, order), np.arange(10))
    assert find_usual_length(None, 32) is None


def test_the_usual_length_is_that_of_padded_batches() -> None:
    lengths = np.array([3, 3, 9, 10, 20, 21, 5])
    assert measure_padded(lengths, 2) == pytest.approx((3 + 9 + 20 + 21) / 4)
    assert find_usual_length(lengths, 2) == 16
    np.testing.assert_array_equal(sort_lengths(lengths, np.array([2, 0, 4])), [1, 0, 2])
