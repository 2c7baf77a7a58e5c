"""The fast tests' part of a product leaves out no pair."""

from itertools import combinations, product

import pytest

from tests.contracts.pairwise import cover_pairs


@pytest.mark.parametrize("sizes", [(2, 3), (4, 5, 6), (3, 3, 3, 2), (1, 4)])
def test_every_pair_stands_in_a_row(sizes: tuple[int, ...]) -> None:
    axes = [[f"{axis}{value}" for value in range(size)] for axis, size in enumerate(sizes)]
    rows = cover_pairs(*axes)
    for first, second in combinations(range(len(axes)), 2):
        assert {(row[first], row[second]) for row in rows} == set(product(axes[first], axes[second]))
    assert len(set(rows)) == len(rows) <= 1.5 * max(a * b for a, b in combinations(sizes, 2))
