import base64
import json
import sys
from collections import Counter

import pyarrow as pa
import pytest
from pyarrow import parquet

from headstart.data.read import read_source
from headstart.data.samples import FileStatus, Subset
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, MissingExtra, SettingError


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


def rows_of_pets(separator: str = ",") -> list[str]:
    return [f"{name}/{i}.png{separator}{name}" for name in ("cats", "dogs") for i in range(10)]


def test_paths_are_relative_to_the_table_or_absolute(pets):
    rows = [*rows_of_pets()[1:], f"{pets}/cats/0.png,cats"]
    (pets / "t.csv").write_text(lines("path,label", *rows))
    samples = read_source(pets / "t.csv")
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
    assert len(read_source(pets / name)) == 20


def test_windows_paths_and_quoted_commas(pets):
    (pets / "cats/a, b.png").write_bytes((pets / "cats/0.png").read_bytes() + b"tail")
    rows = [row.replace("/", "\\") for row in rows_of_pets()]
    (pets / "t.csv").write_text("\r\n".join(["path,label", *rows, '"cats/a, b.png",cats']))
    assert len(read_source(pets / "t.csv")) == 21


def test_bad_rows_are_skipped_with_a_reason(pets):
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
    samples = read_source(pets / "t.csv")
    aside = {entry.name: entry.reason for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED}
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
    samples = read_source(pets / "t.csv")
    assert Counter(sample.subset for sample in samples.samples) == {
        Subset.TRAIN: 12,
        Subset.VALIDATION: 4,
        Subset.TEST: 4,
    }
    assert {sample.group.given_name for sample in samples.samples} == {"p0", "p1", "p2"}


def test_copies_join_the_groups_they_are_in(pets):
    (pets / "cats/copy.png").write_bytes((pets / "cats/0.png").read_bytes())
    groups = ["a", "a", *"bcdefghi"[:8], *"klmnopqrst"]
    rows = [f"{row},{group}" for row, group in zip(rows_of_pets(), groups, strict=True)]
    (pets / "t.csv").write_text(lines("path,label,group", *rows, "cats/copy.png,cats,b"))
    group_of = {sample.name: sample.group.given_name for sample in read_source(pets / "t.csv").samples}
    assert {group_of[f"cats/{name}.png"] for name in ("0", "1", "2", "copy")} == {"a"}
    assert group_of["cats/3.png"] == "c"


def test_parquet(pets):
    table = {
        "image_path": [f"{name}/{i}.png" for name in ("cats", "dogs") for i in range(10)] + ["cats/1.png"],
        "label": [0.0] * 10 + [1.0] * 10 + [None],
        "other": list(range(21)),
    }
    parquet.write_table(pa.table(table), pets / "t.parquet")
    samples = read_source(pets / "t.parquet")
    assert samples.classes == ("0", "1")
    assert len(samples) == 20


