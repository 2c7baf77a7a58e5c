import io
import shutil
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from headstart.data.decisions import Role
from headstart.data.read import read_source
from headstart.data.readers.byte_ranges import RangeSource
from headstart_runtime.errors import DataError


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "cache"


def pack_classes(folder: Path, draw, names: dict[str, str], inside: str = "") -> Path:
    folder.mkdir()
    for seed, (archive, ending) in enumerate(names.items()):
        with zipfile.ZipFile(folder / f"{archive}{ending}", "w") as out:
            for at in range(6):
                out.writestr(f"{inside}{at}.png", draw(at + 20 * seed))
    return folder


@pytest.mark.parametrize("inside", ["", "photos/"])
def test_an_archive_for_each_class(tmp_path, draw, cache, inside):
    folder = pack_classes(tmp_path / "set", draw, {"Class 1": ".zip", "b": ".zip"}, inside)
    (folder / "README.md").write_text("hello")
    samples = read_source(folder, cache=cache)
    assert Counter(samples.classes[one.target] for one in samples.samples) == {"Class 1": 6, "b": 6}
    assert [entry.name for entry in samples.ledger.entries if entry.reason] == ["README.md"]
    assert sorted(path.name for path in folder.iterdir()) == ["Class 1.zip", "README.md", "b.zip"]


def test_samples_of_teachable_machine(tmp_path, draw, cache):
    folder = pack_classes(tmp_path / "set", draw, {"Class 1-samples": ".zip", "b-samples": ".zip"})
    assert read_source(folder, cache=cache).classes == ("b", "Class 1")


def test_one_archive_in_a_folder(tmp_path, pets, cache):
    (tmp_path / "set").mkdir()
    shutil.make_archive(str(tmp_path / "set/pets"), "zip", pets)
    samples = read_source(tmp_path / "set", cache=cache)
    assert samples.classes == ("cats", "dogs")
    assert samples.ledger.notes[0] == "'pets.zip' is read, the one archive in the folder"


def test_a_wrapper_in_an_archive_is_said(tmp_path, pets, cache):
    packed = shutil.make_archive(str(tmp_path / "pets"), "zip", tmp_path, "pets")
    first = read_source(packed, cache=cache).decisions[0]
    assert (first.place, first.role, first.reason) == ((), Role.WRAPPER, "all is in 'pets'")


def test_parts_and_folders_are_asked_about(tmp_path, pets, draw, cache):
    folder = pack_classes(tmp_path / "a", draw, {"train": ".zip", "test": ".zip"})
    with pytest.raises(DataError, match=r"'test.zip', 'train.zip', which look like parts; unpack them"):
        read_source(folder, cache=cache)
    (tmp_path / "b").mkdir()
    for name in ("one", "two"):
        shutil.make_archive(str(tmp_path / "b" / name), "zip", pets)
    with pytest.raises(DataError, match=r"'one.zip' has the folders 'cats', 'dogs': classes in an archive, or"):
        read_source(tmp_path / "b", cache=cache)


@pytest.mark.parametrize("name", ["project.tm", "pets.download", "pets"])
def test_archives_by_their_bytes(tmp_path, pets, cache, name):
    for kind in ("zip", "tar"):
        packed = shutil.make_archive(str(tmp_path / kind), kind, pets)
        (tmp_path / f"{kind}-{name}").write_bytes(Path(packed).read_bytes())
        assert read_source(tmp_path / f"{kind}-{name}", cache=cache).classes == ("cats", "dogs")


def test_a_tar_that_is_called_a_zip(tmp_path, pets, cache):
    with tarfile.open(tmp_path / "pets.zip", "w") as out:
        out.add(pets, "pets")
    assert read_source(tmp_path / "pets.zip", cache=cache).classes == ("cats", "dogs")


def test_a_project_of_teachable_machine(tmp_path, draw, cache):
    with zipfile.ZipFile(tmp_path / "project.tm", "w") as out:
        for seed, name in enumerate(("Class 1", "tilt")):
            for at in range(6):
                out.writestr(f"{name}-!-{at}.png", draw(at + 20 * seed))
        out.writestr("manifest.json", '{"type": "image"}')
    assert read_source(tmp_path / "project.tm", cache=cache).classes == ("Class 1", "tilt")


