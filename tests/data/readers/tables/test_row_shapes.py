"""Tables whose rows are no items."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.source_items import list_file_items
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import get_modality

Plant = Callable[..., Path]


@pytest.fixture
def photos(tmp_path: Path, plant: Plant) -> Path:
    return plant(tmp_path / "set", *(f"images/IMG_{number:03}.png" for number in range(24)))


@pytest.mark.parametrize("header", ["from,to,species", "First image,Last image,species", "start_file,end_file,x"])
def test_ranges_are_refused_with_their_first_row(photos: Path, header: str) -> None:
    rows = [f"IMG_{first:03},IMG_{first + 5:03},{'ab'[first // 6 % 2]}" for first in range(0, 24, 6)]
    (photos / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    for source in (photos, photos / "t.csv"):
        with pytest.raises(
            DataError, match=r"has ranges of photos: .*'IMG_000' and .* 'IMG_005', which may be 6 photos"
        ):
            read_source(source)


def test_columns_of_names_that_are_no_ranges_are_read_or_asked_for(photos: Path) -> None:
    rows = [f"IMG_{number:03},{number},{number + 3},{'ab'[number % 2]}" for number in range(24)]
    (photos / "t.csv").write_text("\n".join(["file,start,end,label", *rows]) + "\n")
    assert len(read_source(photos / "t.csv")) == 24
    (photos / "t.csv").write_text("\n".join(["clip,start,end,label", *rows]) + "\n")
    assert len(read_source(photos / "t.csv")) == 24
    rows = [f"IMG_{number:03},IMG_{number:03},{'ab'[number % 2]}" for number in range(24)]
    (photos / "t.csv").write_text("\n".join(["first,last,label", *rows]) + "\n")
    assert len(read_source(photos / "t.csv", options=DataSettings.model_validate({"path_column": "first"}))) == 24


def test_a_column_for_each_class_is_refused(photos: Path) -> None:
    rows = [f"IMG_{number:03}.png,{f'IMG_{number + 12:03}.png' if number < 9 else ''}" for number in range(12)]
    (photos / "t.csv").write_text("\n".join(["ant,bee", *rows]) + "\n")
    for source in (photos, photos / "t.csv"):
        with pytest.raises(DataError, match=r"in each of its columns, 'ant' \(12\), 'bee' \(9\), which may be classes"):
            read_source(source)
    with pytest.raises(DataError, match=r"--path-column ant or --path-column bee"):
        list_file_items(photos / "t.csv", get_modality("image"))
