"""Rows and files that count alike but begin at another number."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.tables.number_shift import find_number_shift, shift_number, split_number
from headstart.data.source_items import list_file_items
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.modalities.modality import get_modality

Plant = Callable[..., Path]


def write_rows(table: Path, numbers: range, pattern: str = "{}") -> Path:
    rows = [f"{pattern.format(number)},{'ant' if place % 3 else 'bee'}" for place, number in enumerate(numbers)]
    table.write_text("\n".join(["frame,label", *rows]) + "\n")
    return table


def read_labels(source: Path, **options: object) -> dict[str, str]:
    samples = read_source(source, options=DataSettings.model_validate(options))
    return {sample.source.path.name: samples.describe(sample) for sample in samples.samples}  # type: ignore[attr-defined]


@pytest.mark.parametrize("pattern", ["{}", "frames/{}.png", "{}.0"])
def test_rows_from_zero_beside_files_from_one_are_asked_about(tmp_path: Path, plant: Plant, pattern: str) -> None:
    root = plant(tmp_path / "set", *(f"frames/{number}.png" for number in range(1, 21)))
    write_rows(root / "events.csv", range(20), pattern)
    with pytest.raises(DataError, match=r"count from 0 and its files from 1, for '.*0.*' has no file and 'frames/20"):
        read_labels(root)
    shifted = read_labels(root, number_shift=1)
    assert len(shifted) == 20
    assert shifted["1.png"] == shifted["4.png"] == "bee"
    plain = read_labels(root, number_shift=0)
    assert len(plain) == 19
    assert plain["3.png"] == "bee"
    assert plain["4.png"] == "ant"


def test_rows_from_one_beside_files_from_zero_are_asked_about_with_other_tables_too(
    tmp_path: Path, plant: Plant
) -> None:
    root = plant(tmp_path / "set", *(f"f/img_{number:03}.png" for number in range(20)), "g/1.png", "g/2.png")
    write_rows(root / "train.csv", range(1, 21), "img_{}")
    (root / "test.csv").write_text("frame,label\ng/1.png,ant\ng/2.png,bee\n")
    with pytest.raises(DataError, match=r"if 'img_19' is 'f/img_018.png', add --number-shift -1; if it is '.*9.png', "):
        read_labels(root)
    assert len(read_labels(root / "train.csv", number_shift=-1)) == 20


def test_numbers_that_fit_and_those_that_lack_more_are_left_alone(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"{number}.png" for number in range(1, 21)))
    for numbers in (range(1, 21), range(1, 16), range(3, 22)):
        assert len(read_labels(write_rows(root / "t.csv", numbers))) == len(set(numbers) & set(range(1, 21)))


def test_folders_are_compared_one_by_one() -> None:
    files = [f"{video}/{number}.jpg" for video in "abc" for number in range(1, 11)]
    places = {
        f"{video}/{number}": f"{video}/{number}.jpg" if number else None for video in "ab" for number in range(10)
    }
    shift = find_number_shift(places, files)
    assert shift
    assert (shift.by, shift.row, shift.file) == (1, "a/0", "a/10.jpg")
    whole = {f"c/{number}": f"c/{number}.jpg" for number in range(1, 11)}
    other = {path.replace("a/", "d/"): None for path in places if path.startswith("a/")}
    assert find_number_shift({**places, **whole}, files)
    assert find_number_shift({**{path: places[path] for path in list(places)[:10]}, **whole, **other}, files) is None


def test_numbers_keep_their_digits() -> None:
    assert shift_number("a\\img_009.jpg", 1) == "a/img_010.jpg"
    assert shift_number("9", 1) == "10"
    assert shift_number("0", -1) == "0"
    assert shift_number("x.jpg", 1) == "x.jpg"
    assert split_number("A/IMG_07.JPG") == ("a", "img_", 7)
    assert split_number("7²") is None


def test_predict_says_that_rows_may_be_one_off(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"{number}.png" for number in range(1, 11)))
    found = list_file_items(write_rows(root / "t.csv", range(10)), get_modality("image"))
    assert found is not None
    assert any("may count from 0" in note for note in found.notes)


def test_numbers_are_shifted_of_tables_only(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "pets", *(f"{name}/{i}.png" for name in ("cats", "dogs") for i in range(8)))
    with pytest.raises((DataError, SettingError), match=r"number_shift|no one table"):
        read_labels(root, number_shift=1)
