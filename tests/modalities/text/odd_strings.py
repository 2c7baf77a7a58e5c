"""Odd strings, as the benchmarks draw them."""

import sys
from collections.abc import Iterator
from pathlib import Path

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def draw_strings(count: int, seed: int = 0, longest: int = 40) -> Iterator[str]:
    """Yield strings of all scripts; see ``benchmarks/drawn/odd_strings.py``."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        from drawn.odd_strings import draw_strings as draw
    finally:
        sys.path.remove(str(BENCHMARKS))
    return draw(count, seed, longest)
