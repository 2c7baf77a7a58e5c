"""Sources of several labels, numbers and ordered classes, from the file to samples of a task: read, checked or not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cli.main import run as run_command
from headstart.data.check import check_samples
from headstart.data.label_counts import LabelPair
from headstart.data.outline import make_outline
from headstart.data.read import read_source
from headstart.data.reading_table import write_reading_table
from headstart.data.samples import Samples
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, SettingError

Plant = Callable[..., Path]
Lay = Callable[..., Path]
SETS = ("cat|dog", "cat", "dog", "none", "bird|cat|dog", "bird") * 3


@pytest.fixture
def lay(tmp_path: Path, plant: Plant) -> Lay:
    """Return a function that writes a table with a photo for each row of cells."""

    def write(header: str, *rows: object, name: str = "t.csv") -> Path:
        plant(tmp_path, *(f"{at}.png" for at in range(len(rows))))
        table = tmp_path / name
        table.write_text(f"path,{header}\n" + "".join(f"{at}.png,{row}\n" for at, row in enumerate(rows)), "utf-8")
        return table

    return write


def read(table: Path, *, strict: bool = True, **options: str) -> Samples:
    return read_source(table, options=DataSettings.model_validate(options), strict=strict)


def says(samples: Samples, text: str) -> bool:
    return any(text in note for note in samples.ledger.notes)


def test_several_labels_are_seen_and_said(lay: Lay) -> None:
    samples = read(lay("label", *SETS))
    assert (samples.task.name, samples.form, samples.classes) == ("multilabel", "several", ("bird", "cat", "dog"))
    assert says(samples, "6 of 18 rows have several labels in a cell of column 'label', such as 'cat|dog'")
    found = check_samples(samples, decode_all=False).labels
    assert found.usable == {"bird": 6, "cat": 9, "dog": 9, "none of them": 3}
    assert (found.several, found.unknown) == (6, {})
    assert found.pairs == (LabelPair("cat", "dog", 6), LabelPair("bird", "cat", 3), LabelPair("bird", "dog", 3))
    assert make_outline(samples).subsets == {"": {"bird": 6, "cat": 9, "dog": 9, "none of them": 3}}


def test_a_few_rows_of_several_are_skipped_with_the_task_that_reads_them(lay: Lay) -> None:
    table = lay("label", *("cat", "dog") * 6, "cat;dog")
    samples = read(table)
    assert samples.task.name == "classification"
    assert says(samples, "they are skipped; --task multilabel reads them")
    assert len(read(table, task="multilabel")) == 13


def test_columns_of_0_and_1_have_unknown_ones(lay: Lay, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = lay("cat,dog,owl,split", *("1,0,1,train", "0,1,,test", "1,1,-1,train", "0,0,0,test") * 4)
    samples = read(table)
    assert samples.task.name == "multilabel"
    assert run_command(["check", str(table), "--quiet", "--write-table", str(tmp_path / "again.csv")]) == 0
    told = capsys.readouterr().out
    assert ["owl", "4", "4", "0", "8"] in [line.split() for line in told.splitlines()], "photos, of each part, unknown"
    assert "8 photos of several; most often together: cat and dog (4), cat and owl (4)" in told
    assert read(tmp_path / "again.csv").targets.tolist() == samples.targets.tolist()
    assert run_command(["check", str(table), "--quiet", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["label_counts"]
    assert counts["unknown"] == {"owl": 8}
    assert counts["pairs"][0] == {"first": "cat", "second": "dog", "count": 4}


def test_a_photo_in_several_folders(tmp_path: Path, plant: Plant) -> None:
    root = plant(tmp_path / "pets", *(f"{name}/{at}.png" for name in ("cats", "dogs") for at in range(10)))
    for at in range(2):
        (root / f"dogs/too{at}.png").write_bytes((root / f"cats/{at}.png").read_bytes())
    samples = read(root)
    assert len(samples) == 18
    assert any("--task multilabel if so" in proposal for proposal in samples.proposals), "4 of 22 lie in both"
    sets = read(root, task="multilabel")
    assert len(sets) == 20
    assert sets.describe(sets.samples[0]) == "cats;dogs"


def test_a_number_keeps_the_name_and_unit_of_its_column(lay: Lay) -> None:
    samples = read(lay("weight (g)", *(at * 1.5 + 0.25 for at in range(12))))
    assert (samples.task.name, samples.classes) == ("regression", ("weight (g)",))


def test_several_numbers_some_unknown(lay: Lay, tmp_path: Path) -> None:
    rows = [f"{at + 0.5},{'' if at % 4 == 1 else at * 3}" for at in range(12)]
    samples = read(lay('"length, mm",age', *rows), label_column='"length, mm",age')
    assert (samples.task.name, samples.classes) == ("regression", ("length, mm", "age"))
    assert check_samples(samples, decode_all=False).labels.unknown == {"length, mm": 0, "age": 3}
    write_reading_table(tmp_path / "again.csv", samples, [])
    again = read(tmp_path / "again.csv", label_column='"length, mm",age')
    assert [it.target[0] for it in again.samples] == [it.target[0] for it in samples.samples]
    assert (tmp_path / "again.csv").read_text().startswith('path,"length, mm",age\n0.png,0.5,0\n1.png,1.5,\n')


def test_ages_are_proposed_and_grades_too(lay: Lay) -> None:
    ages = read(lay("age", *(20 + at % 20 for at in range(60))))
    assert ages.task.name == "classification"
    assert any("--task regression if so" in proposal for proposal in ages.proposals)
    grades = read(lay("label", *(1 + at % 5 for at in range(20))))
    assert any("--task ordinal if so" in proposal for proposal in grades.proposals)


def test_an_order_is_taken(lay: Lay) -> None:
    table = lay("label", *("fair", "bad", "good") * 4)
    samples = read(table, order="bad,fair,good")
    assert (samples.task.name, samples.classes) == ("ordinal", ("bad", "fair", "good"))
    assert [sample.target for sample in samples.samples[:3]] == [1, 0, 2]


NUMBERS = [str(at / 4) for at in range(900)]


@pytest.mark.parametrize(
    ("header", "rows", "flags", "message"),
    [
        ("weight", [*NUMBERS[:11], "many", *NUMBERS[12:40]], {}, r"row 13: '11.png': label 'many' is not a number"),
        ("weight", [*NUMBERS[:11], "inf", *NUMBERS[12:40]], {}, r"row 13: '11.png': label 'inf' is not a number"),
        ("label", [""] * 12, {"task": "multilabel"}, "is a usable photo .*12 empty label"),
        ("label", ["NaN"] * 12, {"task": "regression"}, "has no .*|is a usable photo|not a number"),
        ("label", ["cat"] * 12, {"task": "multilabel"}, "have the same labels, 'cat'"),
        ("label", ["cat"] * 12, {}, "has only one class, 'cat'"),
        ("label", ["bad", "fair", "good"] * 4, {"order": "bad,good"}, "--order 'bad,good' misses the class 'fair'"),
        ("label", ["cat", "dog"] * 6, {"task": "regression"}, r"row 2: '0.png': label 'cat' is not a number"),
        ("a,b", ["1,2", "3,4"] * 6, {"label_column": "a,b", "task": "ordinal"}, "one label for each row is wanted"),
        ("label", ["cat;dog", "cat", "dog"] * 4, {"task": "ordinal"}, "4 of 12 rows have several labels"),
        (
            "label",
            ["a b", "a", "b", "a b"] * 3,
            {},
            r"with a blank between, of 2 labels: add --task multilabel to read",
        ),
        ("weight", ['"1,234"', '"2,345"'] * 6, {"task": "regression"}, "can be read in two ways: '1,234' may be"),
    ],
)
def test_labels_that_cannot_be_used_are_one_line(
    lay: Lay, header: str, rows: list[str], flags: dict[str, str], message: str
) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read(lay(header, *rows), **flags)
    assert "\n" not in str(raised.value)


def test_labels_of_two_tasks_are_asked_for(lay: Lay) -> None:
    values = ("0.5", "1.5", "2.25", "3.5", "4.5", "6.25", "7.5")
    with pytest.raises(DataError, match=r"may be of several tasks \(.*\); choose one: --task \w+ or --task \w+"):
        read(lay("label", *values * 3), order=",".join(values))
    with pytest.raises(SettingError, match="--order is given, and several labels for one item has no order"):
        read(lay("label", *("cat;dog", "cat", "dog") * 4), order="cat,dog")


def test_many_photos_under_several_labels_are_asked_about(lay: Lay, tmp_path: Path) -> None:
    table = lay("label", *("cat", "dog") * 9)
    own = [("cat",), ("cat", "dog"), ("dog",)]
    rows = "".join(f"{at}.png,{label}\n" for at in range(18) for label in own[at % 3])
    table.write_text(f"path,label\n{rows}", "utf-8")
    with pytest.raises(DataError, match=r"add --task multilabel; if only one of them is right, add --task classif"):
        read(table)
    assert check_samples(read(table, strict=False), decode_all=False).problems
    samples = read(table, task="multilabel")
    assert [samples.describe(it) for it in samples.samples[:3]] == ["cat", "cat;dog", "dog"]
