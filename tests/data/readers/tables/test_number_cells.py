"""Numbers as people write them in cells."""

import pytest

from headstart.data.readers.tables.number_cells import are_numbers, has_fractions, read_number_cells


@pytest.mark.parametrize(
    ("cells", "plain"),
    [
        (["0,5", "1,25", "3"], {"0,5": "0.5", "1,25": "1.25"}),
        (["1.234,5", "12,5", "1.234"], {"1.234,5": "1234.5", "12,5": "12.5", "1.234": "1234"}),
        (["1,234.5", "12.5", "1,234,567"], {"1,234.5": "1234.5", "1,234,567": "1234567"}),
        (["1 234,5", "12,5"], {"1 234,5": "1234.5", "12,5": "12.5"}),
        (["1'234.5", "7"], {"1'234.5": "1234.5"}),
        (["1\u00a0234", "7.25"], {"1\u00a0234": "1234"}),
        (["1,234", "12.5"], {"1,234": "1234"}),
    ],
)
def test_signs_that_can_mean_one_thing_are_read(cells: list[str], plain: dict[str, str]) -> None:
    found = read_number_cells(cells)
    assert found.plain == plain
    assert "are read with" in found.note


@pytest.mark.parametrize("cells", [["1,234", "2,345", "7"], ["12,5", "1.25"], ["1,234,567", "12,5"]])
def test_signs_that_can_mean_two_things_are_a_doubt(cells: list[str]) -> None:
    found = read_number_cells(cells)
    assert not found.plain
    assert "may be a fraction or thousands" in found.doubt


@pytest.mark.parametrize("cells", [["1.5", "2"], ["cat", "1,5"], ["a,b", "c"], []])
def test_other_cells_stay_as_they_are(cells: list[str]) -> None:
    assert read_number_cells(cells) == read_number_cells([])


def test_a_few_texts_among_numbers_are_numbers_still() -> None:
    assert are_numbers([*(f"{at}.5" for at in range(40)), "many", ""])
    assert not are_numbers(["1", "2", "many"])
    assert has_fractions(["1", "2.5", "many"])
    assert not has_fractions(["1", "2.0", "many"])


@pytest.mark.parametrize(
    ("cells", "plain", "unit"),
    [
        (["7.3 mm", "8 mm"], ["7.3", "8"], "mm"),
        (["$7,286.80", "$12.10"], ["7286.80", "12.10"], "$"),
        (["-$5", "$7.5"], ["-5", "7.5"], "$"),
        (["72,87 €", "12,10 €"], ["72.87", "12.10"], "€"),
        (["7.3%", "8%"], ["7.3", "8"], "%"),
        (["12.5°C", "13 °C"], ["12.5", "13"], "°C"),
        (["3.5 g/m²", "4 g/m²"], ["3.5", "4"], "g/m²"),
        (["\u221212.7", "3.5"], ["-12.7", "3.5"], ""),
    ],
)
def test_one_unit_of_all_cells_is_read(cells: list[str], plain: list[str], unit: str) -> None:
    found = read_number_cells(cells)
    assert [found.plain.get(cell, cell) for cell in cells] == plain
    assert f"{cells[0]!r} is read as {plain[0]}" in found.note
    assert not unit or f"all are in {unit}" in found.note
    assert are_numbers(cells)


@pytest.mark.parametrize("cells", [["7 mm", "3 cm", "4 mm"], ["1 star", "2 stars"], ["a1", "b2"], ["4.5.6", "7 mm"]])
def test_unlike_units_are_none(cells: list[str]) -> None:
    assert not are_numbers(cells)
    assert not read_number_cells(cells).plain
