"""Tables of pairs of files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.source_items import list_file_items
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import get_modality

Plant = Callable[..., Path]


def lay_pairs(plant: Plant, folder: Path, header: str, others: int = 6, label: str = "") -> Path:
    root = plant(folder / "set", *(f"images/{number}.png" for number in range(12)))
    rows = [f"{number}.png,{(number * 5 + 2) % others}.png,{label or number % 2}" for number in range(12)]
    (root / "pairs.csv").write_text("\n".join([header, *rows]) + "\n")
    return root


@pytest.mark.parametrize(
    ("header", "others"),
    [
        ("image1,image2,same", 6),
        ("left,right,same", 12),
        ("a,b,is_match", 6),
        ("file_a,file_b,y", 6),
        ("x,z,match", 12),
    ],
)
def test_pairs_are_refused_with_both_columns(tmp_path: Path, plant: Plant, header: str, others: int) -> None:
    root = lay_pairs(plant, tmp_path, header, others)
    first, second, _ = header.split(",")
    for source in (root, root / "pairs.csv"):
        with pytest.raises(DataError, match=f"pairs of photos: the cells of '{first}' and of '{second}' lead to files"):
            read_source(source)
    with pytest.raises(DataError, match="pairs of photos"):
        read_source(root, options=DataSettings.model_validate({"label_column": header.rpartition(",")[2]}))
    with pytest.raises(DataError, match="a pair is not read as one item"):
        list_file_items(root / "pairs.csv", get_modality("image"))


def test_two_columns_of_files_that_are_no_pairs_are_read_as_before(tmp_path: Path, plant: Plant) -> None:
    root = lay_pairs(plant, tmp_path, "image,background,label", 3)
    assert len(read_source(root)) == 12
    with pytest.raises(DataError, match="--path-column front or --path-column side"):
        read_source(lay_pairs(plant, tmp_path / "views", "front,side,label", 12) / "pairs.csv")
    whole = plant(tmp_path / "whole", *(f"images/{number}.png" for number in range(12)))
    rows = [f"{number}.png,images/{number}.png,{'yes' if number % 2 else 'no'}" for number in range(12)]
    (whole / "t.csv").write_text("\n".join(["file,path,match", *rows]) + "\n")
    options = DataSettings.model_validate({"label_column": "match"})
    assert len(read_source(whole / "t.csv", options=options)) == 12


def test_a_table_of_many_columns_of_numbers_is_not_looked_through_for_pairs(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "set", *(f"{number}.png" for number in range(12)))
    columns = ["file", "label", *(f"pixel{number}" for number in range(40))]
    rows = [f"{number}.png,{'ab'[number % 2]}," + ",".join(str(number % 5) for _ in range(40)) for number in range(12)]
    (root / "pixels.csv").write_text("\n".join([",".join(columns), *rows]) + "\n")
    assert read_source(root / "pixels.csv").classes == ("a", "b")