def test_parquet_without_pyarrow_names_the_extra(pets, monkeypatch):
    (pets / "t.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"Parquet table needs the package 'pyarrow'.*headstart\[tables\]"):
        read_source(pets / "t.parquet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; wanted a header with path and label"),
        ("id,label\n1,cats\n", "has the columns 'id', 'label' and none for path; name the columns path and label"),
        ("a,b\n", "none for path and label"),
        ("path,label,split\na,b,train\nc,d,\n", "1 of 2 rows have no split; fill the split column in every row"),
        ("path,label,split\na,b,train\nc,d,spare\n", "the split column says 'spare'; wanted train"),
        ("path,label,split\na,b,val\nc,d,test\n", "validation and test are given without train"),
        ("path,label\n", "has no class with photos; wanted"),
        ("path,label\na.png,b\n", r"class 'b' has no usable photo \(skipped: 1 missing file\)"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_source(tmp_path / "t.csv")


def test_a_table_that_is_not_text(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"path,label\n\x80\x81\x8d\xff,1\n")
    with pytest.raises(DataError, match=r"has text that is not UTF-8 .*say which it is with --encoding"):
        read_source(tmp_path / "t.csv")


def test_a_table_that_a_spreadsheet_saved_is_read_with_a_note(pets):
    (pets / "t.csv").write_bytes(lines("path;label", *rows_of_pets(";")).replace(";cats", ";Löwen").encode("cp1252"))
    samples = read_source(pets / "t.csv")
    assert samples.classes == ("dogs", "Löwen")
    assert any("t.csv is not UTF-8 and was read as cp1252" in note for note in samples.ledger.notes)


def test_a_table_in_an_encoding_that_is_given_or_marked(pets):
    text = lines("path\tlabel", *rows_of_pets("\t")).replace("\tcats", "\t貓")
    (pets / "big.csv").write_bytes(text.encode("big5"))
    (pets / "wide.csv").write_text(text, "utf-16")
    assert read_source(pets / "big.csv", options=DataSettings(encoding="big5")).classes == ("dogs", "貓")
    assert read_source(pets / "wide.csv").classes == ("dogs", "貓")
    with pytest.raises(DataError, match=r"may be .*big5: '貓'.*say which it is with --encoding"):
        read_source(pets / "big.csv")
    with pytest.raises(SettingError, match="encoding 'klingon' is not known; wanted"):
        read_source(pets / "big.csv", options=DataSettings(encoding="klingon"))


@pytest.mark.parametrize("second", [None, 15])
def test_a_stray_quotation_mark_costs_its_own_row_only(pets, second):
    rows = rows_of_pets()
    rows[4] = '"' + rows[4]
    if second:
        rows[second] = rows[second].replace(",", '",')  # a cell of all that lies between, for a reader of CSV
    (pets / "t.csv").write_text(lines("path,label", *rows))
    samples = read_source(pets / "t.csv")
    aside = {entry.name: entry.reason for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED}
    assert len(samples.ledger.entries) == len(rows)
    assert aside.pop("cats/4.png") == "a quotation mark that is not closed (line 6); remove it or close it"
    assert aside == ({'dogs/5.png"': "missing file"} if second else {})


def test_a_stray_mark_in_a_column_of_text_costs_its_own_row_only(pets):
    rows = [f"{row},fine, I think" if i % 2 else f'{row},"a note, quoted",' for i, row in enumerate(rows_of_pets())]
    rows[3] = 'cats/3.png,cats,"not closed,'
    rows[12] = 'dogs/2.png,dogs,and one more",'
    (pets / "t.csv").write_text(lines("path,label,note,more", *rows))
    samples = read_source(pets / "t.csv")
    assert len(samples.ledger.entries) == len(rows)
    assert [entry.name for entry in samples.ledger.entries if entry.reason] == ["cats/3.png"]


def test_quoted_cells_run_over_lines(pets):
    rows = [f'{row},"first line\nsecond, with a comma\n\nand ""quotes"""' for row in rows_of_pets()]
    (pets / "t.csv").write_text(lines("path,label,note", *rows).replace(",dogs", ',"dogs\nof ours"'))
    samples = read_source(pets / "t.csv")
    assert len(samples) == len(samples.ledger.entries) == 20
    assert samples.classes == ("cats", "dogs\nof ours")


def test_lines_that_end_in_a_carriage_return_and_a_named_separator(pets):
    (pets / "old.csv").write_bytes(lines("path,label", *rows_of_pets()).replace("\n", "\r").encode())
    (pets / "excel.csv").write_text(lines("sep=;", "path;label;note, free, text", *rows_of_pets(";")))
    assert len(read_source(pets / "old.csv")) == len(read_source(pets / "excel.csv")) == 20


def test_a_semicolon_separates_though_the_header_has_as_many_commas(pets):
    (pets / "t.csv").write_text(lines("path;label;note, free, text", *rows_of_pets(";")))
    assert read_source(pets / "t.csv").classes == ("cats", "dogs")


def test_one_path_that_no_system_can_hold_is_one_line_of_the_ledger(pets):
    long = "C:\\Users\\研究\\" + "\\".join(["昆虫照片資料夾"] * 15) + "\\1.jpg"
    endless = "x" * 200_000 + ".jpg"
    (pets / "t.csv").write_text(lines("path,label", *rows_of_pets(), f"{long},cats"), "utf-8")
    samples = read_source(pets / "t.csv")
    assert len(samples) == 20
    parquet.write_table(
        pa.table({"path": [*(f"cats/{i}.png" for i in range(10)), endless], "label": ["a"] * 11}), pets / "t.parquet"
    )
    ledger = read_source(pets / "t.parquet", strict=False).ledger
    (bad,) = (entry for entry in ledger.entries if entry.reason)
    assert len(ledger.entries) == 11
    assert len(bad.name) < 1100
    assert len(bad.reason) <= 300


def test_a_cell_of_parquet_that_is_no_text_is_one_line_of_the_ledger(pets):
    paths = pa.array([f"cats/{i}.png".encode() for i in range(10)] + [b"cats/\xe0.png"])
    labels = pa.array([b"a"] * 9 + [b"\xff\xfe", b"a"])
    table = {"path": paths.view(pa.string()), "label": labels.view(pa.string())}
    parquet.write_table(pa.table(table), pets / "t.parquet")
    ledger = read_source(pets / "t.parquet", strict=False).ledger
    assert len(ledger.entries) == 11
    assert sum("is a bytes; wanted text" in entry.reason for entry in ledger.entries) == 2


def hub_table(pets, names=None, each=10):
    """A table as the Hugging Face hub keeps one: photos in it, labels as numbers, names in the metadata."""
    photos = [pets / f"{name}/{i}.png" for name in ("cats", "dogs") for i in range(each)]
    cells = [{"bytes": photo.read_bytes(), "path": photo.name} for photo in photos]
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(cells, image), "label": pa.array([0] * each + [1] * each)})
    if names:
        features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    return table


