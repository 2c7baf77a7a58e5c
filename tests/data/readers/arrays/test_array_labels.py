"""Labels of arrays in the form that a task reads."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.data.readers.arrays.array_labels import ArrayLabels, read_array_labels
from headstart.data.readers.reader import ReadContext
from headstart.label_text import LabelForm
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import SAMPLE

SETS: frozenset[LabelForm] = frozenset({"one", "several", "indicators"})
NUMBERS: frozenset[LabelForm] = frozenset({"one", "columns"})
ONE: frozenset[LabelForm] = frozenset({"one"})


class Frame:
    """What a data frame has that is asked for."""

    def __init__(self, columns: list[str], values: Any) -> None:
        self.columns, self.values = columns, np.asarray(values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.values


def read(labels: Any, forms: frozenset[LabelForm] | None = None, classes: Any = None) -> ArrayLabels:
    context = ReadContext(DataSettings(), Path(), forms=forms)
    return read_array_labels(labels, classes, SAMPLE, len(np.atleast_1d(np.asarray(labels, object))), context)


SEVERAL = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 1]])


@pytest.mark.parametrize("forms", [None, SETS])
def test_several_ones_in_a_row_are_indicators(forms: frozenset[LabelForm] | None) -> None:
    found = read(SEVERAL, forms)
    assert (found.form, found.columns) == ("indicators", ("0", "1", "2"))
    assert found.texts == ["1;1;0", "0;0;0", "0;1;1"]
    assert read(SEVERAL, forms, ["cat", "dog", "owl"]).names == {"cat", "dog", "owl"}
    assert read(Frame(["cat", "dog", "owl"], SEVERAL), forms).columns == ("cat", "dog", "owl")


def test_unknown_ones_are_empty() -> None:
    found = read(np.array([[1, np.nan], [-1, 0], [np.nan, -1], [1, 1]]))
    assert found.texts == ["1;", ";0", "", "1;1"]
    assert read([[1, None], [0, 1]], SETS).texts == ["1;", "0;1"]


def test_one_hot_is_a_class_unless_sets_or_numbers_are_wanted() -> None:
    hot = np.eye(3)[[0, 2, 1]]
    assert read(hot) == ArrayLabels(["0", "2", "1"])
    assert read(hot, ONE, ["a", "b", "c"]).texts == ["a", "c", "b"]
    assert read(hot, SETS).texts == ["1;0;0", "0;0;1", "0;1;0"]
    assert read(hot, NUMBERS).form == "columns"


def test_columns_of_numbers() -> None:
    values = np.array([[0.5, 3], [np.nan, 4], [np.nan, np.nan]], np.float32)
    found = read(values)
    assert (found.form, found.columns, found.texts) == ("columns", ("0", "1"), ["0.5;3", ";4", ""])
    assert read(np.float32([[0.1, 1]] * 2), NUMBERS).texts == ["0.1;1"] * 2, "as it is written, not as a double"
    with pytest.raises(DataError, match="infinite value in row 1"):
        read(np.array([[0.5, 1], [np.inf, 1]]))


def test_numbers() -> None:
    assert read([0.5, np.nan, 3.0]).texts == ["0.5", "", "3"]
    assert read([1.0, np.nan, 3.0], ONE).texts == ["1", "", "3"], "whole numbers are classes, NaN is none"
    with pytest.raises(DataError, match="are not whole; wanted integers or text"):
        read([0.5, 1.5], ONE)
    with pytest.raises(DataError, match="infinite value in row 0"):
        read([-np.inf, 1.5])


@pytest.mark.parametrize("labels", [[["cat", "dog"], [], ["dog"]], [{"cat", "dog"}, set(), {"dog"}]])
def test_lists_of_names(labels: Any) -> None:
    found = read(labels)
    assert (found.form, found.texts, found.names) == ("several", ["cat;dog", "[]", "dog"], {"cat", "dog"})
    with pytest.raises(DataError, match="the labels are lists, of which 1 of 3 have several"):
        read(labels, ONE)


def test_lists_of_numbers_of_classes() -> None:
    assert read([[0, 2], [1], []], SETS, ["cat", "dog", "owl"]).texts == ["cat;owl", "dog", "[]"]
    assert read([["cat"], ["dog"]]).form == "one"
    with pytest.raises(DataError, match="label 7 has no name: 2 class names are given"):
        read([[0, 7], [1]], SETS, ["cat", "dog"])


def test_arrays_of_parts_have_one_form(tmp_path: Path) -> None:
    from headstart.data.read import read_source

    images = np.random.default_rng(0).integers(0, 255, (6, 12, 12, 3)).astype(np.uint8)
    arrays = {"x_train": images[:3], "x_test": images[3:], "y_train": SEVERAL, "y_test": np.eye(3, dtype=int)}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match="arrays of labels of several forms"):
        read_source(tmp_path / "a.npz", strict=False)
