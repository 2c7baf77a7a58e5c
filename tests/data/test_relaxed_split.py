"""Near-duplicates that leave too few groups: which classes give theirs up, and what is said."""

from itertools import combinations

import pytest

from headstart.data.relaxed_split import make_relaxed_split
from headstart.data.samples import Samples, Subset
from headstart.data.split import Split, TooFewGroupsError, make_split
from tests.data.test_split import made


def split(samples: Samples) -> Split:
    return make_split(samples, seed=0, test_share=0.2, validation_share=0.2)


def pairs_among(samples: Samples, label: int, first: int, last: int) -> list[tuple[str, str]]:
    own = [sample.id for sample in samples.samples if sample.target == label][first:last]
    return list(combinations(own, 2))


def test_a_class_that_is_one_scene_is_split_and_the_others_are_kept_together() -> None:
    samples = made([0] * 10 + [1] * 20)
    burst = pairs_among(samples, 1, 0, 6)
    found = make_relaxed_split(samples, [*pairs_among(samples, 0, 0, 10), *burst], split)
    assert found.classes == ("c0",)
    assert found.split.notes[0].startswith(
        "the score flatters: with near-duplicates kept in one part there were too few groups of 'c0', so 45 pairs"
    )
    parts = {part: {it.target for it in found.split.samples_in(found.samples, part)} for part in Subset}
    assert all(labels == {0, 1} for labels in parts.values())
    assert len({found.split.subsets[id_] for pair in burst for id_ in pair}) == 1
    assert len({sample.group for sample in found.samples.samples}) == 10 + 15


def test_where_groups_are_enough_nothing_is_given_up() -> None:
    samples = made([0] * 10 + [1] * 10)
    found = make_relaxed_split(samples, pairs_among(samples, 0, 0, 4), split)
    assert (found.classes, found.split.notes) == ((), ())


def test_groups_that_the_user_named_are_never_given_up() -> None:
    samples = made([0] * 9 + [1] * 9, ["a", "b", "a"] * 3 + [f"{i}" for i in range(9)])
    with pytest.raises(TooFewGroupsError, match="class 'c0' has 2 groups"):
        make_relaxed_split(samples, pairs_among(samples, 1, 0, 2), split)


def test_of_many_classes_without_groups_a_few_are_said() -> None:
    """120 classes of two photos: a line that can be read, not one of 20,000 letters."""
    with pytest.raises(TooFewGroupsError, match=r"and 117 more like these") as caught:
        split(made(list(range(120)) * 2))
    assert len(str(caught.value)) < 800
    assert len(caught.value.strata) == 120