def test_a_model_of_teachable_machine_has_no_samples(tmp_path):
    for name in ("metadata.json", "model.json", "weights.bin"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(DataError, match="without its samples; save the project there"):
        read_source(tmp_path)


@pytest.mark.parametrize(("head", "kind"), [(b"Rar!\x1a\x07\x01\x00", "RAR"), (b"7z\xbc\xaf\x27\x1c\x00\x04", "7z")])
def test_archives_that_are_not_read(tmp_path, head, kind):
    for name in (f"photos.{kind.lower()}", "photos.zip"):
        (tmp_path / name).write_bytes(head + bytes(100))
        with pytest.raises(DataError, match=f"is a {kind} archive, which is not read; unpack it"):
            read_source(tmp_path / name)


def pack_tars(folder: Path, draw, inside: str = "") -> list[Path]:
    folder.mkdir()
    for seed, name in enumerate(("n01440764", "n01443537")):
        with tarfile.open(folder / f"{name}.tar", "w") as out:
            for at in range(6):
                add_file(out, f"{inside}{name}_{at}.png", draw(at + 20 * seed))
    return sorted(folder.iterdir())


def add_file(out: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    out.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize("inside", ["", "photos/"])
def test_tars_of_classes_are_read_at_offsets(tmp_path, draw, cache, inside):
    pack_tars(tmp_path / "set", draw, inside)
    samples = read_source(tmp_path / "set", cache=cache)
    assert Counter(samples.describe(one) for one in samples.samples) == {"n01440764": 6, "n01443537": 6}
    for at, sample in enumerate(samples.samples):
        assert isinstance(sample.source, RangeSource)
        assert sample.source.read() == draw(at % 6 + 20 * (at // 6))
    assert not cache.exists()


def test_a_tar_of_tars_is_read_at_offsets(tmp_path, draw, cache):
    tars = pack_tars(tmp_path / "set", draw)
    with tarfile.open(tmp_path / "ILSVRC2012_img_train.tar", "w") as out:
        for tar in tars:
            out.add(tar, f"./{tar.name}")
    samples = read_source(tmp_path / "ILSVRC2012_img_train.tar", cache=cache)
    assert samples.samples[0].name == "n01440764.tar/n01440764_0.png"
    assert Counter(samples.describe(one) for one in samples.samples) == {"n01440764": 6, "n01443537": 6}
    for at, sample in enumerate(samples.samples):
        assert sample.source.read() == draw(at % 6 + 20 * (at // 6))
    assert not cache.exists()


@pytest.mark.parametrize("cut", [700, 200])
def test_a_damaged_tar_of_a_class_is_named(tmp_path, draw, cache, cut):
    first, second = pack_tars(tmp_path / "set", draw)
    with tarfile.open(tmp_path / "all.tar", "w") as out:
        add_file(out, first.name, first.read_bytes())
        add_file(out, second.name, second.read_bytes()[:cut])
    second.write_bytes(second.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"archive '.*n01443537.tar' is damaged: .*; fetch or pack it again"):
        read_source(tmp_path / "set", cache=cache)
    with pytest.raises(DataError, match=r"is damaged: |has the archives .*; unpack it into a folder"):
        read_source(tmp_path / "all.tar", cache=cache)


def test_a_tar_with_links_is_refused_as_any_archive(tmp_path, draw, cache):
    _, second = pack_tars(tmp_path / "set", draw)
    with tarfile.open(second, "a") as out:
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        out.addfile(link)
    with pytest.raises(DataError, match=r"'link.png' is a link or a device"):
        read_source(tmp_path / "set", cache=cache)


def test_tars_of_parts_in_a_tar_are_asked_about(tmp_path, draw, cache):
    first, second = pack_tars(tmp_path / "set", draw)
    with tarfile.open(tmp_path / "all.tar", "w") as out:
        out.add(first, "train.tar")
        out.add(second, "val.tar")
    with pytest.raises(DataError, match=r"'train.tar', 'val.tar', which look like parts; unpack them into folders"):
        read_source(tmp_path / "all.tar", cache=cache)


def pack_part(archive: Path, draw, names: dict[str, int]) -> None:
    with zipfile.ZipFile(archive, "w") as out:
        for name, seed in names.items():
            out.writestr(name, draw(seed))


@pytest.mark.parametrize("name", ["my photos-20231105T101010Z-00{}", "photos-00{}", "photos.part{}"])
def test_parts_of_one_download_are_joined(tmp_path, draw, cache, name):
    for part in (1, 2):
        names = {
            f"my photos/{kind}/{part}{i}.png": 50 * part + 10 * at + i for at, kind in enumerate("ab") for i in range(4)
        }
        pack_part(tmp_path / f"{name.format(part)}.zip", draw, names)
    samples = read_source(tmp_path, cache=cache)
    assert Counter(samples.classes[one.target] for one in samples.samples) == {"a": 8, "b": 8}
    assert any("are parts of one archive and are read together" in note for note in samples.ledger.notes)
    assert all(isinstance(one.source, RangeSource) for one in samples.samples)
    assert len(read_source(tmp_path, cache=cache)) == 16


def test_parts_of_a_download_with_a_class_each_and_two_files_of_one_name(tmp_path, draw, cache):
    pack_part(tmp_path / "drive-download-20231105T101010Z-001.zip", draw, {"a/1.png": 1, "a/2.png": 2, "b/1.png": 9})
    pack_part(tmp_path / "drive-download-20231105T101010Z-002.zip", draw, {"a/1.png": 3, "a/2.png": 2, "b/2.png": 4})
    samples = read_source(tmp_path, cache=cache, strict=False)
    assert Counter(samples.classes[one.target] for one in samples.samples) == {"a": 3, "b": 2}


def test_numbered_archives_of_one_folder_are_classes(tmp_path, draw, cache):
    folder = pack_classes(tmp_path / "set", draw, {"class-1": ".zip", "class-2": ".zip"}, "photos/")
    assert read_source(folder, cache=cache).classes == ("class-1", "class-2")


def test_a_table_beside_the_one_archive_is_asked_for(tmp_path, draw, cache):
    with zipfile.ZipFile(tmp_path / "images (1).zip", "w") as out:
        for at in range(12):
            out.writestr(f"images/{('left', 'right')[at % 2]}_{at:02}.png", draw(at))
    rows = [f"{('left', 'right')[at % 2]}_{at:02},{('ok', 'bad')[at // 2 % 2]}" for at in range(12)]
    (tmp_path / "train.csv").write_text("\n".join(["id,label", *rows]))
    with pytest.raises(DataError) as caught:
        read_source(tmp_path, cache=cache)
    assert "'train.csv': its column 'label' has 2 values ('ok', 'bad'), and 12 of 12 rows" in str(caught.value)
    assert "unpack 'images (1).zip' there" in str(caught.value)
    assert f'headstart check "{tmp_path}/images (1).zip"' in str(caught.value)
    (tmp_path / "train.csv").write_text("\n".join(["id,side", *[f"{row.split(',')[0]},{row[:4]}" for row in rows]]))
    assert set(read_source(tmp_path, cache=cache).classes) == {"left", "right"}
