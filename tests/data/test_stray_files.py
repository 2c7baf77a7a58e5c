import json
import os
import zipfile

import pytest

from headstart.data.ledger import load_ledger, save_ledger
from headstart.data.read import read_source
from headstart.data.samples import FileStatus
from headstart.data.unlabelled import find_items
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import get_modality

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{:064x}\nsize 48211\n"
PAGE = "<!DOCTYPE html>\n<html><body>404 {}</body></html>\n"


def _read(source):
    return read_source(source, strict=False)


def _lay_pointers(root, count=3):
    for name in ("ants", "bees"):
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            (root / name / f"p{number}.jpg").write_text(POINTER.format(number + 10 * len(name)))
    return root


def _reasons(samples):
    return {entry.name: entry.reason for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED}


@pytest.mark.parametrize("strict", [True, False])
def test_a_set_of_pointers_says_so_before_all_else(tmp_path, strict):
    root = _lay_pointers(tmp_path / "insects")
    with pytest.raises(
        DataError, match=r"^all 6 files of '.*' are Git LFS pointers, not photos: run git lfs pull in '"
    ):
        read_source(root, strict=strict)


def test_pointers_in_an_archive_and_in_a_table(tmp_path):
    root = _lay_pointers(tmp_path / "insects")
    with zipfile.ZipFile(tmp_path / "insects.zip", "w") as archive:
        for path in root.rglob("*.jpg"):
            archive.write(path, path.relative_to(root))
    with pytest.raises(DataError, match="are Git LFS pointers, not photos: an archive of a repository has pointers"):
        _read(tmp_path / "insects.zip")
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n" + "".join(f"insects/{a}/p{i}.jpg,{a}\n" for a in ("ants", "bees") for i in (0, 1)))
    with pytest.raises(DataError, match=r"all 4 rows of '.*labels.csv' are Git LFS pointers, not photos: run git lfs"):
        _read(table)


@pytest.mark.parametrize("name", ["photos.zip", "labels.csv", "images.npz", "photos.bin"])
def test_a_source_that_is_a_pointer_or_a_page(tmp_path, name):
    file = tmp_path / name
    file.write_text(POINTER.format(7))
    with pytest.raises(DataError, match="is a Git LFS pointer, not the file itself: run git lfs pull in '"):
        _read(file)
    file.write_text(PAGE.format(""))
    with pytest.raises(DataError, match="is a web page, not the file itself: the download was refused or moved"):
        _read(file)


def test_each_is_named_and_many_are_a_note(pets):
    for number in range(3):
        (pets / f"cats/pointer{number}.jpg").write_text(POINTER.format(number))
        (pets / f"dogs/page{number}.jpg").write_text(PAGE.format(number))
    (pets / "dogs/denied.jpg").write_text("<Error><Code>AccessDenied</Code></Error>")
    (pets / "dogs/_1.jpg").write_bytes(b"\0\5\x16\7" + bytes(80))
    (pets / "dogs/empty.jpg").write_bytes(b"")
    (pets / "dogs/packed.jpg").write_bytes(b"PK\3\4" + bytes(80))
    (pets / "dogs/2.jpg.crdownload").write_bytes(b"RIFF")
    samples = _read(pets)
    reasons = _reasons(samples)
    assert len(samples) == 20
    assert reasons["cats/pointer0.jpg"] == "a Git LFS pointer, not the photo: run git lfs pull"
    assert reasons["dogs/page0.jpg"].startswith("a web page, not the photo: the download was refused")
    assert reasons["dogs/denied.jpg"].startswith("a server's error message, not the photo: ")
    assert reasons["dogs/_1.jpg"].startswith("a Mac resource file (._name), not the photo: ")
    assert reasons["dogs/empty.jpg"].startswith("zero bytes: ")
    assert reasons["dogs/packed.jpg"] == "an archive, not the photo: unpack it, or give it alone as the source"
    assert reasons["dogs/2.jpg.crdownload"].startswith("an unfinished download, not the photo: ")
    assert samples.ledger.notes[:2] == (
        f"3 files are Git LFS pointers, not photos: run git lfs pull in {str(pets)!r}",
        "3 files are web pages, not photos: the download was refused or moved; download again",
    )


