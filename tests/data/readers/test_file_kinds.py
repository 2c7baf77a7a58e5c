import gzip
import shutil
import zipfile

import pytest

from headstart.data.read import read_source
from headstart.data.readers.file_kinds import TAR, ZIP, find_archive_kind, is_parquet, is_text
from headstart_runtime.errors import DataError

FORMATS = {"zip": ZIP, "tar": TAR, "gztar": TAR, "bztar": TAR, "xztar": TAR}


def _read(source):
    return read_source(source, strict=False)


def _write_workbook(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return path


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["photos", "photos.jpg", "photos.csv", "photos.zip", "photos.tar.gz"])
def test_an_archive_is_read_by_its_bytes(tmp_path, pets, form, name):
    shutil.copy(shutil.make_archive(str(tmp_path / "packed"), form, pets), tmp_path / name)
    assert find_archive_kind(tmp_path / name) == FORMATS[form]
    samples = _read(tmp_path / name)
    assert (len(samples), samples.classes) == (20, ("cats", "dogs"))


@pytest.mark.parametrize("name", ["labels", "labels.dat", "labels.tsv", "labels.zip", "labels.npz", "labels.txt"])
def test_a_table_is_read_by_its_bytes(tmp_path, pets, name):
    rows = "".join(f"pets/{label}/{i}.png,{label}\n" for label in ("cats", "dogs") for i in range(10))
    (tmp_path / name).write_text("path,label\n" + rows)
    samples = _read(tmp_path / name)
    assert (len(samples), samples.classes) == (20, ("cats", "dogs"))


def test_a_table_without_a_header_and_without_an_ending(tmp_path, pets):
    rows = "".join(f"pets/{label}/{i}.png {label}\n" for label in ("cats", "dogs") for i in range(10))
    (tmp_path / "labels").write_text(rows)
    assert len(_read(tmp_path / "labels")) == 20


def test_parquet_without_its_ending(tmp_path, pets):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    paths = [f"pets/{label}/{i}.png" for label in ("cats", "dogs") for i in range(10)]
    table = pyarrow.table({"path": paths, "label": [path.split("/")[1] for path in paths]})
    for name in ("labels", "labels.csv"):
        parquet.write_table(table, tmp_path / name)
        assert is_parquet(tmp_path / name)
        assert len(_read(tmp_path / name)) == 20


def test_what_nothing_reads_is_named(tmp_path, pets):
    (tmp_path / "a.rar").write_bytes(b"Rar!\x1a\7\0" + bytes(50))
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(50))
    (tmp_path / "labels.csv.gz").write_bytes(gzip.compress(b"path,label\n"))
    (tmp_path / "notes.bin").write_bytes(b"\1\2\3\4")
    says = {
        "a.rar": "is a RAR archive, which is not read; unpack it and give the folder",
        "a.7z": "is a 7z archive, which is not read; unpack it",
        "labels.csv.gz": r"is packed with gzip; unpack it \(gunzip\)",
        _write_workbook(tmp_path / "labels.xlsx").name: "is a workbook of Excel; save the table as CSV",
        _write_workbook(tmp_path / "labels.csv").name: "is a workbook of Excel; save the table as CSV",
        "pets/cats/0.png": "is one photo; wanted a folder, a table or an archive of labelled photos",
        "notes.bin": "is a file of no kind that is read",
    }
    for name, message in says.items():
        with pytest.raises(DataError, match=message):
            _read(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"a,b\n", True), (b"\xff\xfea\0", True), ("ä".encode("cp1252"), True), (b"", False), (b"a\0b", False)],
)
def test_text_is_known_by_its_bytes(tmp_path, content, text):
    (tmp_path / "file").write_bytes(content)
    assert is_text(tmp_path / "file") is text
    assert not is_text(tmp_path / "nowhere")
