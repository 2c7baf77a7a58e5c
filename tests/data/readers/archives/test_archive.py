import errno
import io
import stat
import struct
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.readers.archives import unpacking
from headstart.data.readers.byte_ranges import RangeSource
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, SettingError, StoreError


def pack(folder: Path, archive: Path, top: str = "") -> Path:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as out:
            for path in files:
                out.write(path, top + path.relative_to(folder).as_posix())
        return archive
    mode = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}[archive.suffix]
    with tarfile.open(archive, mode) as out:
        for path in files:
            out.add(path, top + path.relative_to(folder).as_posix())
    return archive


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"])
def test_every_kind_is_read_like_the_folder(pets, cache, tmp_path, ending):
    (tmp_path / "in").mkdir()
    samples = read_source(pack(pets, tmp_path / f"in/pets{ending}", "wrapped/twice/"), cache=cache)
    assert [sample.id for sample in samples.samples] == [sample.id for sample in read_source(pets).samples]
    assert samples.root.endswith(f"pets{ending}")
    assert [path.name for path in (tmp_path / "in").iterdir()] == [f"pets{ending}"]


def test_it_is_unpacked_once_and_by_content(pets, cache, tmp_path):
    archive = pack(pets, tmp_path / "pets.tar.gz")
    read_source(archive, cache=cache)
    (unpacked,) = [path for path in cache.iterdir() if path.is_dir()]
    marker = unpacked / "cats/0.png"
    before = marker.stat().st_mtime_ns
    archive.rename(tmp_path / "renamed.tar.gz")
    read_source(tmp_path / "renamed.tar.gz", cache=cache)
    assert marker.stat().st_mtime_ns == before
    assert [path for path in cache.iterdir() if path.is_dir()] == [unpacked]


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_items_that_are_not_compressed_are_read_in_the_archive(pets, cache, tmp_path, ending):
    rows = [f"{name}/{i}.png,{name[:-1]}" for name in ("cats", "dogs") for i in range(10)]
    (pets / "labels.csv").write_text("\n".join(["path,label", *rows]))
    archive = pack(pets, tmp_path / f"pets{ending}", "wrapped/")
    for _ in range(2):
        samples = read_source(archive, cache=cache)
        assert samples.classes == ("cat", "dog")
        for sample in samples.samples:
            assert isinstance(sample.source, RangeSource)
            assert sample.source.path == archive
            assert sample.source.uri.endswith(f"pets{ending}#wrapped/{sample.name}")
            assert sample.source.read() == (pets / sample.name).read_bytes()
    assert sum(path.stat().st_size for path in cache.rglob("*.png")) == 0


def test_some_items_of_a_zip_are_compressed(pets, cache, tmp_path):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as out:
        for at, path in enumerate(sorted(pets.glob("*/*.png"))):
            kind = zipfile.ZIP_DEFLATED if at % 2 else zipfile.ZIP_STORED
            out.write(path, path.relative_to(pets), kind)
    samples = read_source(tmp_path / "pets.zip", cache=cache)
    assert Counter(type(sample.source).__name__ for sample in samples.samples) == {"RangeSource": 10, "FileSource": 10}
    assert [sample.id for sample in samples.samples] == [sample.id for sample in read_source(pets).samples]


def test_a_photo_that_is_damaged_in_a_zip_has_its_line(pets, cache, tmp_path):
    archive = pack(pets, tmp_path / "pets.zip")
    content = bytearray(archive.read_bytes())
    content[content.find((pets / "dogs/3.png").read_bytes()) + 40] ^= 255
    archive.write_bytes(content)
    samples = read_source(archive, cache=cache)
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert reasons == {"dogs/3.png": "unreadable: its checksum in 'pets.zip' is wrong"}