def test_photos_in_a_parquet_table_are_read_with_the_names_of_their_classes(pets, tmp_path):
    parquet.write_table(hub_table(pets, ["a cat", "a dog"]), tmp_path / "t.parquet", row_group_size=7)
    samples = read_source(tmp_path / "t.parquet", cache=tmp_path / "cache")
    assert samples.classes == ("a cat", "a dog")
    assert len(samples) == 20
    by_content = {(sample.source.read(), samples.classes[sample.target]) for sample in samples.samples}
    assert by_content == {
        ((pets / f"{name}/{i}.png").read_bytes(), label)
        for name, label in (("cats", "a cat"), ("dogs", "a dog"))
        for i in range(10)
    }
    assert "0.png" in {sample.name for sample in samples.samples}  # dogs' is "0.png (row 11)"
    again = read_source(tmp_path / "t.parquet", cache=tmp_path / "cache")
    assert again.samples == samples.samples


def test_a_folder_of_tables_in_parts(pets, tmp_path):
    table = hub_table(pets, ["cat", "dog"])
    data = tmp_path / "hub" / "data"
    data.mkdir(parents=True)
    (tmp_path / "hub" / "README.md").write_text("cats and dogs")
    parquet.write_table(pa.concat_tables([table[:6], table[10:16]]), data / "train-00000-of-00002.parquet")
    parquet.write_table(pa.concat_tables([table[6:8], table[16:18]]), data / "train-00001-of-00002.parquet")
    parquet.write_table(pa.concat_tables([table[8:10], table[18:]]), data / "test-00000-of-00001.parquet")
    samples = read_source(tmp_path / "hub", cache=tmp_path / "cache")
    assert samples.classes == ("cat", "dog")
    assert Counter(sample.subset for sample in samples.samples) == {Subset.TRAIN: 16, Subset.TEST: 4}
    assert "data/train-00001-of-00002.parquet/6.png" in {sample.name for sample in samples.samples}
    assert len({sample.name for sample in samples.samples}) == 20
    assert samples.ledger.notes[0] == "3 Parquet tables are read"
    one = read_source(data / "train-00000-of-00002.parquet", cache=tmp_path / "cache")
    assert any("1 more tables of this set lie beside it" in note for note in one.ledger.notes)
    parquet.write_table(table, data / "more.parquet")
    with pytest.raises(DataError, match=r"has Parquet tables of parts and others \('more.parquet'\); wanted names"):
        read_source(tmp_path / "hub", cache=tmp_path / "cache")


