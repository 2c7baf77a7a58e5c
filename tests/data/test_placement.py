"""Placement of groups: by content and seed."""

from headstart.data.placement import GroupCounts, place_groups
from headstart.data.samples import Subset


def test_of_groups_that_serve_about_as_well_the_seed_chooses() -> None:
    groups = [GroupCounts(f"{number}", {0: 20 + number, 1: 20 - number}) for number in range(6)]
    shares = {Subset.TEST: 0.2, Subset.VALIDATION: 0.15}
    placed = [place_groups(groups, shares, seed=seed, held={}).subsets for seed in range(12)]
    test = {key for subsets in placed for key, subset in subsets.items() if subset is Subset.TEST}
    assert len(test) >= 4
    assert all(sum(subset is Subset.TEST for subset in subsets.values()) == 1 for subsets in placed)
