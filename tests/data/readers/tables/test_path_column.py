"""The column of a table with the paths where one only counts the rows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

Plant = Callable[..., Path]

NUMBERS = [number * 7 % 20 + 1 for number in range(20)]


@pytest.fixture
def photos(tmp_path: Path, plant: Plant) -> Path:
    return plant(tmp_path / "set", *(f"images/{number}.png" for number in range(1, 21)))


def find_label(number: int) -> str:
    return ("ant", "bee")[number % 2]


def write_table(folder: Path, header: str, rows: list[tuple[object, ...]]) -> None:
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", "utf-8")


def list_labels(folder: Path, **options: str) -> dict[str, str]:
    samples = read_source(folder, options=DataSettings.model_validate(options))
    found = [(sample.source.path.stem, samples.describe(sample)) for sample in samples.samples]  # type: ignore[attr-defined]
    return dict(sorted(found))


TRUTH = dict(sorted((str(number), find_label(number)) for number in NUMBERS))


@pytest.mark.parametrize("first", ["id", "nr", "index", "", "image"])
@pytest.mark.parametrize("second", ["number", "slide", "specimen"])
def test_a_count_of_rows_is_not_taken_while_other_numbers_lead_to_files(photos: Path, first: str, second: str) -> None:
    rows = [(row, number, find_label(number)) for row, number in enumerate(NUMBERS, 1)]
    write_table(photos, f"{first},{second},label", rows)
    with pytest.raises(DataError, match=rf"'{first}', which may only count the rows, and '{second}' \('2' and '8'"):
        read_source(photos)
    assert list_labels(photos, path_column=second) == TRUTH
    counted = list_labels(photos, path_column=first, label_column="label")
    assert counted == dict(sorted((str(row), find_label(number)) for row, number in enumerate(NUMBERS, 1)))


@pytest.mark.parametrize(
    ("header", "place"),
    [
        ("id,label", 0),
        ("image_id,number,label", 0),
        ("id,image_name,label", 1),
        ("nr,name,label", 1),
        ("filename,rank,label", 0),
    ],
)
def test_numbers_in_another_order_and_plain_ids_are_taken(photos: Path, header: str, place: int) -> None:
    rows = [(row, number) if place else (number, row) for row, number in enumerate(NUMBERS, 1)]
    width = header.count(",")
    write_table(photos, header, [(*row[:width], find_label(row[place])) for row in rows])
    assert list_labels(photos) == TRUTH


def test_a_count_of_rows_is_taken_where_other_numbers_lead_to_no_files(photos: Path) -> None:
    write_table(photos, "id,weight,label", [(row, 1000 - 3 * row, find_label(row)) for row in range(1, 21)])
    assert list_labels(photos) == TRUTH


def test_a_name_of_a_file_may_go_up_by_one_and_so_may_two_columns(photos: Path) -> None:
    rows = [(row, number, find_label(row)) for row, number in enumerate(NUMBERS, 1)]
    write_table(photos, "filename,rank,label", rows)
    assert list_labels(photos) == TRUTH
    write_table(photos, "id,number,label", [(row, row - 1, find_label(row)) for row in range(1, 21)])
    assert list_labels(photos) == TRUTH


def test_a_column_with_another_role_is_no_name(photos: Path) -> None:
    write_table(photos, "id,who,label", [(row, number, find_label(row)) for row, number in enumerate(NUMBERS, 1)])
    assert list_labels(photos, group_column="who") == TRUTH