def test_the_cause_stands_in_the_ledgers_file(pets, tmp_path):
    (pets / "cats/pointer.jpg").write_text(POINTER.format(1))
    ledger = _read(pets).ledger
    save_ledger(ledger, tmp_path / "ledger.jsonl")
    assert load_ledger(tmp_path / "ledger.jsonl") == ledger
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text("utf-8").splitlines()]
    assert [line["cause"] for line in lines if "cause" in line] == ["git-lfs-pointer"]


def test_what_is_whole_is_used_whatever_it_is_called(pets, draw):
    (pets / "cats/new.png.part").write_bytes(draw(900))
    samples = _read(pets)
    (entry,) = [entry for entry in samples.ledger.entries if entry.name.endswith(".part")]
    assert (entry.status, entry.note) == (FileStatus.ACCEPTED, "called like an unfinished download")


@pytest.mark.skipif(os.name == "nt", reason="links want rights there")
def test_links_of_git_annex_and_others_that_lead_nowhere(pets):
    (pets / "cats/away.jpg").symlink_to("../.git/annex/objects/Xk/4P/SHA256E-s12--aa.jpg/SHA256E-s12--aa.jpg")
    (pets / "cats/gone.jpg").symlink_to("../elsewhere/gone.jpg")
    reasons = _reasons(_read(pets))
    assert reasons["cats/away.jpg"] == ("a git-annex link whose content is not here, not the photo: run git annex get")
    assert reasons["cats/gone.jpg"] == "missing file: a link to '../elsewhere/gone.jpg', which is not there"


def test_what_systems_leave_behind_is_named(pets, plant):
    for number in range(2):
        (pets / f"cats/._{number}.png").write_bytes(b"\0\5\x16\7")
    plant(pets, "cats/@eaDir/0.png/SYNOPHOTO_THUMB_M.png", "dogs/.ipynb_checkpoints/0-checkpoint.png", first_seed=50)
    samples = _read(pets)
    assert (len(samples), samples.ledger.ignored) == (20, 4)
    (note,) = [note for note in samples.ledger.notes if note.startswith("ignored are ")]
    assert "Mac resource files (._name): 2" in note
    assert "folders of a file server's thumbnails (@eaDir): 1" in note
    assert "folders of a notebook's checkpoints (.ipynb_checkpoints): 1" in note


def test_placeholders_of_a_cloud_have_their_line(pets):
    (pets / "cats/.new.png.icloud").write_bytes(b"bplist00")
    samples = _read(pets)
    assert _reasons(samples) == {
        "cats/.new.png.icloud": "an iCloud placeholder (.name.icloud): download it from iCloud"
    }
    left_out = []
    list(find_items(pets, get_modality("image"), left_out))
    assert any(name.startswith("cats/.new.png.icloud (an iCloud placeholder") for name in left_out)


def test_thumbnails_beside_their_photos_are_left_out(pets, plant):
    plant(
        pets, *(f"cats/thumbs/{i}.png" for i in range(3)), *(f"dogs/thumbs/new{i}.png" for i in range(3)), first_seed=50
    )
    samples = _read(pets)
    assert len(samples) == 23
    assert _reasons(samples) == {
        f"cats/thumbs/{i}.png": "a thumbnail: the file of this name lies above it" for i in range(3)
    }


def test_resource_files_in_an_archive_of_a_mac_are_counted(tmp_path, pets):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in pets.rglob("*.png"):
            archive.write(path, f"pets/{path.relative_to(pets).as_posix()}")
            archive.writestr(f"__MACOSX/pets/{path.parent.name}/._{path.name}", b"\0\5\x16\7")
    samples = _read(tmp_path / "pets.zip")
    assert len(samples) == 20
    assert "ignored are folders of Mac resource files (__MACOSX): 1" in samples.ledger.notes


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "a.docx",
            b"PK\3\4" + bytes(90),
            "an office document, such as .docx or .xlsx, not the photo",
        ),
        ("a.mp4", bytes(range(90)), "a video, not the photo: take single frames out, such as by ffmpeg"),
        (
            "a.mov",
            b"\0\0\0\x14ftypqt  " + bytes(60),
            "a video, not the photo: take single frames out, such as by ffmpeg",
        ),
    ],
)
def test_documents_and_videos_are_called_what_they_are(pets, name, content, reason):
    (pets / "cats" / name).write_bytes(content)
    entry = next(entry for entry in read_source(pets).ledger.entries if entry.name == f"cats/{name}")
    assert entry.reason.startswith(reason)
