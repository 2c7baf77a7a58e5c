"""Few rows in which every pair of values stands: what the fast tests take of a product, and the slow tests all."""

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import Any

import pytest


def cover_pairs(*axes: Sequence[str]) -> list[tuple[str, ...]]:
    """Return rows with a value of each axis, so that any two values of two axes stand together in one at least.

    Greedy: the row of the product with the most new pairs is taken until there are none.
    """
    rows, chosen = list(product(*axes)), []
    missing = {pair for row in rows for pair in _list_pairs(row)}
    while missing:
        best = max(rows, key=lambda row: len(missing.intersection(_list_pairs(row))))
        chosen.append(best)
        missing.difference_update(_list_pairs(best))
    return chosen


def _list_pairs(row: Sequence[str]) -> Iterator[tuple[int, str, int, str]]:
    return ((a, row[a], b, row[b]) for a, b in combinations(range(len(row)), 2))


def parametrize_product(names: str, *axes: Sequence[str]) -> Any:
    """Return the mark that runs a test over all rows of a product, those without a pair of their own as slow tests."""
    quick = set(cover_pairs(*axes))
    rows = [
        pytest.param(*row, marks=() if row in quick else pytest.mark.slow, id="-".join(row)) for row in product(*axes)
    ]
    return pytest.mark.parametrize(names.split(","), rows)
