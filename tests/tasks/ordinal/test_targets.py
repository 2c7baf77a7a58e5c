"""Orders of classes: given, by numbers, by words, or not known."""

import numpy as np
import pytest

from headstart.tasks.facets import LabelSource
from headstart.tasks.ordinal.order import are_grades, check_order, sort_by_numbers, sort_by_words
from headstart.tasks.ordinal.targets import RankTargets, make_rank_space
from headstart_runtime.errors import DataError

TARGETS = RankTargets()


@pytest.mark.parametrize(
    "names",
    [
        ("1", "2", "3", "10"),
        ("-1", "0", "1.5"),
        ("grade 1", "grade 2", "grade 11"),
        ("KL-0", "KL-1", "KL-2"),
        ("0-9", "10-19", "20-59", "60+"),
        ("<10", "10-19", "20-29"),
        ("stage I", "stage II", "stage IV", "stage IX"),
        ("1 star", "2 stars", "3 stars"),
        ("5%", "10%"),
    ],
)
def test_numbers_in_names_have_an_order(names: tuple[str, ...]) -> None:
    assert sort_by_numbers(sorted(names, reverse=True)) == names


@pytest.mark.parametrize("names", [("cat", "dog"), ("a1", "b2"), ("1", "x"), ("3", "3.0"), ("mix", "six")])
def test_other_names_have_none(names: tuple[str, ...]) -> None:
    assert sort_by_numbers(names) is None


def test_words_of_a_scale_have_an_order() -> None:
    assert sort_by_words(["good", "Bad", "fair"]) == ("Bad", "fair", "good")
    assert sort_by_words(["severe", "none", "mild"]) == ("none", "mild", "severe")
    assert sort_by_words(["very_high", "low", "medium"]) == ("low", "medium", "very_high")
    assert sort_by_words(["cat", "good"]) is None
    assert sort_by_words(["good", "Good", "bad"]) is None


def test_grades_are_proposed_and_an_order_is_taken() -> None:
    def claim(labels: list[str], *order: str):
        return TARGETS.claim(labels, LabelSource(tuple(sorted(set(labels))), order=order))

    found = claim(["3", "1", "2", "5", "4", "1"])
    assert not found.certain
    assert "from '1' to '5'" in found.reason
    assert claim(["cat", "dog"]) is None
    assert claim([str(digit) for digit in range(10)]) is None, "digits are no grades"
    assert claim(["a", "b"], "b", "a").certain
    assert are_grades(("0", "1", "2", "3", "4"))
    assert not are_grades(("1", "2"))


def test_an_order_has_every_class_once() -> None:
    classes = ("bad", "fair", "good")
    check_order(("bad", "fair", "good"), classes)
    for order, words in {
        ("bad", "good"): "misses the class 'fair'",
        ("bad", "fare", "good"): "misses the class 'fair' and names 'fare', of which there is no sample",
        ("bad", "fair", "good", "bad"): "names 'bad' twice",
        ("good",): "misses the classes 'bad', 'fair'",
    }.items():
        with pytest.raises(DataError, match=words) as caught:
            check_order(order, classes)
        assert "\n" not in str(caught.value)


def test_the_space_knows_its_order() -> None:
    labels = {"1.jpg": "good", "2.jpg": "bad", "3.jpg": "fair"}
    source = LabelSource(("bad", "fair", "good"))
    assert TARGETS.read_space(labels, source) == make_rank_space(("bad", "fair", "good"), "words")
    given = TARGETS.read_space(labels, LabelSource(source.classes, order=("good", "fair", "bad")))
    assert given.names == ("good", "fair", "bad")
    assert given.facts["order_from"] == "given"
    assert given == type(given).from_json(given.to_json())
    assert any(
        "ordered by what these words mean: bad < fair < good" in note
        for note in TARGETS.note(make_rank_space(("bad", "fair", "good"), "words"))
    )


def test_distances_are_shares_of_the_widest() -> None:
    ranks = np.array([0, 4, 2, 2])
    assert TARGETS.measure_distances(ranks, np.array([0, 0, 2]), np.array([1, 2, 3])).tolist() == [1, 0.5, 0]
    with pytest.raises(DataError, match="'fare' is no class"):
        TARGETS.parse(make_rank_space(("bad", "fair"), "words"), "fare")


def test_bands_are_grades() -> None:
    assert are_grades(["0-9", "10-19", "20-29", "30+"])
    assert are_grades(["<10 mm", "10-20 mm", ">20 mm"])
    assert not are_grades(["0-9", "10-19"])
    assert not are_grades(["IMG-1", "IMG-2", "IMG-3"])


def test_an_order_may_be_written_with_other_capitals() -> None:
    source = LabelSource(("high", "low", "medium"), order=("Low", " Medium", "HIGH"))
    assert TARGETS.read_space({"0": "low"}, source).names == ("low", "medium", "high")
    with pytest.raises(DataError, match="misses the class 'high'"):
        TARGETS.read_space({"0": "low"}, LabelSource(("high", "low", "medium"), order=("Low", "Medium")))
