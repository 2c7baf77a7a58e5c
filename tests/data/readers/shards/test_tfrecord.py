import gzip
import struct
import zlib
from collections import Counter
from pathlib import Path

import pytest

from headstart.data.decisions import Role
from headstart.data.read import read_source
from headstart.data.readers.byte_ranges import RangeSource
from headstart.data.readers.shards import tfrecord
from headstart.data.readers.shards.crc32c import compute_masked_crc32c
from headstart.data.readers.shards.tf_example import parse_example
from headstart.data.samples import FileStatus
from headstart_runtime.errors import DataError


def varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def chunk(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def feature(values: list) -> bytes:
    if isinstance(values[0], bytes):
        return chunk(1, b"".join(chunk(1, value) for value in values))
    if isinstance(values[0], float):
        return chunk(2, chunk(1, struct.pack(f"<{len(values)}f", *values)))
    return chunk(3, chunk(1, b"".join(map(varint, values))))


def example(**features) -> bytes:
    entries = (chunk(1, chunk(1, key.encode()) + chunk(2, feature(found))) for key, found in features.items())
    return chunk(1, b"".join(entries))


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    sums = (struct.pack("<I", compute_masked_crc32c(one)) for one in (length, data))
    return length + next(sums) + data + next(sums)


def plain(at: int, photo: bytes) -> bytes:
    return example(image=[photo], label=[at % 2])


def inception(at: int, photo: bytes) -> bytes:
    return example(
        **{
            "image/height": [9],
            "image/encoded": [photo],
            "image/class/label": [1 + at % 2],
            "image/class/text": [(b"cat", b"dog")[at % 2]],
            "image/filename": [f"n{at}.png".encode()],
            "image/format": [b"PNG"],
            "image/mean": [0.5, 1.5],
        }
    )


@pytest.fixture
def write(tmp_path, draw):
    def write_records(name: str, make=plain, start: int = 0, count: int = 8) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(record(make(at, draw(at))) for at in range(start, start + count)))
        return path

    return write_records


@pytest.mark.parametrize("name", ["a.tfrecord", "train-00000-of-00001", "b.bin"])
def test_the_plain_schema_is_read_at_offsets(write, tmp_path, draw, name):
    samples = read_source(write(name), cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
    assert samples.classes == ("0", "1")
    for at, sample in enumerate(samples.samples):
        assert isinstance(sample.source, RangeSource)
        assert (sample.name, sample.target, sample.source.read()) == (f"#{at}", at % 2, draw(at))
    assert "the label is read from 'label', the item from 'image'" in samples.ledger.notes


def test_the_schema_of_inception(write):
    samples = read_source(write("a.tfrecord", inception))
    assert samples.classes == ("cat", "dog")
    assert [sample.name for sample in samples.samples] == [f"n{at}.png" for at in range(8)]
    assert [(it.place[-1], it.role, it.count) for it in samples.decisions] == [
        ("image/encoded", Role.ITEMS, 8),
        ("class/text", Role.LABELS, 8),
        ("class/label", Role.SKIPPED, 8),
    ]


def test_shards_with_parts_and_names(write, tmp_path):
    for seed, part in enumerate(("train", "test")):
        for shard in range(2):
            write(f"set/pets-{part}.tfrecord-{shard:05}-of-00002", start=100 * seed + 10 * shard)
    (tmp_path / "set/label.labels.txt").write_text("cat\ndog\n")
    (tmp_path / "set/dataset_info.json").write_text("{}")
    samples = read_source(tmp_path / "set")
    assert samples.classes == ("cat", "dog")
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 16, "test": 16}


def test_names_that_count_from_one(write, tmp_path):
    write("set/a.tfrecord", lambda at, photo: example(image=[photo], label=[1 + at % 2]))
    (tmp_path / "set/labels.txt").write_text("cat\ndog\n")
    samples = read_source(tmp_path / "set")
    assert samples.classes == ("cat", "dog")
    assert any("counts from 1" in note for note in samples.ledger.notes)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, lambda content: zlib.compress(content, 1)])
