"""Clusters of near-duplicates without chains: a like b and b like c must not make one cluster of a whole class."""

from collections.abc import Callable, Iterable

import numpy as np

from headstart_runtime.arrays import Bools, Floats, Ints

LOOSE = 20  #: items that a cluster may have on the strength of pairs alone
ROUNDS = 8  #: of merging larger clusters


class DisjointSets:
    """Disjoint sets of items (union-find), each with the item that it grew from, its seed."""

    def __init__(self, count: int):
        self._parent = np.arange(count)
        self._size = np.ones(count, np.int64)

    def find(self, item: int) -> int:
        """Return the seed of an item's set."""
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = int(self._parent[item])
        return item

    def count_merged(self, first: int, second: int) -> int:
        """Return how many items the sets of two seeds would have together."""
        return int(self._size[first] + self._size[second])

    def merge(self, first: int, second: int) -> None:
        """Merge the sets of two seeds; the larger one's seed stays, of equal ones the first's."""
        keeps, goes = (first, second) if self._size[first] >= self._size[second] else (second, first)
        self._parent[goes] = keeps
        self._size[keeps] += self._size[goes]


def reject_chains(pairs: Ints, log_odds: Floats, count: int, score: Callable[[Ints], Floats]) -> Bools:
    """Return which pairs of duplicates are kept, (M,), so that no cluster is held together by a chain.

    The strongest pairs merge first, up to ``LOOSE`` items. Larger clusters are merged only where the two items that
    they grew from are duplicates themselves: copies of one item are, the ends of a chain are not.

    Args:
        pairs: (M, 2) items, each pair duplicates.
        log_odds: (M,) of each pair.
        count: of all items.
        score: gives the log-odds of other pairs, above 0 for duplicates; it is called with the lower item first, in
            rising order.
    """
    sets, waiting = DisjointSets(count), []
    for place in np.argsort(-log_odds, kind="stable"):
        first, second = sets.find(pairs[place, 0]), sets.find(pairs[place, 1])
        if first == second:
            continue
        if sets.count_merged(first, second) <= LOOSE:
            sets.merge(first, second)
        else:
            waiting.append(place)
    scored: set[tuple[int, int]] = set()
    for _ in range(ROUNDS):
        seeds = {_find_seeds(sets, pairs[place]) for place in waiting}
        fresh = sorted(pair for pair in seeds - scored if pair[0] != pair[1])
        if not fresh:
            break
        scored.update(fresh)
        _merge_duplicates(sets, fresh, score(np.array(fresh, np.int64)))
    return np.array([sets.find(first) == sets.find(second) for first, second in pairs], np.bool_)


def connect_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """Return the connected components of pairs of ids, the largest first; the ids of each as they come."""
    numbers: dict[str, int] = {}
    numbered = [tuple(numbers.setdefault(id_, len(numbers)) for id_ in pair) for pair in pairs]
    sets = DisjointSets(len(numbers))
    for first, second in numbered:
        if (one := sets.find(first)) != (other := sets.find(second)):
            sets.merge(one, other)
    members: dict[int, list[str]] = {}
    for id_, number in numbers.items():
        members.setdefault(sets.find(number), []).append(id_)
    return tuple(tuple(ids) for ids in sorted(members.values(), key=len, reverse=True))


def _find_seeds(sets: DisjointSets, pair: Ints) -> tuple[int, int]:
    first, second = sets.find(pair[0]), sets.find(pair[1])
    return (first, second) if first < second else (second, first)


def _merge_duplicates(sets: DisjointSets, seeds: list[tuple[int, int]], log_odds: Floats) -> None:
    """Merge sets whose seeds are duplicates; one that has just got another seed waits for the next round."""
    for place in np.argsort(-log_odds, kind="stable"):
        first, second = seeds[place]
        if log_odds[place] > 0 and sets.find(first) == first and sets.find(second) == second:
            sets.merge(first, second)
