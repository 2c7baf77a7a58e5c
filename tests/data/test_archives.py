import io
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from headstart.data import archives
from headstart.data.reading import read
from headstart.errors import DataError


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
    samples = read(pack(pets, tmp_path / f"in/pets{ending}", "wrapped/twice/"), cache=cache)
    assert [sample.id for sample in samples.samples] == [sample.id for sample in read(pets).samples]
    assert samples.root.endswith(f"pets{ending}")
    assert [path.name for path in (tmp_path / "in").iterdir()] == [f"pets{ending}"]


def test_it_is_unpacked_once_and_by_content(pets, cache, tmp_path):
    archive = pack(pets, tmp_path / "pets.zip")
    read(archive, cache=cache)
    (unpacked,) = [path for path in cache.iterdir() if path.is_dir()]
    marker = unpacked / "cats/0.png"
    before = marker.stat().st_mtime_ns
    archive.rename(tmp_path / "renamed.zip")
    read(tmp_path / "renamed.zip", cache=cache)
    assert marker.stat().st_mtime_ns == before
    assert [path for path in cache.iterdir() if path.is_dir()] == [unpacked]


def test_without_a_cache_it_goes_to_the_store(pets, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_STORE", str(tmp_path / "store"))
    read(pack(pets, tmp_path / "pets.zip"))
    assert any((tmp_path / "store/archives").iterdir())


def test_what_a_killed_run_left_is_replaced(pets, cache, tmp_path):
    archive = pack(pets, tmp_path / "pets.zip")
    target = archives.unpack(archive, cache)
    target.rename(target.with_suffix(".partial"))
    (target.with_suffix(".partial") / "cats/rubbish.png").write_bytes(b"half")
    assert archives.unpack(archive, cache) == target
    assert not (target / "cats/rubbish.png").exists()


def test_a_table_in_an_archive_is_preferred_where_its_photos_are_there(pets, cache, tmp_path):
    rows = [f"{name}/{i}.png,{'odd' if i % 2 else 'even'}" for name in ("cats", "dogs") for i in range(10)]
    (pets / "labels.csv").write_text("\n".join(["path,label", *rows]))
    samples = read(pack(pets, tmp_path / "pets.zip"), cache=cache)
    assert samples.classes == ("even", "odd")
    assert samples.ledger.notes == ("the labels come from 'labels.csv' in the archive",)


def test_a_table_about_other_things_is_not_taken(pets, cache, tmp_path):
    (pets / "labels.csv").write_text("path,label\nnowhere.png,a\n")
    assert read(pack(pets, tmp_path / "pets.zip"), cache=cache).classes == ("cats", "dogs")


def test_arrays_in_an_archive(cache, tmp_path):
    (tmp_path / "in").mkdir()
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "in/all.npz", x=images, y=np.array([0, 1] * 3))
    assert len(read(pack(tmp_path / "in", tmp_path / "all.zip"), cache=cache)) == 6


def test_backslashes_of_old_packers(draw, cache, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        for i, name in enumerate(("a", "b") * 3):
            out.writestr(zipfile.ZipInfo(f"{name}\\{i}.png"), draw(i))
        out.writestr(zipfile.ZipInfo("b\\"), b"")
    assert read(tmp_path / "a.zip", cache=cache).classes == ("a", "b")


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
        read(archive, cache=cache)
    assert [path.name for path in cache.iterdir() if path.suffix != ".lock"] == []
    assert not list(tmp_path.rglob("out.png"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(cache, tmp_path, kind):
    member = tarfile.TarInfo("a/link.png")
    member.type, member.linkname = kind, "/etc/hostname"
    with tarfile.open(tmp_path / "a.tar", "w") as out:
        out.addfile(member)
    with pytest.raises(DataError, match=r"'a/link.png' is a link or a device; wanted files and folders only"):
        read(tmp_path / "a.tar", cache=cache)


def test_links_in_a_zip_are_refused(cache, tmp_path):
    member = zipfile.ZipInfo("a/link.png")
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr(member, "/etc/hostname")
    with pytest.raises(DataError, match="is a link or a device"):
        read(tmp_path / "a.zip", cache=cache)


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_MEMBERS", 5, "it has more than 5 members"),
        ("MAX_TOTAL", 1000, "it unpacks to more than 1e-06 GB"),
    ],
)
def test_limits(pets, cache, tmp_path, monkeypatch, limit, value, message):
    monkeypatch.setattr(archives, limit, value)
    with pytest.raises(DataError, match=message):
        read(pack(pets, tmp_path / "a.zip"), cache=cache)


@pytest.mark.parametrize("ending", [".zip", ".tar.xz"])
def test_bombs(cache, tmp_path, monkeypatch, ending):
    monkeypatch.setattr(archives, "RATIO_FROM", 1_000_000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/zeros.bin").write_bytes(bytes(20_000_000))
    archive = tmp_path / f"bomb{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
            out.write(tmp_path / "in/zeros.bin", "zeros.bin")
    else:
        pack(tmp_path / "in", archive)
    with pytest.raises(DataError, match="as a bomb would; unpack it yourself if you trust it"):
        read(archive, cache=cache)


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_damage_is_an_error_and_leaves_nothing(pets, cache, tmp_path, ending):
    archive = pack(pets, tmp_path / f"pets{ending}")
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2 + 100])
    with pytest.raises(DataError, match=r"is damaged|cannot be unpacked"):
        read(archive, cache=cache)
    assert [path.name for path in cache.iterdir() if path.suffix != ".lock"] == []


def test_what_is_no_archive(cache, tmp_path):
    (tmp_path / "a.zip").write_text("hello")
    with pytest.raises(DataError, match="is damaged: File is not a zip file; fetch or pack it again"):
        read(tmp_path / "a.zip", cache=cache)