def test_without_a_cache_it_goes_to_the_store(pets, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_STORE", str(tmp_path / "store"))
    read_source(pack(pets, tmp_path / "pets.zip"))
    assert any((tmp_path / "store/archives").iterdir())


def test_what_a_killed_run_left_is_replaced(pets, cache, tmp_path):
    archive = pack(pets, tmp_path / "pets.zip")
    target = unpacking.unpack(archive, cache).folder
    target.rename(target.with_suffix(".partial"))
    (target.with_suffix(".partial") / "cats/rubbish.png").write_bytes(b"half")
    assert unpacking.unpack(archive, cache).folder == target
    assert not (target / "cats/rubbish.png").exists()


def test_a_table_in_an_archive_is_read_where_it_goes_with_the_folders(pets, cache, tmp_path):
    rows = [f"{name}/{i}.png,{name[:-1]}" for name in ("cats", "dogs") for i in range(10)]
    (pets / "labels.csv").write_text("\n".join(["path,label", *rows]))
    samples = read_source(pack(pets, tmp_path / "pets.zip"), cache=cache)
    assert samples.classes == ("cat", "dog")
    assert samples.ledger.notes == ("the labels come from 'labels.csv' in the archive",)


@pytest.mark.parametrize("ending", [".zip", ".tar"])
@pytest.mark.parametrize(
    ("table", "row", "numbers", "said"),
    [
        ("labels.csv", "{place},odd{odd}", range(20), "can be read in two ways: its folders say 2 classes"),
        ("info.csv", "{place},street{odd}", range(20), "can be read in two ways: its folders say 2 classes"),
        ("labels_checked.csv", "{place},odd{odd}", range(7), "'labels_checked.csv': its column 'label' has 2 values"),
    ],
)
def test_folders_and_a_table_that_disagree_are_asked_about(pets, cache, tmp_path, ending, table, row, numbers, said):
    places = [f"{name}/{i}.png" for name in ("cats", "dogs") for i in range(10)]
    rows = [row.format(place=places[number], odd=number % 2) for number in numbers]
    (pets / table).write_text("\n".join(["path,label", *rows]))
    archive = pack(pets, tmp_path / f"pets{ending}")
    with pytest.raises(DataError, match=said) as caught:
        read_source(archive, cache=cache)
    assert "--classes-from folder" in str(caught.value)
    assert "--classes-from table" in str(caught.value)
    by_folders = read_source(archive, cache=cache, options=DataSettings.model_validate({"classes_from": "folder"}))
    assert by_folders.classes == ("cats", "dogs")
    assert len(by_folders) == 20
    by_table = read_source(archive, cache=cache, options=DataSettings.model_validate({"classes_from": "table"}))
    assert len(by_table) == len(rows)


@pytest.mark.parametrize(("table", "header", "row"), [("exclude.csv", "file,reason", "{place},blur")])
def test_a_small_table_in_an_archive_takes_no_photos_away(pets, cache, tmp_path, table, header, row):
    (pets / table).write_text("\n".join([header, *(row.format(place=f"cats/{i}.png") for i in range(6))]))
    samples = read_source(pack(pets, tmp_path / "pets.zip"), cache=cache)
    assert len(samples) == 20
    assert samples.classes == ("cats", "dogs")


def test_photos_in_an_archive_that_no_row_names_are_counted(plant, cache, tmp_path):
    plant(tmp_path / "set", *(f"images/{i}.png" for i in range(10)))
    (tmp_path / "set/labels.csv").write_text(
        "path,label\n" + "".join(f"images/{i}.png,{'odd' if i % 2 else 'even'}\n" for i in range(8))
    )
    samples = read_source(pack(tmp_path / "set", tmp_path / "set.zip"), cache=cache)
    left = {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason}
    assert left == {f"images/{i}.png": "in no row of the table" for i in (8, 9)}
    assert "2 photos in no row of a table, such as 'images/8.png', left out: no label" in samples.ledger.notes


def test_a_table_about_other_things_is_not_taken(pets, cache, tmp_path):
    (pets / "labels.csv").write_text("path,label\nnowhere.png,a\n")
    assert read_source(pack(pets, tmp_path / "pets.zip"), cache=cache).classes == ("cats", "dogs")


def test_arrays_in_an_archive(cache, tmp_path):
    (tmp_path / "in").mkdir()
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "in/all.npz", x=images, y=np.array([0, 1] * 3))
    assert len(read_source(pack(tmp_path / "in", tmp_path / "all.zip"), cache=cache)) == 6