def test_tables_in_folders_called_after_parts(pets, tmp_path):
    table = hub_table(pets)
    for part, rows in (("train", [0, 1, 2, 10, 11, 12]), ("validation", [3, 13]), ("test", [4, 5, 14, 15])):
        (tmp_path / "hub" / "default" / part).mkdir(parents=True)
        parquet.write_table(table.take(rows), tmp_path / "hub" / "default" / part / "0000.parquet")
    samples = read_source(tmp_path / "hub", cache=tmp_path / "cache")
    assert Counter(sample.subset for sample in samples.samples) == {
        Subset.TRAIN: 6,
        Subset.VALIDATION: 2,
        Subset.TEST: 4,
    }


def test_one_bad_row_of_photos_is_one_line_of_the_ledger(pets, tmp_path):
    good = hub_table(pets, ["cat", "dog"])
    cells = [
        {"bytes": None, "path": None},
        {"bytes": b"no photo", "path": "odd.png"},
        {"bytes": None, "path": "cats/0.png"},
    ]
    odd = pa.table({"image": pa.array(cells, good.schema.field("image").type), "label": pa.array([0, 1, -1])})
    parquet.write_table(pa.concat_tables([good, odd.cast(good.schema)]), pets / "t.parquet")
    samples = read_source(pets / "t.parquet", cache=tmp_path / "cache")
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert len(samples.ledger.entries) == 23
    assert reasons.pop("odd.png")
    assert reasons == {
        "row (row 21)": "empty path",
        "cats/0.png": "label -1 has no name: the table names 2 classes",
    }


def test_bytes_alone_are_photos_too_and_lists_of_structures_are_no_labels(pets, tmp_path):
    bytes_ = [(pets / f"cats/{i}.png").read_bytes() for i in range(10)]
    parquet.write_table(pa.table({"image": bytes_, "label": ["a", "b"] * 5}), tmp_path / "t.parquet")
    assert len(read_source(tmp_path / "t.parquet", cache=tmp_path / "cache")) == 10
    parquet.write_table(pa.table({"image": bytes_, "label": [["a"], ["b"]] * 5}), tmp_path / "u.parquet")
    entries = read_source(tmp_path / "u.parquet", cache=tmp_path / "cache", strict=False).ledger.entries
    assert {entry.reason for entry in entries} == {""}, "a list of one is that"
    parquet.write_table(pa.table({"image": bytes_, "label": [[{"a": 1}], [{"a": 2}]] * 5}), tmp_path / "v.parquet")
    entries = read_source(tmp_path / "v.parquet", cache=tmp_path / "cache", strict=False).ledger.entries
    assert {entry.reason for entry in entries} == {"its label is a list; wanted text or a number"}


def test_photos_of_a_table_are_written_in_batches_of_bounded_memory(pets, tmp_path, monkeypatch):
    from headstart.data.readers.tables import parquet as reader

    monkeypatch.setattr(reader, "BATCH_OF_ITEMS", 3)
    monkeypatch.setattr(reader, "BATCH", 4)
    monkeypatch.setattr(reader, "IN_A_FOLDER", 6)
    parquet.write_table(hub_table(pets), tmp_path / "t.parquet")
    samples = read_source(tmp_path / "t.parquet", cache=tmp_path / "cache")
    assert samples.classes == ("0", "1")
    assert [entry.reason for entry in samples.ledger.entries] == [""] * 20


def test_ids_without_an_ending_and_photos_in_another_folder_are_found(pets):
    rows = [row.replace(".png", "").replace("/", "\\") for row in rows_of_pets()]
    (pets / "ids.csv").write_text(lines("image_id,label", *rows))
    samples = read_source(pets / "ids.csv")
    assert len(samples) == 20
    assert "20 photos were found by their names, such as 'cats/0.png' for 'cats\\\\0'" in samples.ledger.notes
    (pets / "cats/only.png").write_bytes((pets / "cats/0.png").read_bytes() + b"more")
    (pets / "t.csv").write_text(
        lines("path,label", *rows_of_pets(), "E:\\data\\Only.PNG,cats", "0.png,cats", "none.png,cats")
    )
    samples = read_source(pets / "t.csv")
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert len(samples) == 21
    assert reasons == {
        "0.png": "missing file; it may be one of 2: 'cats/0.png', 'dogs/0.png'",
        "none.png": "missing file",
    }
    assert any(
        f"2 paths lead to no file; they were looked for in {str(pets)!r}, which has 21 photos" in note
        for note in samples.ledger.notes
    )


