"""Pairs of near-duplicates as sets, without chains: a like b and b like c must not make one set of a whole class."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

LOOSE = 20  #: photos that a set may have on the strength of pairs alone
ROUNDS = 8  #: of joining larger sets


class DisjointSets:
    """Photos by their set, each set with the photo that it grew from."""

    def __init__(self, count: int):
        self._parent = np.arange(count)
        self._size = np.ones(count, np.int64)

    def seed(self, photo: int) -> int:
        """The photo that a photo's set grew from."""
        while self._parent[photo] != photo:
            self._parent[photo] = self._parent[self._parent[photo]]
            photo = int(self._parent[photo])
        return photo

    def together(self, first: int, second: int) -> int:
        """Photos that a set joined of these two would have."""
        return int(self._size[first] + self._size[second])

    def join(self, first: int, second: int) -> None:
        """Joins the sets of two seeds; the larger one's stays, of equal ones the first's."""
        keeps, goes = (first, second) if self._size[first] >= self._size[second] else (second, first)
        self._parent[goes] = keeps
        self._size[keeps] += self._size[goes]


def reject_chains(
    pairs: NDArray[np.int64],
    odds: NDArray[np.float32],
    count: int,
    judge: Callable[[NDArray[np.int64]], NDArray[np.float32]],
) -> NDArray[np.bool_]:
    """Which pairs of twins are kept, so that no set is held together by a chain.

    The strongest pairs join first, up to ``LOOSE`` photos. Larger sets are joined only where the two photos that they
    grew from are twins themselves: copies of one photo are, the ends of a chain are not.

    Args:
        pairs: (M, 2) photos, each pair a twin.
        odds: (M,) how sure it is.
        count: of all photos.
        judge: the odds of other pairs, above 0 for twins; they are given with the lower photo first, in rising order.
    """
    sets, waiting = DisjointSets(count), []
    for place in np.argsort(-odds, kind="stable"):
        first, second = sets.seed(pairs[place, 0]), sets.seed(pairs[place, 1])
        if first == second:
            continue
        if sets.together(first, second) <= LOOSE:
            sets.join(first, second)
        else:
            waiting.append(place)
    asked: set[tuple[int, int]] = set()
    for _ in range(ROUNDS):
        seeds = {_pair(sets, pairs[place]) for place in waiting}
        fresh = sorted(pair for pair in seeds - asked if pair[0] != pair[1])
        if not fresh:
            break
        asked.update(fresh)
        _join(sets, fresh, judge(np.array(fresh, np.int64)))
    return np.array([sets.seed(first) == sets.seed(second) for first, second in pairs], np.bool_)


def connect_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """Ids that pairs join, directly or through others, as sets; the a set's ids as they come, the largest set first."""
    numbers: dict[str, int] = {}
    joined = [tuple(numbers.setdefault(id_, len(numbers)) for id_ in pair) for pair in pairs]
    sets = DisjointSets(len(numbers))
    for first, second in joined:
        if (one := sets.seed(first)) != (other := sets.seed(second)):
            sets.join(one, other)
    members: dict[int, list[str]] = {}
    for id_, number in numbers.items():
        members.setdefault(sets.seed(number), []).append(id_)
    return tuple(tuple(ids) for ids in sorted(members.values(), key=len, reverse=True))


def _pair(sets: DisjointSets, photos: NDArray[np.int64]) -> tuple[int, int]:
    first, second = sets.seed(photos[0]), sets.seed(photos[1])
    return (first, second) if first < second else (second, first)


def _join(sets: DisjointSets, seeds: list[tuple[int, int]], odds: NDArray[np.float32]) -> None:
    """Joins sets whose seeds are twins; one that has just got another seed waits for the next round."""
    for place in np.argsort(-odds, kind="stable"):
        first, second = seeds[place]
        if odds[place] > 0 and sets.seed(first) == first and sets.seed(second) == second:
            sets.join(first, second)
