import sys
from collections import Counter

import pyarrow as pa
import pytest
from pyarrow import parquet

from headstart.data.reading import read
from headstart.data.samples import Outcome, Part
from headstart.errors import DataError, MissingExtra


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


def rows_of_pets(separator: str = ",") -> list[str]:
    return [f"{name}/{i}.png{separator}{name}" for name in ("cats", "dogs") for i in range(10)]


def test_paths_are_relative_to_the_table_or_absolute(pets):
    rows = [*rows_of_pets()[1:], f"{pets}/cats/0.png,cats"]
    (pets / "t.csv").write_text(lines("path,label", *rows))
    samples = read(pets / "t.csv")
    assert samples.classes == ("cats", "dogs")
    assert len(samples) == 20


@pytest.mark.parametrize(
    ("name", "header", "separator"),
    [
        ("t.tsv", "Filename\tCLASS", "\t"),
        ("t.csv", "image;category", ";"),
        ("t.CSV", "\ufeffFile Path,target", ","),
        ("t.csv", "file_name,class-name", ","),
    ],
)
def test_aliases_delimiters_and_byte_order_marks(pets, name, header, separator):
    (pets / name).write_text(lines(header, *rows_of_pets(separator), ""), "utf-8")
    assert len(read(pets / name)) == 20


def test_windows_paths_and_quoted_commas(pets):
    (pets / "cats/a, b.png").write_bytes((pets / "cats/0.png").read_bytes() + b"tail")
    rows = [row.replace("/", "\\") for row in rows_of_pets()]
    (pets / "t.csv").write_text("\r\n".join(["path,label", *rows, '"cats/a, b.png",cats']))
    assert len(read(pets / "t.csv")) == 21


def test_bad_rows_are_set_aside_with_a_reason(pets):
    rows = [
        *rows_of_pets(),
        "cats/99.png,cats",
        "cats/1.png,",
        ",cats",
        "cats/2.png,cats",
        "cats,dogs",
        "cats/3.png,dogs",
    ]
    (pets / "t.csv").write_text(lines("path,label", *rows))
    samples = read(pets / "t.csv")
    aside = {entry.name: entry.reason for entry in samples.ledger.entries if entry.outcome is Outcome.SET_ASIDE}
    assert aside == {
        "cats/99.png": "missing file",
        "cats/1.png (row 23)": "empty label",
        "row (row 24)": "empty path",
        "cats/2.png (row 25)": "listed before, in row 4",
        "cats": "not a file",
        "cats/3.png": "the same bytes as 'cats/3.png (row 27)', which is labelled 'dogs'",
        "cats/3.png (row 27)": "the same bytes as 'cats/3.png', which is labelled 'cats'",
    }
    assert len({entry.name for entry in samples.ledger.entries}) == len(samples.ledger.entries)


def test_split_and_group_columns(pets):
    parts = ["train"] * 6 + ["Valid"] * 2 + ["TEST"] * 2
    rows = [f"{row},{part},p{i % 3}" for i, (row, part) in enumerate(zip(rows_of_pets(), parts * 2, strict=True))]
    (pets / "t.csv").write_text(lines("path,label,subset,patient_id", *rows))
    samples = read(pets / "t.csv")
    assert Counter(sample.part for sample in samples.samples) == {Part.TRAIN: 12, Part.VALIDATION: 4, Part.TEST: 4}
    assert {sample.group for sample in samples.samples} == {"group:p0", "group:p1", "group:p2"}


def test_copies_join_the_groups_they_are_in(pets):
    (pets / "cats/copy.png").write_bytes((pets / "cats/0.png").read_bytes())
    groups = ["a", "a", *"bcdefghi"[:8], *"klmnopqrst"]
    rows = [f"{row},{group}" for row, group in zip(rows_of_pets(), groups, strict=True)]
    (pets / "t.csv").write_text(lines("path,label,group", *rows, "cats/copy.png,cats,b"))
    group_of = {sample.name: sample.group for sample in read(pets / "t.csv").samples}
    assert {group_of[f"cats/{name}.png"] for name in ("0", "1", "2", "copy")} == {"group:a"}
    assert group_of["cats/3.png"] == "group:c"


def test_parquet(pets):
    table = {
        "image_path": [f"{name}/{i}.png" for name in ("cats", "dogs") for i in range(10)] + ["cats/1.png"],
        "label": [0.0] * 10 + [1.0] * 10 + [None],
        "other": list(range(21)),
    }
    parquet.write_table(pa.table(table), pets / "t.parquet")
    samples = read(pets / "t.parquet")
    assert samples.classes == ("0", "1")
    assert len(samples) == 20


def test_parquet_without_pyarrow_names_the_extra(pets, monkeypatch):
    (pets / "t.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"Parquet table needs the package 'pyarrow'.*headstart\[tables\]"):
        read(pets / "t.parquet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; wanted a header with path and label"),
        ("id,label\n1,cats\n", "has the columns 'id', 'label' and none for path; name the columns path and label"),
        ("a,b\n", "none for path and label"),
        ("path,label,split\na,b,train\nc,d,\n", "1 of 2 rows have no split; fill the split column in every row"),
        ("path,label,split\na,b,train\nc,d,holdout\n", "the split column says 'holdout'; wanted train"),
        ("path,label,split\na,b,val\nc,d,test\n", "validation and test are given without train"),
        ("path,label\n", "has no class with photos; wanted"),
        ("path,label\na.png,b\n", r"class 'b' has no usable photo \(set aside: 1 missing file\)"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read(tmp_path / "t.csv")


def test_a_table_that_is_not_text(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"path,label\n\xff\xfe,1\n")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        read(tmp_path / "t.csv")


def test_a_table_that_is_not_parquet(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="is not a Parquet file"):
        read(tmp_path / "t.parquet")


def test_the_plainest_of_two_columns_is_taken_and_noted(pets):
    (pets / "t.csv").write_text(lines("class_name,path,label", *(f"x,{row}" for row in rows_of_pets())))
    samples = read(pets / "t.csv")
    assert samples.classes == ("cats", "dogs")
    assert samples.ledger.notes == ("the label is read from column 'label', not from 'class_name'",)
