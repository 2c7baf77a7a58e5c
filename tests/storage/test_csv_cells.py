"""Cells that a spreadsheet does not run."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart
import headstart_runtime
from headstart_runtime.csv_cells import escape_cell, format_csv, join_names, unescape_cell

FORMULAS = [
    "=1+1",
    "+cmd",
    "-cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t1",
    "\r1",
    "\uff1d1",
    "-",
    "--",
    "-1+1",
    "+1-1",
    "-1e",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe_and_gives_it_back(text: str) -> None:
    assert escape_cell(text) == "'" + text
    assert unescape_cell("'" + text) == text


@pytest.mark.parametrize("text", ["", "ants", "a=b", "a-b", "'ants'", " =1", "-0.5", "+3", "-1e-5", "-.5", "a,=b"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert escape_cell(text) == text
    assert unescape_cell(text) == text


def test_where_another_spreadsheet_would_split_a_cell_begins_too() -> None:
    assert escape_cell("a;=1\n@b") == "a;'=1\n'@b"


@given(st.text("'=+-@\t\r\n;a1."))
def test_any_text_comes_back_and_none_begins_as_a_formula(text: str) -> None:
    safe = escape_cell(text)
    assert unescape_cell(safe) == text
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text):
        assert not any(part[:1] in "=+-@" for part in re.split(r"[;\t\r\n]", safe) if part)


def test_rows_are_csv_and_numbers_stay_numbers() -> None:
    text = format_csv([("photo", "x"), ("=a,b", -0.5), ('@"', "-0.5000"), (None, True)])
    assert list(csv.reader(io.StringIO(text))) == [["photo", "x"], ["'=a,b", "-0.5"], ["'@\"", "-0.5000"], ["", "True"]]


def test_every_table_is_written_by_it() -> None:
    sources = [Path(package.__file__).parent for package in (headstart, headstart_runtime)]
    writers = [
        file.relative_to(source).as_posix()
        for source in sources
        for file in source.rglob("*.py")
        if re.search(r"csv\.(writer|DictWriter)", file.read_text("utf-8"))
    ]
    assert sorted(writers) == ["csv_cells.py"]


def split_names(cell: str) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", name, flags=re.DOTALL) for name in re.findall(r"(?:[^|\\]|\\.)+", cell, re.DOTALL)]


def test_names_in_one_cell_come_apart_again():
    names = ["a|b", "a", "back\\slash", "\\|", "line\nbreak", "\\\n"]
    assert join_names(["a|b", "a"]) == r"a\|b|a"
    assert split_names(join_names(names)) == names
    assert split_names(join_names([])) == []