def test_two_columns_of_one_name_are_noted(pets):
    (pets / "t.csv").write_text(lines("path,label,Label", *(f"{row},x" for row in rows_of_pets())))
    samples = read_source(pets / "t.csv")
    assert samples.classes == ("cats", "dogs")
    assert samples.ledger.notes == ("the table has 2 columns called 'label'; the label is read from the first",)


def test_a_table_that_is_not_parquet(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="is not a Parquet file"):
        read_source(tmp_path / "t.parquet")


def test_the_plainest_of_two_columns_is_taken_and_noted(pets):
    (pets / "t.csv").write_text(lines("class_name,path,label", *(f"x,{row}" for row in rows_of_pets())))
    samples = read_source(pets / "t.csv")
    assert samples.classes == ("cats", "dogs")
    assert samples.ledger.notes == ("the label is read from column 'label', not from 'class_name'",)


@pytest.mark.parametrize(
    ("cats", "dogs", "noted"),
    [
        ("Ant", "ant", "'Ant' and 'ant'"),
        ("0", "0.0", "'0' and '0.0'"),
        ("1", "01", "'01' and '1'"),
        ("True", "TRUE", "'TRUE' and 'True'"),
        ("red fox", "red_fox", "'red fox' and 'red_fox'"),
        ("1", "10", ""),
        ("-1", "1", ""),
        ("1.5", "15", ""),
    ],
)
def test_classes_that_may_be_one_are_noted(pets, cats, dogs, noted):
    rows = [row.replace(",cats", f",{cats}").replace(",dogs", f",{dogs}") for row in rows_of_pets()]
    (pets / "t.csv").write_text(lines("path,label", *rows))
    samples = read_source(pets / "t.csv")
    assert len(samples.classes) == 2
    assert any(f"classes that may be one are kept apart: {noted}" in note for note in samples.ledger.notes) == bool(
        noted
    )


def test_a_header_in_the_middle_is_no_photo(pets):
    rows = rows_of_pets()
    (pets / "t.csv").write_text(lines("path,label", *rows[:7], "path,label", *rows[7:]))
    samples = read_source(pets / "t.csv")
    assert samples.classes == ("cats", "dogs")
    assert [(entry.name, entry.reason) for entry in samples.ledger.entries if entry.reason] == [
        ("path", "the header again")
    ]


@pytest.mark.parametrize("start", ["", "data:image/png;base64,"])
def test_photos_as_text_in_cells_are_said_in_a_short_line(pets, start):
    cells = [start + base64.b64encode(bytes(range(256)) * 4).decode() for _ in range(4)]
    table = pets / "t.csv"
    table.write_text("label,image\n" + "".join(f'{"ab"[at % 2]},"{cell}"\n' for at, cell in enumerate(cells)), "utf-8")
    with pytest.raises(DataError, match="the cells of column 'image' are photos as base64 text") as caught:
        read_source(table)
    assert len(str(caught.value)) < 600


def test_one_photo_as_text_among_paths_has_a_short_line(pets):
    long = base64.b64encode(bytes(range(256)) * 40).decode()
    table = pets / "t.csv"
    names = sorted(path.relative_to(pets).as_posix() for path in pets.rglob("*.png"))
    rows = [f"{name},{name.split('/')[0]}" for name in names]
    table.write_text("\n".join(["path,label", *rows, f"{long},cats"]) + "\n", "utf-8")
    (entry,) = [one for one in read_source(table).ledger.entries if one.reason]
    assert (len(entry.name) < 20, "base64 text in the cell" in entry.reason) == (True, True)
