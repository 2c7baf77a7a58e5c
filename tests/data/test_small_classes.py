"""Classes that are left out as too small, and those that are copies of others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.data.copied_classes import find_copied_classes
from headstart.data.read import read_source
from headstart.data.samples import FileStatus, Samples
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, SettingError

Plant = Callable[..., Path]


def lay(plant: Plant, root: Path, counts: dict[str, int]) -> Path:
    return plant(root, *(f"{name}/{i}.png" for name, count in counts.items() for i in range(count)))


def read(source: Path, **options: object) -> Samples:
    return read_source(source, options=DataSettings.model_validate(options))


def test_small_classes_are_left_out_where_it_is_said(tmp_path: Path, plant: Plant) -> None:
    source = lay(plant, tmp_path, {"ant": 1, "bee": 2, "cat": 5, "dog": 5})
    (source / "empty").mkdir()
    with pytest.raises(DataError, match="--min-samples 3 leaves out classes that are smaller"):
        read(source)
    samples = read(source, min_samples=3)
    assert samples.classes == ("cat", "dog")
    assert sorted({sample.target for sample in samples.samples}) == [0, 1]
    gone = [entry.reason for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED]
    assert gone == ["a class of fewer than 3 usable photos (--min-samples)"] * 3
    assert (
        "classes of fewer than 3 usable photos are left out: 'ant' (1), 'bee' (2), 'empty' (0)" in samples.ledger.notes
    )


def test_small_classes_with_an_order_keep_it(tmp_path: Path, plant: Plant) -> None:
    source = lay(plant, tmp_path, {"bad": 5, "fair": 1, "good": 5, "best": 5})
    samples = read(source, min_samples=3, order="bad,fair,good,best")
    assert samples.task.name == "ordinal"
    assert samples.classes == ("bad", "good", "best")
    assert samples.space.facts == {"order": ["bad", "good", "best"], "order_from": "given"}
    assert {sample.name.split("/")[0]: sample.target for sample in samples.samples} == {"bad": 0, "good": 1, "best": 2}


def test_numbers_have_no_small_classes(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, *(f"{i}.png" for i in range(20)))
    (tmp_path / "t.csv").write_text("file,weight\n" + "".join(f"{i}.png,{i}.5\n" for i in range(20)))
    with pytest.raises(SettingError, match="--min-samples leaves out classes, and regression has none"):
        read(tmp_path / "t.csv", min_samples=3)


def test_a_class_in_the_test_part_only_is_left_out_too(tmp_path: Path, plant: Plant) -> None:
    source = lay(plant, tmp_path, {"train/good": 5, "train/ok": 5, "test/good": 2, "test/ok": 2, "test/broken": 3})
    with pytest.raises(DataError, match=r"'broken' has no usable photo in train.*--min-samples 2"):
        read(source)
    assert read(source, min_samples=2).classes == ("good", "ok")


def copy(source: Path, names: dict[str, str]) -> None:
    for target, original in names.items():
        (source / target).parent.mkdir(parents=True, exist_ok=True)
        (source / target).write_bytes((source / original).read_bytes())


@pytest.mark.parametrize("above", ["", "in it/"])
def test_a_folder_of_copies_is_named_with_the_flag_that_leaves_it_out(tmp_path: Path, plant: Plant, above: str) -> None:
    source = lay(plant, tmp_path, {f"{above}ants": 4, f"{above}bees": 4})
    copy(
        source, {f"{above}heap/{kind}{i}.png": f"{above}{kind}/{i}.png" for kind in ("ants", "bees") for i in range(4)}
    )
    with pytest.raises(DataError, match="'heap' has only photos that 'ants', 'bees' have too") as caught:
        read(source)
    pattern = str(caught.value).partition("--class-pattern '")[2].partition("'")[0]
    assert read(source, class_pattern=pattern).classes == ("ants", "bees")


def test_classes_of_copies() -> None:
    some = {"wrong": frozenset({"cats"})}
    assert find_copied_classes(some) == ["wrong"]
    everything = {"heap": frozenset("ab"), "a": frozenset({"heap"}), "b": frozenset({"heap"})}
    assert find_copied_classes(everything) == ["heap"]
    years = {"a": frozenset({"Photos from 2020"}), "Photos from 2020": frozenset("a")}
    assert find_copied_classes(years) == ["Photos from 2020"]
    assert find_copied_classes({"a": frozenset("b"), "b": frozenset("a")}) == []
