import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headstart.data.groups import assign_groups, merge_groups
from headstart.data.samples import Ledger, Sample, Samples, Subset
from headstart.data.sources import ArraySource
from headstart.data.split import make_split
from headstart.tasks.classification.targets import make_class_space
from tests.groups import by_content, by_name

SOURCE = ArraySource(np.zeros((1, 2, 2), np.uint8), 0)


def draw(count: int, *, named: dict[int, str] | None = None, parts: dict[int, Subset] | None = None) -> Samples:
    """Photos of two classes, each of its own bytes; some of the user's groups and of given parts."""
    digests = [f"{number:040x}" for number in range(count)]
    groups = assign_groups(digests, [(named or {}).get(number, "") for number in range(count)])
    samples = [
        Sample(f"photo{number}.jpg", digest, number % 2, group, (parts or {}).get(number), SOURCE)
        for number, (digest, group) in enumerate(zip(digests, groups, strict=True))
    ]
    return Samples(make_class_space(("a", "b")), tuple(samples), Ledger(()), "drawn", "image")


def pair(samples: Samples, first: int, second: int) -> tuple[str, str]:
    return samples.samples[first].id, samples.samples[second].id


def test_groups_are_the_connected_components() -> None:
    chance = np.random.default_rng(0)
    named = {number: f"g{chance.integers(0, 30)}" for number in range(0, 200, 3)}
    samples = draw(200, named=named)
    links = chance.integers(0, 200, (70, 2))
    found = merge_groups(samples, [pair(samples, *link) for link in links])
    same_name = [(a, b) for a in named for b in named if named[a] == named[b]]
    edges = np.array([*links.tolist(), *same_name])
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(200, 200))
    _, component = connected_components(graph, directed=False)
    groups = [sample.group for sample in found.samples]
    assert len(set(groups)) == component.max() + 1
    assert len({(group, which) for group, which in zip(groups, component.tolist(), strict=True)}) == component.max() + 1


def test_names_do_not_depend_on_the_order_of_anything() -> None:
    samples = draw(40, named={3: "z", 9: "b", 10: "b"})
    pairs = [pair(samples, 3, 5), pair(samples, 5, 9), pair(samples, 20, 21), pair(samples, 22, 21)]
    one = {sample.id: sample.group for sample in merge_groups(samples, pairs).samples}
    mixed = Samples(samples.space, samples.samples[::-1], samples.ledger, samples.root, samples.modality)
    other = {sample.id: sample.group for sample in merge_groups(mixed, [it[::-1] for it in pairs[::-1]]).samples}
    assert one == other
    assert {one[samples.samples[number].id] for number in (3, 5, 9, 10)} == {by_name("b")}
    assert {one[samples.samples[number].id] for number in (20, 21, 22)} == {by_content(samples.samples[20].digest)}


def test_without_pairs_nothing_changes() -> None:
    samples = draw(10, named={1: "x", 2: "x"})
    assert merge_groups(samples, []) == samples


def test_only_the_group_differs() -> None:
    samples = draw(10)
    for before, after in zip(samples.samples, merge_groups(samples, [pair(samples, 1, 4)]).samples, strict=True):
        assert (before.id, before.name, before.target, before.subset, before.digest) == (
            (after.id, after.name, after.target, after.subset, after.digest)
        )


def test_the_split_keeps_near_duplicates_together() -> None:
    samples = draw(200)
    links = [(number, number + 1) for number in range(0, 120, 3)]
    found = merge_groups(samples, [pair(samples, *link) for link in links])
    apart = 0
    for seed in range(5):
        split = make_split(found, seed=seed, test_share=0.2, validation_share=0.15)
        assert all(len({split.subsets[id_] for id_ in pair(samples, *link)}) == 1 for link in links)
        other = make_split(samples, seed=seed, test_share=0.2, validation_share=0.15)
        apart += sum(len({other.subsets[id_] for id_ in pair(samples, *link)}) > 1 for link in links)
    assert apart > 0


GIVEN = {number: Subset.TEST if number >= 30 else Subset.TRAIN for number in range(40)}


@pytest.mark.parametrize("named", [{}, {3: "x", 5: "x"}])
def test_near_duplicates_that_given_parts_tear_apart_are_not_noted_as_groups(named: dict[int, str]) -> None:
    samples = draw(40, named=named, parts=GIVEN)
    found = merge_groups(samples, [pair(samples, 3, 35)])
    assert len({found.samples[number].group for number in (3, 35, *named)}) == 1
    split = make_split(found, seed=0, test_share=0.2, validation_share=0.15)
    assert not any("leak" in note for note in split.notes)


def test_a_named_group_that_given_parts_tear_apart_is_noted_by_its_name() -> None:
    samples = draw(40, named={3: "x", 35: "x", 7: "a"}, parts=GIVEN)
    for found in (samples, merge_groups(samples, [pair(samples, 3, 7)])):
        split = make_split(found, seed=0, test_share=0.2, validation_share=0.15)
        assert "leak: 1 group is in more than one given part: 'x'" in split.notes


def test_near_duplicates_that_straddle_an_earlier_split_are_said_of_by_a_name() -> None:
    samples = draw(60)
    earlier = make_split(samples, seed=0, test_share=0.2, validation_share=0.15)
    by_part = {part: earlier.samples_in(samples, part)[0] for part in (Subset.TRAIN, Subset.TEST)}
    found = merge_groups(samples, [(by_part[Subset.TRAIN].id, by_part[Subset.TEST].id)])
    split = make_split(found, seed=0, test_share=0.2, validation_share=0.15, split_from=earlier)
    first = min((by_part[Subset.TRAIN], by_part[Subset.TEST]), key=lambda it: it.digest)
    assert any(f"{first.name} and its near-duplicates" in note for note in split.notes)
    assert split.subsets == earlier.subsets
