"""Labels of several cells as one text."""

import pytest

from headstart.label_text import join_cells, split_cells


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ((), "[]"),
        (("[]",), '"[]"'),
        (("[]", "[]"), "[];[]"),
        (("cat",), "cat"),
        (("cat", "dog"), "cat;dog"),
        (("1", "0", "", "1"), "1;0;;1"),
        (("",), '""'),
        (("", ""), ";"),
        (("a;b", 'the "red" one', "c"), '"a;b";"the ""red"" one";c'),
        (("two\nlines",), '"two\nlines"'),
        (("crane, bird", "12,5"), "crane, bird;12,5"),
    ],
)
def test_cells_go_into_one_text_and_come_back(cells: tuple[str, ...], text: str) -> None:
    assert join_cells(cells) == text
    assert split_cells(text) == cells


def test_an_empty_text_has_no_cell_either() -> None:
    assert split_cells("") == split_cells(" [] ") == ()


def test_a_person_may_write_blanks() -> None:
    assert split_cells(' cat ; "a;b"; dog') == ("cat", "a;b", "dog")


@pytest.mark.parametrize("text", ['"open', "one\ntwo"])
def test_what_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=";"):
        split_cells(text)