def test_backslashes_of_old_packers(draw, cache, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        for i, name in enumerate(("a", "b") * 3):
            out.writestr(zipfile.ZipInfo(f"{name}\\{i}.png"), draw(i))
        out.writestr(zipfile.ZipInfo("b\\"), b"")
    assert read_source(tmp_path / "a.zip", cache=cache).classes == ("a", "b")


@pytest.mark.parametrize("name", ["../out.png", "a/../../out.png", "/out.png", "..\\out.png", "C:\\out.png"])
@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_no_member_leaves_the_target(cache, tmp_path, name, ending):
    archive = tmp_path / f"evil{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(archive, "w") as out:
            out.writestr(name, b"x")
    else:
        with tarfile.open(archive, "w") as out:
            out.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(DataError, match="would leave the folder it is unpacked into"):
        read_source(archive, cache=cache)
    assert [path.name for path in cache.iterdir() if path.suffix != ".lock"] == []
    assert not list(tmp_path.rglob("out.png"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(cache, tmp_path, kind):
    member = tarfile.TarInfo("a/link.png")
    member.type, member.linkname = kind, "/etc/hostname"
    with tarfile.open(tmp_path / "a.tar", "w") as out:
        out.addfile(member)
    with pytest.raises(DataError, match=r"'a/link.png' is a link or a device; wanted files and folders only"):
        read_source(tmp_path / "a.tar", cache=cache)


def test_links_in_a_zip_are_refused(cache, tmp_path):
    member = zipfile.ZipInfo("a/link.png")
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr(member, "/etc/hostname")
    with pytest.raises(DataError, match="is a link or a device"):
        read_source(tmp_path / "a.zip", cache=cache)


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_MEMBERS", 5, "it has more than 5 members"),
        ("MAX_TOTAL", 1000, "it unpacks to more than 1e-06 GB"),
    ],
)
def test_limits(pets, cache, tmp_path, monkeypatch, limit, value, message):
    monkeypatch.setattr(unpacking, limit, value)
    with pytest.raises(DataError, match=message):
        read_source(pack(pets, tmp_path / "a.zip"), cache=cache)


@pytest.mark.parametrize("ending", [".zip", ".tar.xz"])
def test_bombs(cache, tmp_path, monkeypatch, ending):
    monkeypatch.setattr(unpacking, "RATIO_FROM", 1_000_000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/zeros.bin").write_bytes(bytes(20_000_000))
    archive = tmp_path / f"bomb{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
            out.write(tmp_path / "in/zeros.bin", "zeros.bin")
    else:
        pack(tmp_path / "in", archive)
    with pytest.raises(DataError, match="as a bomb would; unpack it yourself if you trust it"):
        read_source(archive, cache=cache)


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_damage_is_an_error_and_leaves_nothing(pets, cache, tmp_path, ending):
    archive = pack(pets, tmp_path / f"pets{ending}")
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2 + 100])
    with pytest.raises(DataError, match=r"is damaged|cannot be unpacked"):
        read_source(archive, cache=cache)
    assert [path.name for path in cache.iterdir() if path.suffix != ".lock"] == []


def test_a_zip_of_a_later_version_is_refused(pets, cache, tmp_path):
    archive = pack(pets, tmp_path / "pets.zip")
    content = archive.read_bytes()
    at = content.index(b"PK\1\2")
    archive.write_bytes(content[: at + 6] + b"\xff\x00" + content[at + 8 :])
    with pytest.raises(DataError, match=r"zip file version 25\.5"):
        read_source(archive, cache=cache)


def test_what_is_no_archive(cache, tmp_path):
    (tmp_path / "a.zip").write_text("hello")
    with pytest.raises(DataError, match="is damaged: File is not a zip file; fetch or pack it again"):
        read_source(tmp_path / "a.zip", cache=cache)


class Named(zipfile.ZipInfo):
    """A member whose name is in an encoding of its own, without the flag that says UTF-8."""

    encoding = "cp437"

    def _encodeFilenameFlags(self):
        return self.filename.encode(self.encoding), self.flag_bits & ~0x800


def pack_as(encoding: str, names: dict[str, str], folder: Path, archive: Path) -> Path:
    """An archive with the folders called otherwise, in an encoding."""
    if archive.suffix == ".tar":
        with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT, encoding=encoding) as out:
            for path in sorted(folder.glob("*/*")):
                out.add(path, f"{names[path.parent.name]}/{path.name}")
        return archive
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted(folder.glob("*/*")):
            info = Named(f"{names[path.parent.name]}/{path.name}")
            info.encoding = encoding
            out.writestr(info, path.read_bytes())
    return archive


