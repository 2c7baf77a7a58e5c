"""Tables whose cells are pixels, as they are published, drawn small."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from headstart.data.decisions import Role
from headstart.data.read import read_source
from headstart.data.samples import FileStatus, Samples, Subset
from headstart.data.source_items import list_file_items
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import get_modality

SIDE = 5


def draw(count: int = 12, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Noise in one channel; in three, smooth photos whose channels are far apart."""
    chance = np.random.default_rng(seed)
    if channels == 1:
        return chance.integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8)
    base = np.arange(count).reshape(-1, 1, 1, 1) + np.add.outer(np.arange(SIDE), np.arange(SIDE))[None, ..., None]
    return (base + np.array([0, 90, 200]) + seed).astype(np.uint8)


def write(file: Path, rows: Sequence[Sequence[object]], sign: str = ",") -> Path:
    file.write_text("\n".join(sign.join(map(str, row)) for row in rows) + "\n")
    return file


def header(count: int, form: str = "pixel{}") -> list[str]:
    return [form.format(number) for number in range(count)]


def check_rows(samples: Samples, images: np.ndarray, first: int = 2) -> None:
    found = {sample.name: sample for sample in samples.samples}
    assert len(found) == len(images)
    for number, pixels in enumerate(images):
        assert np.array_equal(found[f"row {number + first}"].source.read(), pixels)
        assert samples.classes[found[f"row {number + first}"].target] == str(number % 3)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("form", ["pixel{}", "pixel_{}", "1x{}", "px{:04}"])
def test_a_column_for_each_pixel(tmp_path, sign, form):
    images = draw()
    rows = [(number % 3, *pixels.ravel()) for number, pixels in enumerate(images)]
    file = write(tmp_path / "train.csv", [("label", *header(25, form)), *rows], sign)
    samples = read_source(file, cache=tmp_path / "cache")
    check_rows(samples, images)
    assert [decision.role for decision in samples.decisions] == [Role.ITEMS, Role.LABELS]
    assert isinstance(samples.samples[0].source.stored.load().base, np.memmap)


def test_the_label_last_and_three_channels(tmp_path):
    images = draw(channels=3)
    rows = [(*pixels.ravel(), number % 3) for number, pixels in enumerate(images)]
    samples = read_source(write(tmp_path / "hmnist.csv", [(*header(75), "label"), *rows]), cache=tmp_path / "cache")
    check_rows(samples, images)
    assert any("3 channels, side by side" in note for note in samples.ledger.notes)


@pytest.mark.parametrize("last", [False, True])
def test_no_header(tmp_path, last):
    images = draw(100)
    rows = [(number % 3, *pixels.ravel()) for number, pixels in enumerate(images)]
    file = write(tmp_path / "mnist.csv", [(*row[1:], row[0]) if last else row for row in rows])
    samples = read_source(file, cache=tmp_path / "cache")
    check_rows(samples, images, first=1)
    assert f"'mnist.csv' has no header; its {'last' if last else 'first'} column is read" in "\n".join(
        samples.ledger.notes
    )


