from dataclasses import replace

import numpy as np
import pytest

from headstart.label_text import join_cells
from headstart.tasks.facets import LabelSource
from headstart.tasks.multilabel.targets import LabelSetTargets, list_label_names
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.task import TargetSpace

READING = LabelSetTargets()
SPACE = TargetSpace("multilabel", ("a;b", "cat", "dog"), {"form": "several"})
COLUMNS = replace(SPACE, facts={"form": "indicators"})


def test_labels_of_several_names_are_claimed_and_of_one_are_not() -> None:
    assert READING.claim(["a;b", "a"], LabelSource(("a", "b"), "several")).certain
    assert READING.claim(["1;0"], LabelSource((), "indicators", ("a", "b"))).certain
    assert READING.claim(["a", "b"], LabelSource(("a", "b"))) is None
    proposed = READING.claim(["a", "b"], LabelSource(("a", "b"), contradicted=0.2))
    assert not proposed.certain
    assert "20%" in proposed.reason


def test_names_come_in_natural_order_and_columns_in_their_own() -> None:
    labels = {"1.png": "b10;b2", "2.png": "b2", "3.png": join_cells(["x;y"])}
    assert READING.read_space(labels, LabelSource((), "several")).names == ("b2", "b10", "x;y")
    assert READING.read_space({}, LabelSource((), "indicators", ("z", "a"))).names == ("z", "a")
    assert READING.read_space({"1": "b", "2": "a"}, LabelSource(("a", "b", "c"))).names == ("a", "b", "c")


@pytest.mark.parametrize(
    ("space", "label", "target"),
    [
        (SPACE, "cat;dog", (0, 1, 1)),
        (SPACE, "dog", (0, 0, 1)),
        (SPACE, "a;b", (1, 0, 0)),
        (SPACE, '"a;b";cat', (1, 1, 0)),
        (SPACE, "(none)", (0, 0, 0)),
        (SPACE, "cat;?dog", (0, 1, -1)),
        (COLUMNS, "1;0;", (1, 0, -1)),
        (COLUMNS, "cat;?dog", (0, 1, -1)),
    ],
)
def test_a_label_means(space: TargetSpace, label: str, target: tuple[int, ...]) -> None:
    assert READING.parse(space, label) == target
    assert READING.parse(space, READING.describe(space, target)) == target


def test_a_label_that_is_none_of_these_is_refused_with_the_nearest() -> None:
    with pytest.raises(DataError, match="label 'cta' is none of this data"):
        READING.parse(SPACE, "dog;cta")
    with pytest.raises(DataError, match="no list"):
        READING.parse(SPACE, '"dog')


def test_unknown_is_not_absent() -> None:
    first, second = (1, 0, -1), (1, -1, 0)
    assert not READING.conflict(first, second)
    assert READING.conflict((1, 0, 0), (1, 1, 0))
    assert READING.merge(first, second) == (1, 0, 0)
    assert READING.count_unknown(SPACE, READING.stack([first, second])) == {"cat": 1, "dog": 1}
    assert list_label_names(SPACE.names, first) == ["a;b", "?dog"]


def test_strata_are_the_labels_and_none_of_them() -> None:
    targets = READING.stack([(1, 1, 0), (0, 1, 0), (0, 1, -1), (0, 0, 0)])
    strata = READING.stratify(SPACE, targets)
    assert strata.names == (*SPACE.names, "none of them")
    assert strata.membership.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    assert strata.numbers.tolist() == [0, 1, 1, 3], "the rarest"
    assert strata.list_each() == [[0, 1], [1], [1], [3]]


def test_distances_are_jaccards_over_what_both_know() -> None:
    targets = READING.stack([(1, 1, 0), (1, 0, 0), (0, 0, 0), (1, -1, 1)])
    found = READING.measure_distances(targets, np.array([0, 0, 2, 0]), np.array([1, 2, 2, 3]))
    assert found.tolist() == [0.5, 1, 0, 0.5]


def test_no_samples_stack_to_no_rows() -> None:
    assert READING.stack([]).shape == (0, 0)
    assert READING.stratify(SPACE, READING.stack([])).membership.shape == (0, 4)