def test_compressed_as_a_whole(write, tmp_path, draw, compress):
    path = write("a.tfrecord")
    path.write_bytes(compress(path.read_bytes()))
    samples = read_source(path, cache=tmp_path / "cache")
    assert [sample.source.read() for sample in samples.samples] == [draw(at) for at in range(8)]
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(DataError, match="is damaged"):
        read_source(path, cache=tmp_path / "cache")


def test_a_folder_of_compressed_files_and_plain_ones(write, tmp_path):
    for start, compress in ((0, bytes), (20, zlib.compress), (40, gzip.compress)):
        path = write(f"set/{start}.tfrecord", start=start)
        path.write_bytes(compress(path.read_bytes()))
    assert len(read_source(tmp_path / "set", cache=tmp_path / "cache")) == 24


def test_a_record_that_is_too_large_is_said_to_be_that(write, monkeypatch):
    monkeypatch.setattr(tfrecord, "MOST_BYTES", 1 << 20)
    path = write("a.tfrecord")
    path.write_bytes(path.read_bytes() + record(bytes(3 << 20)) + record(plain(9, b"")))
    samples = read_source(path)
    assert len(samples) == 8
    assert [it.reason for it in samples.ledger.entries if it.reason] == [
        "a record of 3 MiB; wanted 1 MiB at most",
        "no item in 'image'",
    ]


def test_damaged_records_have_their_line(write):
    path = write("a.tfrecord", count=12)
    content = bytearray(path.read_bytes())
    content[100] ^= 1  # in the data of the first
    path.write_bytes(content + record(b"\x0a\x05ab") + record(example(label=[1])) + b"\x01" * 40)
    samples = read_source(path)
    assert len(samples) == 11
    skipped = {it.name: it.reason for it in samples.ledger.entries if it.status is FileStatus.SKIPPED}
    assert skipped == {
        "#0": "its checksum is wrong: the record is damaged",
        "#12": "no tf.train.Example: a field is longer than its record",
        "#13": "no item in 'image'",
        "a.tfrecord (the rest)": "after 14 records a length is damaged",
    }


def test_a_length_that_is_damaged_behind_records_that_hold_no_item(write):
    path = write("a.tfrecord", lambda at, photo: example(label=[1]))
    path.write_bytes(b"\0" * 12 + path.read_bytes()[12:])
    with pytest.raises(DataError):
        read_source(path)
    path.write_bytes(record(b"\x0b\x0c") + b"\x01" * 40)
    with pytest.raises(DataError, match=r"that are no tf\.train\.Example"):
        read_source(path)


def test_a_file_that_is_cut_off(write):
    path = write("a.tfrecord")
    path.write_bytes(path.read_bytes()[:-9])
    samples = read_source(path)
    assert len(samples) == 7
    assert [entry.reason for entry in samples.ledger.entries if entry.reason] == ["after 7 records the file is cut off"]


def test_labels_of_boxes(write):
    def boxes(at: int, photo: bytes) -> bytes:
        labels = [b"cat", b"dog"] if at > 3 else [b"cat"]
        return example(**{"image/encoded": [photo], "image/object/class/text": labels})

    with pytest.raises(DataError, match="boxes of one class in 4 photos, of several in 4"):
        read_source(write("a.tfrecord", boxes))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda at, photo: example(image_raw=[bytes(30)], label=[1]),
            "features 'image_raw', 'label'; none is an encoded",
        ),
        (lambda at, photo: example(image=[photo]), "has records without a label"),
        (lambda at, photo: b"\x0b\x0c", "that are no tf.train.Example"),
    ],
)
def test_what_cannot_be_read_is_said(write, make, message):
    with pytest.raises(DataError, match=message):
        read_source(write("a.tfrecord", make))


def test_numbers_that_are_not_packed_and_unknown_fields():
    loose = chunk(3, b"\x08" + varint(-3) + b"\x08\x05")
    fields = chunk(9, b"x") + b"\x50\x01" + b"\x65abcd"
    data = fields + chunk(1, chunk(1, chunk(1, b"n") + chunk(2, loose)))
    assert parse_example(data)["n"].numbers == (-3, 5)
