import gzip
import io
import json
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from headstart.data.decisions import Role
from headstart.data.read import find_reader, read_source
from headstart.data.readers.byte_ranges import RangeSource
from headstart.data.readers.reader import ReadContext
from headstart.data.samples import FileStatus
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

Fields = dict[str, bytes]


def write_shard(path: Path, samples: dict[str, Fields]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for key, fields in samples.items():
            for ending, content in fields.items():
                member = tarfile.TarInfo(f"{key}.{ending}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def make(draw):
    """Samples from a function of their number."""

    def make_samples(fields, start: int = 0, count: int = 8) -> dict[str, Fields]:
        return {f"{at:06}": {"png": draw(at), **fields(at)} for at in range(start, start + count)}

    return make_samples


def number(at: int) -> Fields:
    return {"cls": str(at % 2).encode()}


def test_one_shard_is_read_at_offsets(tmp_path, make, draw):
    samples = read_source(write_shard(tmp_path / "train-000000.tar", make(number)), cache=tmp_path / "cache")
    assert samples.classes == ("0", "1")
    assert not (tmp_path / "cache").exists()
    for at, sample in enumerate(samples.samples):
        assert isinstance(sample.source, RangeSource)
        assert sample.source.read() == draw(at)
        assert (sample.name, sample.target) == (f"{at:06}.png", at % 2)


def test_a_folder_of_shards_with_parts_and_names(tmp_path, make):
    for seed, part in enumerate(("train", "val", "test")):
        write_shard(tmp_path / f"set/{part}-000000.tar", make(number, 100 * seed))
    (tmp_path / "set/classnames.txt").write_text("cat\ndog\neel\n")
    samples = read_source(tmp_path / "set")
    assert samples.classes == ("cat", "dog")
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 8, "validation": 8, "test": 8}
    assert "the names of the classes come from 'classnames.txt'" in samples.ledger.notes
    assert [(it.place[-1], it.role, it.value, it.count) for it in samples.decisions] == [
        (".png", Role.ITEMS, "", 24),
        (".cls", Role.LABELS, "", 24),
        ("classnames.txt", Role.CLASS_NAMES, "", 2),
        ("test-000000.tar", Role.SUBSET, "test", 8),
        ("train-000000.tar", Role.SUBSET, "train", 8),
        ("val-000000.tar", Role.SUBSET, "validation", 8),
    ]


def test_parts_as_folders(tmp_path, make):
    for seed, part in enumerate(("train", "test")):
        for shard in range(2):
            write_shard(tmp_path / part / f"{shard}.tar", make(number, 100 * seed + 20 * shard))
    assert Counter(str(s.subset) for s in read_source(tmp_path).samples) == {"train": 16, "test": 16}


def test_braces(tmp_path, make):
    for shard in range(3):
        write_shard(tmp_path / f"train-{shard:06}.tar", make(number, 20 * shard))
    assert len(read_source(tmp_path / "train-{000000..000001}.tar")) == 16
    with pytest.raises(DataError, match=r"means 5 shards and 2 are missing: 'train-000003.tar'"):
        read_source(tmp_path / "train-{000000..000004}.tar")
    with pytest.raises(DataError, match="does not exist"):
        read_source(tmp_path / "train-{a..b}.tar")
    with pytest.raises(DataError, match="does not exist"):
        read_source(tmp_path / f"{'x' * 300}-{{0..2}}.tar")
    note = read_source(tmp_path / "train-000000.tar").ledger.notes
    assert any("2 more shards lie beside it" in one for one in note)


def test_labels_in_json_by_name_first(tmp_path, make):
    def fields(at: int) -> Fields:
        return {"json": json.dumps({"id": at, "label": at % 2, "label_name": ("cat", "dog")[at % 2]}).encode()}

    samples = read_source(write_shard(tmp_path / "a.tar", make(fields)))
    assert samples.classes == ("cat", "dog")
    assert "the label is read from 'label_name', not from 'label'" in samples.ledger.notes


def test_labels_as_text_and_captions(tmp_path, make):
    samples = read_source(write_shard(tmp_path / "a.tar", make(lambda at: {"txt": (b"cat", b"dog\n")[at % 2]})))
    assert samples.classes == ("cat", "dog")
    with pytest.raises(DataError, match="8 different ones for 8: these look like captions"):
        read_source(write_shard(tmp_path / "b.tar", make(lambda at: {"txt": b"a cat number %d" % at})))


def test_a_compressed_shard_is_unpacked_once(tmp_path, make):
    plain = write_shard(tmp_path / "a.tar", make(number))
    (tmp_path / "b.tar.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    samples = read_source(tmp_path / "b.tar.gz", cache=tmp_path / "cache")
    assert len(samples) == 8
    assert samples.samples[0].source.path.is_relative_to(tmp_path / "cache")


def test_each_sample_has_its_line(tmp_path, make):
    shard = make(number, count=14)
    shard["000001"].pop("cls")
    shard["000002"].pop("png")
    shard["000003"]["cls"] = b"\xff\xff"
    shard["000004"]["seg.png"] = shard["000005"]["png"]
    samples = read_source(write_shard(tmp_path / "a.tar", shard))
    skipped = {it.name: it.reason for it in samples.ledger.entries if it.status is FileStatus.SKIPPED}
    assert skipped == {
        "000001.png": "no .cls beside it",
        "000002": "no item beside its fields",
        "000003.png": "its .cls is no text",
    }
    assert "samples have several items: '.png' is read, not '.seg.png'" in samples.ledger.notes


@pytest.mark.parametrize(("cut", "reason"), [(3000, "unexpected end of data"), (0, "no member begins at byte")])
def test_a_damaged_shard_is_read_up_to_there(tmp_path, make, cut, reason):
    path = write_shard(tmp_path / "a.tar", make(number))
    content = bytearray(path.read_bytes())
    with tarfile.open(path) as archive:
        place = archive.getmembers()[12].offset
    if cut:
        content = content[: place + 700]
    else:
        content[place : place + 512] = b"\x01" * 512
    path.write_bytes(content)
    samples = read_source(path)
    assert len(samples) == 6
    (line,) = [entry for entry in samples.ledger.entries if entry.name == "a.tar (the rest)"]
    assert reason in line.reason


def test_a_tar_of_class_folders_is_none(tmp_path, draw):
    names = {
        f"{name}/{at}": {"png": draw(at + 50 * k), "json": b"{}"} for k, name in enumerate("ab") for at in range(5)
    }
    assert read_source(write_shard(tmp_path / "a.tar", names), cache=tmp_path / "cache").classes == ("a", "b")


def test_lists_in_json_are_several_labels(tmp_path, make):
    names = (["cat"], ["cat", "dog"], [])
    shard = write_shard(tmp_path / "a.tar", make(lambda at: {"json": json.dumps({"label": names[at % 3]}).encode()}))
    context = ReadContext(DataSettings(), tmp_path / "cache", forms=frozenset({"one", "several"}))
    reader = find_reader(shard, None)
    assert reader is not None
    listing = reader.list(shard, None, context)
    assert [sample.label for sample in listing.samples] == ["cat", "cat;dog"] * 3
    assert {entry.reason for entry in listing.entries} == {"no label"}
    assert (listing.form, listing.classes) == ("several", {"cat", "dog"})
