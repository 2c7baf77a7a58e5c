from dataclasses import replace
from math import nan

import numpy as np
import pytest

from headstart.data.samples import Ledger, Sample, Samples, Subset
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.task import TargetSpace

from .drawn import TARGETS, make_space

VALUES = np.random.default_rng(0).gamma(2, 10, (200, 1)).round(2)


def make_samples(space: TargetSpace, values: np.ndarray, subset: Subset | None = None) -> Samples:
    samples = tuple(
        Sample(f"{row}.png", f"{row:040x}", tuple(own), row, subset, None)  # type: ignore[arg-type]
        for row, own in enumerate(values.tolist())
    )
    return Samples(space, samples, Ledger(()), "photos.csv", "image")


def test_the_space_has_names_units_and_where_numbers_lie() -> None:
    space = make_space("weight (g)", values=VALUES.tolist())
    assert space.names == ("weight (g)",)
    assert space.facts["units"] == ["g"]
    assert space.facts["median"] == [pytest.approx(np.median(VALUES))]
    assert (space.facts["low"], space.facts["high"]) == ([VALUES.min()], [VALUES.max()])
    assert TARGETS.describe_space(space) == "one number, weight (g)"
    assert TargetSpace.from_json(space.to_json()) == space
    notes = TARGETS.note(space)
    assert any("weight (g) from " in note for note in notes)
    assert any("is in g" in note for note in notes)


def test_targets_go_round() -> None:
    space = make_space("a", "b", values=[[1.5, 2], [0.1, nan], [nan, 1e-7]])
    for label in ("1.5;2", "0.1;", ";1e-07"):
        assert TARGETS.describe(space, TARGETS.parse(space, label)) == label
    stacked = TARGETS.stack([TARGETS.parse(space, "1.5;2"), TARGETS.parse(space, "0.1;")])
    assert stacked.dtype == np.float64
    assert np.isnan(stacked).tolist() == [[False, False], [False, True]]
    assert TARGETS.count_unknown(space, stacked) == {"a": 0, "b": 1}
    assert TARGETS.count_unknown(space, stacked[:1]) == {}
    one = make_space("value", values=[[1.0], [2.5]])
    assert TARGETS.describe(one, TARGETS.parse(one, "3.0")) == "3"


def test_items_of_equal_bytes_have_equal_numbers_or_complete_each_other() -> None:
    assert TARGETS.conflict((1.0, nan), (2.0, nan))
    assert not TARGETS.conflict((1.0, nan), (nan, 2.0))
    assert TARGETS.merge((1.0, nan), (nan, 2.0)) == (1.0, 2.0)
    assert TARGETS.merge((1.0, 3.0), (nan, 2.0)) is None


def test_ranges_hold_as_many_samples_each_in_all_parts() -> None:
    space = make_space("weight (g)", values=VALUES.tolist())
    strata = TARGETS.stratify(space, VALUES)
    assert len(strata.names) == 10
    assert set(np.bincount(strata.numbers)) <= {19, 20, 21}
    assert not strata.required
    assert (TARGETS.stratify(space, VALUES[:30]).numbers == strata.numbers[:30]).all()
    assert len(set(strata.names)) == len(strata.names)
    ages = np.random.default_rng(0).integers(0, 3, (100, 1)).astype(float)
    few = TARGETS.stratify(make_space("age", values=ages.tolist()), ages)
    assert few.names == ("below 1", "1 to 2", "2 and above")
    assert np.bincount(few.numbers).tolist() == np.bincount(ages[:, 0].astype(int)).tolist()


def test_ranges_of_several_numbers_are_of_their_mean_rank() -> None:
    both = np.concatenate([VALUES, -(VALUES**3)], axis=1)
    both[::9, 1] = nan
    space = make_space("a", "b", values=both.tolist())
    strata = TARGETS.stratify(space, both)
    assert len(strata.names) > 4
    assert np.bincount(strata.numbers, minlength=len(strata.names)).min() > 0
    assert all(name.startswith("mean rank") for name in strata.names)


def test_distances_are_over_the_inner_range() -> None:
    numbers = np.concatenate([np.linspace(0, 100, 101)[:, None], np.full((101, 1), nan)], axis=1)
    found = TARGETS.measure_distances(numbers, np.array([0, 10, 0]), np.array([0, 19, 100]))
    assert found == pytest.approx([0, 0.1, 1])


def test_what_nothing_can_be_learnt_from_is_told() -> None:
    space = make_space("weight (g)", values=VALUES.tolist())
    assert TARGETS.find_problems(make_samples(space, VALUES)) == []
    (few,) = TARGETS.find_problems(make_samples(space, VALUES[:4]))
    assert "has 4 photos with a number; wanted 10 at least" in few
    (same,) = TARGETS.find_problems(make_samples(space, np.full((20, 1), 3.0)))
    assert "'weight (g)' is 3 of all 20 photos; wanted numbers that differ" in same
    both = make_space("a", "b", values=[[1.0, nan], [2.0, nan]])
    unknown = np.concatenate([VALUES[:20], np.full((20, 1), nan)], axis=1)
    (absent,) = TARGETS.find_problems(make_samples(both, unknown))
    assert "'b' is known of no photo" in absent
    (empty,) = TARGETS.find_problems(make_samples(space, VALUES[:0]))
    assert "has no photos with a number" in empty


def test_a_model_is_scored_on_numbers_of_its_names_and_units() -> None:
    space = make_space("weight (g)", values=VALUES.tolist())
    other = make_samples(make_space("w", values=VALUES.tolist()), VALUES)
    assert TARGETS.match(other, space).space == space
    with pytest.raises(DataError, match="numbers in kg; the model answers in g"):
        TARGETS.match(replace(other, space=make_space("weight (kg)", values=VALUES.tolist())), space)
    pair = make_space("a", "b", values=[[1.0, 2.0]])
    turned = make_samples(make_space("b", "a", "c", values=[[2.0, 1.0, 3.0]]), np.array([[2.0, 1.0, 3.0]]))
    assert TARGETS.match(turned, pair).samples[0].target == (1.0, 2.0)
    with pytest.raises(DataError, match="'b' is not there"):
        TARGETS.match(make_samples(make_space("a", "c", values=[[1.0, 2.0]]), np.ones((1, 2))), pair)


@pytest.mark.parametrize(
    ("extra", "told"),
    [([-999.0] * 5, "5 numbers of 'value' are -999"), ([-999.0], ""), ([9999.0] * 4, "4 numbers of"), ([0.0] * 9, "")],
)
def test_a_number_that_may_say_not_known_is_told(extra: list[float], told: str) -> None:
    values = [*VALUES[:, 0].tolist(), *extra]
    notes = [
        note for note in TARGETS.note(make_space("value", values=[[it] for it in values])) if "far from all" in note
    ]
    assert notes == [] if not told else notes[0].startswith(told)
