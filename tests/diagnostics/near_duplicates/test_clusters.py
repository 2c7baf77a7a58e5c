import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headstart.diagnostics.near_duplicates.clusters import LOOSE, connect_pairs, reject_chains


def test_a_chain_does_not_become_one_cluster() -> None:
    pairs = np.stack([np.arange(299), np.arange(1, 300)], axis=1)
    odds = np.random.default_rng(0).uniform(0, 5, 299).astype(np.float32)

    def near_in_the_chain(others: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.where(np.abs(others[:, 0] - others[:, 1]) <= 3, 1, -1).astype(np.float32)

    kept = reject_chains(pairs, odds, 300, near_in_the_chain)
    sizes = [len(it) for it in connect_pairs((str(a), str(b)) for a, b in pairs[kept])]
    assert max(sizes) <= LOOSE
    assert kept.mean() > 0.8


def test_many_copies_of_one_item_stay_one_cluster() -> None:
    chance = np.random.default_rng(0)
    pairs = np.unique(np.sort(chance.integers(0, 150, (900, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    odds = chance.uniform(0, 5, len(pairs)).astype(np.float32)
    kept = reject_chains(pairs, odds, 150, lambda others: np.ones(len(others), np.float32))
    assert kept.all()


def test_sets_are_connected_components() -> None:
    chance = np.random.default_rng(0)
    pairs = chance.integers(0, 200, (120, 2))
    graph = coo_array((np.ones(120), (pairs[:, 0], pairs[:, 1])), shape=(200, 200))
    _, component = connected_components(graph, directed=False)
    expected = {frozenset(np.nonzero(component == it)[0].tolist()) for it in set(component[pairs[:, 0]])}
    found = connect_pairs((str(first), str(second)) for first, second in pairs)
    assert {frozenset(map(int, ids)) for ids in found} == expected
    assert [len(ids) for ids in found] == sorted(map(len, found), reverse=True)