@pytest.mark.parametrize("ending", [".zip", ".tar"])
@pytest.mark.parametrize(
    ("encoding", "cats", "dogs"),
    [
        ("cp1252", "Löwen", "étoilées"),
        ("shift_jis", "アリ", "ハチ"),
        ("gb18030", "昆虫照片", "正常肺炎"),
        ("utf-8", "猫", "狗"),
        ("cp866", "кошки", "собаки"),
    ],
)
def test_names_in_another_encoding_are_read_with_a_note(pets, cache, tmp_path, ending, encoding, cats, dogs):
    archive = pack_as(encoding, {"cats": cats, "dogs": dogs}, pets, tmp_path / f"pets{ending}")
    for _ in range(2):  # unpacked now, and known from then
        samples = read_source(archive, cache=cache)
        assert set(samples.classes) == {cats, dogs}
        assert len(samples) == 20
        noted = f"names that are not UTF-8 and were read as {encoding}; where they look wrong"
        assert any(noted in note for note in samples.ledger.notes) == (encoding != "utf-8")


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_names_that_two_encodings_could_mean_are_asked_for(pets, cache, tmp_path, ending):
    archive = pack_as("gb18030", {"cats": "猫", "dogs": "白色"}, pets, tmp_path / f"pets{ending}")
    with pytest.raises(
        DataError, match=r"pets.* has text that is not UTF-8 and may be .*'白色'.*say which it is with --encoding"
    ):
        read_source(archive, cache=cache)
    assert set(read_source(archive, cache=cache, options=DataSettings(encoding="gbk")).classes) == {"猫", "白色"}
    assert set(read_source(archive, cache=cache, options=DataSettings(encoding="GB18030")).classes) == {"猫", "白色"}
    with pytest.raises(SettingError, match="encoding 'gkb' is not known"):
        read_source(archive, cache=cache, options=DataSettings(encoding="gkb"))
    with pytest.raises(DataError, match="has a name that is no ascii: "):
        read_source(archive, cache=cache, options=DataSettings(encoding="ascii"))


def test_names_of_files_alone_ask_nothing(pets, cache, tmp_path):
    (pets / "cats" / "1.png").rename(pets / "cats" / "x.png")
    archive = tmp_path / "pets.tar"
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as out:
        for path in sorted(pets.glob("*/*")):
            out.add(path, f"{path.parent.name}/{path.name.replace('x', '°±')}")
    samples = read_source(archive, cache=cache)
    assert len(samples) == 20
    assert samples.classes == ("cats", "dogs")
    assert "pets.tar has names of files that are not UTF-8; they are shown with escapes" in samples.ledger.notes


def test_a_unicode_name_in_an_extra_field_counts(pets, cache, tmp_path):
    archive = tmp_path / "pets.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted(pets.glob("*/*")):
            name = f"{'猫' if path.parent.name == 'cats' else '狗'}/{path.name}".encode()
            info = Named(f"{path.parent.name[0]}?/{path.name}")
            raw = info.filename.encode("cp437")
            info.extra = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, zipfile.crc32(raw)) + name
            out.writestr(info, path.read_bytes())
    assert set(read_source(archive, cache=cache).classes) == {"猫", "狗"}


@pytest.mark.parametrize(("method", "name"), [(9, "Deflate64"), (98, "PPMd"), (77, "method 77")])
def test_methods_that_are_not_read_are_named(pets, cache, tmp_path, method, name):
    archive = pack(pets, tmp_path / "pets.zip")
    content = bytearray(archive.read_bytes())
    for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        at = content.find(mark)
        while at >= 0:
            content[at + place : at + place + 2] = struct.pack("<H", method)
            at = content.find(mark, at + 4)
    archive.write_bytes(content)
    told = rf"pets.zip' is packed by a method that is not read \({name}\); unpack it and give the folder"
    with pytest.raises(DataError, match=told):
        read_source(archive, cache=cache)


def test_a_full_store_is_said_as_that(pets, cache, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    archive = pack(pets, tmp_path / "pets.tar.gz")
    monkeypatch.setattr(unpacking.shutil, "copyfileobj", full)
    with pytest.raises(StoreError, match=r"no space left in the store for what 'pets.tar.gz' unpacks to; free some"):
        read_source(archive, cache=cache)
    assert not [path for path in cache.iterdir() if path.is_dir()]


def test_names_of_one_letter_that_are_utf_8_by_chance_are_asked_for(pets, cache, tmp_path):
    archive = pack_as("gb18030", {"cats": "猫", "dogs": "dogs"}, pets, tmp_path / "pets.zip")
    with pytest.raises(DataError, match=r"may be .*'猫'.*say which it is with --encoding"):
        read_source(archive, cache=cache)
    for encoding, name in (("gbk", "猫"), ("utf-8", "è")):
        assert set(read_source(archive, cache=cache, options=DataSettings(encoding=encoding)).classes) == {name, "dogs"}


def test_all_names_of_an_archive_count_those_that_are_utf_8_by_chance_too(pets, cache, tmp_path):
    archive = pack_as("gb18030", {"cats": "猫", "dogs": "狗"}, pets, tmp_path / "pets.zip")
    with pytest.raises(DataError, match=r"may be .*gb18030: '狗', '猫'.*say which it is with --encoding"):
        read_source(archive, cache=cache)
    assert set(read_source(archive, cache=cache, options=DataSettings(encoding="gbk")).classes) == {"猫", "狗"}
