"""Labels that look like numbers, and those that are codes of classes."""

import numpy as np
import pytest

from headstart.tasks.facets import LabelSource
from headstart.tasks.regression.labels import read_number
from headstart.tasks.regression.targets import NumberTargets
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.regression.units import find_unit, show_number

TARGETS = NumberTargets()


@pytest.mark.parametrize(
    ("text", "number"),
    [("12.5", 12.5), (" -3 ", -3), ("1e3", 1000), (".5", 0.5), ("12,5", 12.5), ("0,125", 0.125), ("1,234", None)]
    + [(text, None) for text in ("", "abc", "12.5 g", "nan", "inf", "1_000", "1e999", "0x10")],
)
def test_a_number_is_read_or_it_is_none(text: str, number: float | None) -> None:
    assert read_number(text) == number


def test_numbers_that_are_not_whole_are_surely_meant() -> None:
    labels = [f"{value:.2f}" for value in np.random.default_rng(0).normal(20, 5, 100)]
    claim = TARGETS.claim(labels, LabelSource())
    assert claim is not None
    assert claim.certain
    assert labels[0] in claim.reason
    one_wrong = TARGETS.claim([*labels, "unknown"], LabelSource())
    assert one_wrong is not None, "an error names the row then"
    assert one_wrong.certain


def test_many_unlike_whole_numbers_are_offered() -> None:
    ages = [str(age) for age in np.random.default_rng(0).integers(3, 90, 200)]
    claim = TARGETS.claim(ages, LabelSource())
    assert claim is not None
    assert not claim.certain
    assert "unlike whole numbers" in claim.reason
    assert TARGETS.claim([str(price) for price in range(1000, 1012)], LabelSource()) is not None, "each once"


@pytest.mark.parametrize(
    "labels",
    [
        [str(code % 10) for code in range(300)],
        [str(code % 100) for code in range(1000)],
        [f"{1 + code % 40}" for code in range(400)],
        ["cat", "dog"] * 20,
        ["1", "2", "3", "4", "5"] * 30,
        ["007", "012", "345.5"] * 20,
        [f"class {number}" for number in range(30)],
        [],
    ],
)
def test_codes_and_names_are_not(labels: list[str]) -> None:
    assert TARGETS.claim(labels, LabelSource()) is None


def test_few_unlike_numbers_may_be_grades() -> None:
    claim = TARGETS.claim(["0.5", "1.0", "1.5"] * 40, LabelSource())
    assert claim is not None
    assert not claim.certain


def test_several_columns_of_numbers_are_claimed_and_names_of_labels_are_not() -> None:
    source = LabelSource(form="columns", columns=("weight (g)", "length (mm)"))
    rows = [f"{weight};{length}" for weight, length in zip(range(20), np.linspace(0, 3, 20), strict=True)]
    claim = TARGETS.claim([*rows, ";4.5"], source)
    assert claim is not None
    assert claim.certain
    assert TARGETS.claim(rows, LabelSource(form="several")) is None
    assert TARGETS.claim(["1;0", "0;1"] * 20, source) is None


@pytest.mark.parametrize(
    ("name", "unit"),
    [("weight (g)", "g"), ("length [mm]", "mm"), ("weight_kg", "kg"), ("Age in years", "years"), ("area (µm²)", "µm²")]
    + [(name, "") for name in ("age", "value", "number_of_dogs", "people in park", "score (")],
)
def test_the_unit_is_in_the_name(name: str, unit: str) -> None:
    assert find_unit(name) == unit


def test_numbers_are_shown_with_four_digits() -> None:
    shown = [show_number(number) for number in (0, 12.34567, -0.00123456, 123456.7, 1.5e-7, 3e15, float("nan"))]
    assert shown == ["0", "12.35", "-0.001235", "123,457", "1.500e-07", "3.000e+15", "unknown"]


def test_what_is_no_number_is_said() -> None:
    space = TARGETS.read_space({"a": "1.5", "b": "2"}, LabelSource(columns=("weight (g)",)))
    with pytest.raises(DataError, match="label 'heavy' is not a number"):
        TARGETS.parse(space, "heavy")
    with pytest.raises(DataError, match="label 'nan' is not a number"):
        TARGETS.parse(space, "nan")
    several = TARGETS.read_space({"a": "1;2", "b": "3;"}, LabelSource(form="columns", columns=("x", "y")))
    with pytest.raises(DataError, match="label 'two' of 'y' is not a number"):
        TARGETS.parse(several, "1;two")
    with pytest.raises(DataError, match="has 3 numbers; wanted 2, for x;y"):
        TARGETS.parse(several, "1;2;3")
    with pytest.raises(DataError, match="label ';' is not a number"):
        TARGETS.parse(several, ";")
