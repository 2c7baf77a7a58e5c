"""Activations with a row for each token of a view."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from headstart.extraction.activations import Activations
from headstart.extraction.bfloat16 import to_bfloat16_bits
from headstart.extraction.ragged_activations import RaggedActivations
from headstart.storage.activation_files import list_activations
from headstart_runtime.errors import StoreError

KEY, WIDTH = "ab" * 20, 3
COUNTS = np.array([2, 5, 1, 4])
VIEWS = [(f"{number:040x}", number % 2) for number in range(4)]


def draw(counts: np.ndarray = COUNTS, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(int(counts.sum()), WIDTH)).astype(np.float32)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[RaggedActivations]:
    with RaggedActivations(tmp_path, KEY, (WIDTH,), "bf16", "tokens") as made:
        with made.lock_for_writing():
            made.add_spans(VIEWS, draw(), COUNTS)
        yield made


def check(found: RaggedActivations, order: list[int]) -> None:
    views = [VIEWS[number] for number in order]
    counts = found.count_rows(views)
    np.testing.assert_array_equal(counts, COUNTS[order])
    rows = found.gather_spans(found.find_places(views), counts)
    assert rows.shape == (len(order), COUNTS[order].max(), WIDTH)
    pieces = np.split(to_bfloat16_bits(draw()), np.cumsum(COUNTS)[:-1])
    for row, number in zip(rows, order, strict=True):
        np.testing.assert_array_equal(row[: COUNTS[number]], pieces[number])
        assert not row[COUNTS[number] :].any()  # zeros behind the end


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2], [3, 0], [1, 1, 2]])
def test_views_are_gathered_as_long_as_the_longest(order: list[int], kept: RaggedActivations) -> None:
    check(kept, order)


def test_another_process_reads_them_and_adds_more(kept: RaggedActivations, tmp_path: Path) -> None:
    with RaggedActivations(tmp_path, KEY, (WIDTH,), "bf16", "tokens") as other:
        check(other, [3, 1])
        new = [VIEWS[0], ("f" * 40, 0)]
        counts = np.array([7, 3])
        with other.lock_for_writing():
            assert other.find_missing(new) == new[1:]
            other.add_spans(new, draw(counts, seed=1), counts)
    check(kept, [0, 1, 2, 3])  # what was known stays what it was
    np.testing.assert_array_equal(kept.find_places(new), [0, COUNTS.sum()])
    np.testing.assert_array_equal(kept.count_rows(new), [2, 3])
    (usage,) = list_activations(tmp_path)
    assert usage.rows == 5  # views


def test_a_torn_end_costs_what_was_not_committed(kept: RaggedActivations, tmp_path: Path) -> None:
    kept.close()
    index = tmp_path / KEY / "index"
    whole = index.read_bytes()
    index.write_bytes(whole + whole[:20])
    with (tmp_path / KEY / "values").open("ab") as values:
        values.write(b"torn")
    with RaggedActivations(tmp_path, KEY, (WIDTH,), "bf16", "tokens") as again:
        check(again, [0, 1, 2, 3])
        with again.lock_for_writing():
            again.add_spans([("e" * 40, 0)], draw(np.array([2])), np.array([2]))
        check(again, [2, 3])


def test_values_that_are_cut_are_not_told_of(kept: RaggedActivations, tmp_path: Path) -> None:
    kept.close()
    values = tmp_path / KEY / "values"
    values.write_bytes(values.read_bytes()[:-1])
    with RaggedActivations(tmp_path, KEY, (WIDTH,), "bf16", "tokens") as again:
        assert again.find_missing(VIEWS) == VIEWS


def test_wrong_values_are_refused(kept: RaggedActivations, tmp_path: Path) -> None:
    with kept.lock_for_writing():
        with pytest.raises(StoreError, match=r"float32 \(3, 3\) for the activations tokens; wanted float32 \(4, 3\)"):
            kept.add_spans([("d" * 40, 0)], draw(np.array([3])), np.array([4]))
        values = draw(np.array([1, 2]))
        values[2, 0] = np.nan
        with pytest.raises(
            StoreError, match=f"1 of 2 views hold numbers that are not finite.*first of sample {'c' * 40}"
        ):
            kept.add_spans([("d" * 40, 0), ("c" * 40, 0)], values, np.array([1, 2]))
    with pytest.raises(StoreError, match="their key does not tell the two apart"):
        Activations(tmp_path, KEY, (WIDTH,))