@pytest.mark.parametrize("quote", ["", '"'])
def test_all_pixels_in_a_cell(tmp_path, quote):
    images = draw(36)
    uses = ("Training", "Training", "Training", "Training", "PublicTest", "PrivateTest")
    rows = [
        (number % 3, f"{quote}{' '.join(map(str, pixels.ravel()))}{quote}", uses[number // 6])
        for number, pixels in enumerate(images)
    ]
    samples = read_source(
        write(tmp_path / "fer2013.csv", [("emotion", "pixels", "Usage"), *rows]), cache=tmp_path / "c"
    )
    check_rows(samples, images)
    subsets = Counter(sample.subset for sample in samples.samples)
    assert subsets == {Subset.TRAIN: 24, Subset.VALIDATION: 6, Subset.TEST: 6}
    assert "the label is read from column 'emotion'" in samples.ledger.notes


def test_a_row_that_does_not_parse_costs_itself_alone(tmp_path):
    images = draw()
    rows: list[Sequence[object]] = [(number % 3, *pixels.ravel()) for number, pixels in enumerate(images)]
    rows[1], rows[2], rows[3], rows[4] = (
        rows[1][:-1],
        (0, "x", *rows[2][2:]),
        (0, 256, *rows[3][2:]),
        ("", *rows[4][1:]),
    )
    file = write(tmp_path / "train.csv", [("label", *header(25)), *rows])
    # The first rows say what the table holds; the others are as they should be.
    more = [(number % 3, *pixels.ravel()) for number, pixels in enumerate(draw(120, seed=1))]
    write(file, [("label", *header(25)), *more, *rows])
    samples = read_source(file, cache=tmp_path / "cache")
    assert len(samples.ledger.entries) == 132
    reasons = [entry.reason for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED]
    assert reasons[0] == "24 values, where other rows have 25"
    assert reasons[1].endswith("are no whole numbers alone")
    assert reasons[2:] == ["a value that is not from 0 to 255", "empty label"]


def test_a_folder_of_two_and_one_without_labels(tmp_path):
    folder = tmp_path / "digits"
    folder.mkdir()
    for name, seed in (("mnist_train", 0), ("mnist_test", 1)):
        rows = [(number % 3, *pixels.ravel()) for number, pixels in enumerate(draw(seed=seed))]
        write(folder / f"{name}.csv", [("label", *header(25)), *rows])
    samples = read_source(folder, cache=tmp_path / "cache")
    assert Counter(sample.subset for sample in samples.samples) == {Subset.TRAIN: 12, Subset.TEST: 12}
    assert {"mnist_train/row 2", "mnist_test/row 13"} <= {sample.name for sample in samples.samples}
    write(folder / "mnist_test.csv", [header(25), *(pixels.ravel() for pixels in draw(seed=1))])
    (folder / "sample_submission.csv").write_text("ImageId,Label\n1,0\n2,0\n")
    samples = read_source(folder, cache=tmp_path / "cache")
    assert len(samples) == 12
    assert "'mnist_test.csv' has no labels and is left for predict" in samples.ledger.notes
    assert [entry.name for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED] == [
        "sample_submission.csv"
    ]


def test_two_sets_in_a_folder_are_not_read_together(tmp_path):
    for name, seed in (("digits_train", 0), ("clothes_train", 1)):
        rows = [(number % 3, *pixels.ravel()) for number, pixels in enumerate(draw(seed=seed))]
        write(tmp_path / f"{name}.csv", [("label", *header(25)), *rows])
    with pytest.raises(DataError, match=r"has 2 sets: 'clothes', 'digits'; give one of them"):
        read_source(tmp_path, cache=tmp_path / "cache")


def test_several_columns_that_may_be_the_label_are_asked_for(tmp_path):
    rows = [(number % 3, number % 2, *pixels.ravel()) for number, pixels in enumerate(draw())]
    file = write(tmp_path / "a.csv", [("age", "sex", *header(25)), *rows])
    with pytest.raises(DataError, match=r"columns 'age', 'sex' beside its values; .* --label-column age"):
        read_source(file, cache=tmp_path / "cache")
    options = DataSettings.model_validate({"label_column": "sex"})
    assert read_source(file, options=options, cache=tmp_path / "cache").classes == ("0", "1")
    with pytest.raises(DataError, match=r"has no column 'x'; there are 'age', 'sex'"):
        read_source(file, options=DataSettings.model_validate({"label_column": "x"}), cache=tmp_path / "cache")


@pytest.mark.parametrize("largest", [1, 15, 16])
def test_whole_numbers_of_few_shades_are_scaled_by_their_largest(tmp_path, largest):
    images = draw() % (largest + 1)
    images[0, 0, 0] = largest
    rows = [(number % 3, *pixels.ravel()) for number, pixels in enumerate(images)]
    file = write(tmp_path / "digits.csv", [("label", *header(25)), *rows])
    samples = read_source(file, cache=tmp_path / "cache")
    assert len(samples) == 12
    first = next(sample for sample in samples.samples if sample.name == "row 2")
    assert np.array_equal(first.source.read(), np.rint(images[0] * (255 / largest)).astype(np.uint8))
    assert any(f"whole numbers of 0 to {largest}" in note for note in samples.ledger.notes)


def test_values_of_no_clear_range_are_refused(tmp_path):
    rows: list[Sequence[object]]
    rows = [(number % 3, *(pixels.ravel() % 100)) for number, pixels in enumerate(draw())]
    file = write(tmp_path / "digits.csv", [("label", *header(25)), *rows])
    with pytest.raises(DataError, match="whole numbers of 0 to 99, which do not say of which range they are"):
        read_source(file, cache=tmp_path / "cache")
    assert len(list(list_file_items(file, get_modality("image"), tmp_path / "cache").items)) == 12
    rows = [(number % 3, *(pixels.ravel() / 16.0)) for number, pixels in enumerate(draw())]
    file = write(tmp_path / "floats.csv", [("label", *header(25)), *rows])
    with pytest.raises(DataError, match=r"values of 0 to 15\.9375, which do not say"):
        read_source(file, cache=tmp_path / "cache")


def test_values_of_0_to_1_are_scaled(tmp_path):
    images = draw()
    rows = [(number % 3, *(pixels.ravel() / 255).round(5)) for number, pixels in enumerate(images)]
    samples = read_source(write(tmp_path / "a.csv", [("label", *header(25)), *rows]), cache=tmp_path / "cache")
    check_rows(samples, images)


def test_columns_of_ones_beside_paths_are_no_pixels(tmp_path, plant):
    names = [f"{number}.png" for number in range(50)]
    plant(tmp_path, *names)
    rows = [(name, *np.eye(25, dtype=int)[number % 25]) for number, name in enumerate(names)]
    file = write(tmp_path / "a.csv", [("path", *header(25, "class_{}")), *rows])
    from headstart.data.read import find_reader
    from headstart.data.readers.tables.table import TableReader

    assert isinstance(find_reader(file, None), TableReader)


def test_rows_to_predict_need_no_label(tmp_path):
    images = draw()
    rows: list[Sequence[object]] = [tuple(pixels.ravel()) for pixels in images]
    rows[5] = rows[5][:-1]
    table = list_file_items(
        write(tmp_path / "test.csv", [header(25), *rows]), get_modality("image"), tmp_path / "cache"
    )
    assert table is not None
    assert table.notes[0] == "12 photos read from rows of 25 values"
    items = list(table.items)
    assert [item.name for item in items[:2]] == ["row 2", "row 3"]
    assert np.array_equal(items[0].value, images[0])
    assert str(items[5].value) == "24 values, where other rows have 25"


@pytest.mark.parametrize(
    ("column", "options", "groups"),
    [
        ("patient_id", {}, 6),
        ("patient_id", {"group_column": "none"}, 0),
        ("cat", {"group_column": "cat"}, 6),
        ("cat", {}, 0),
    ],
)
def test_a_column_of_groups_is_read_beside_values(tmp_path, column, options, groups):
    rows = [(number % 2, f"p{number // 2}", *pixels.ravel()) for number, pixels in enumerate(draw())]
    file = write(tmp_path / "a.csv", [("label", column, *header(25)), *rows])
    samples = read_source(file, options=DataSettings.model_validate(options), cache=tmp_path / "cache")
    assert len({it.group.given_name for it in samples.samples} - {""}) == groups


def test_a_column_that_is_called_like_groups_is_used_and_said(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (24, 5, 5))
    rows = [(number % 2, f"p{number // 3}", *pixels.ravel()) for number, pixels in enumerate(images)]
    file = write(tmp_path / "a.csv", [("label", "speaker", *header(25)), *rows])
    samples = read_source(file, cache=tmp_path / "cache")
    assert len({it.group.given_name for it in samples.samples}) == 8
    assert any("rows of one 'speaker' stay in one part of the split" in note for note in samples.ledger.notes)
