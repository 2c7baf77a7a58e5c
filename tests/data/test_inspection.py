import io

import numpy as np
from PIL import Image

from headstart.data.inspection import _SharedProperties, inspect
from headstart.data.read import read_source
from headstart.data.readers.listing import RawSample
from headstart.data.samples import FileStatus, compute_digest
from headstart.data.sources import ArraySource, FileSource, SourceStat, ValueSource
from headstart.events import ignore
from headstart_runtime.folder_items import MAX_BYTES
from headstart_runtime.modalities.modality import get_modality

IMAGES = get_modality("image")


def taken(camera: str) -> bytes:
    exif = Image.Exif()
    exif[0x0110] = camera
    out = io.BytesIO()
    Image.new("RGB", (7, 5), "teal").save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_an_entry_says_what_the_header_says(tmp_path):
    content = taken("DSC-F828")
    (tmp_path / "a.jpg").write_bytes(content)
    (tmp_path / "b.jpg").write_bytes(b"no photo")
    names = ("a.jpg", "b.jpg", "c.jpg")
    a, b, c = (
        item.entry for item in inspect([RawSample(n, "x", FileSource(tmp_path / n)) for n in names], IMAGES, ignore)
    )
    assert (a.status, a.label, a.format) == (FileStatus.ACCEPTED, "x", "JPEG")
    assert (a.properties, a.digest) == ({"width": 7, "height": 5, "camera": "DSC-F828"}, compute_digest(content))
    assert (b.status, b.reason, b.properties) == (FileStatus.SKIPPED, "not an image in a known format", {})
    assert (c.status, c.reason) == (FileStatus.SKIPPED, "missing file")


def test_an_array_has_no_camera():
    images = np.zeros((1, 4, 6, 3), np.uint8)
    (item,) = inspect([RawSample("#0", "x", ArraySource(images, 0))], IMAGES, ignore)
    assert (item.entry.format, item.entry.properties) == ("array", {"width": 6, "height": 4})


def test_cameras_stand_in_the_ledger_of_a_folder(pets):
    (pets / "cats" / "0.png").write_bytes(taken("Canon"))
    cameras = {entry.name: entry.properties.get("camera") for entry in read_source(pets).ledger.entries}
    assert cameras.pop("cats/0.png") == "Canon"
    assert set(cameras.values()) == {None}


def test_a_place_of_another_package_is_read_like_a_file():
    class Bucket:
        uri = "s3://bucket/a.jpg"

        def __init__(self, stat):
            self.stat = lambda: stat

        def read(self):
            return taken("Canon")

    places = [Bucket(SourceStat()), Bucket(SourceStat(MAX_BYTES + 1)), Bucket(SourceStat(readable=False))]
    raws = [RawSample(str(number), "x", place) for number, place in enumerate(places)]
    entries = [item.entry for item in inspect(raws, IMAGES, ignore)]
    assert (entries[0].status, entries[0].format) == (FileStatus.ACCEPTED, "JPEG")
    assert [entry.reason for entry in entries[1:]] == [
        "1.0 GB; files of more than 1 GB are not read",
        "not a file",
    ]


def test_addresses_and_sizes(tmp_path):
    (tmp_path / "a b.png").write_bytes(b"abc")
    file, row = FileSource(tmp_path / "a b.png"), ArraySource(np.zeros((3, 4, 6, 3), np.uint8), 2)
    assert file.uri == f"{tmp_path.as_uri()}/a%20b.png"
    assert (file.stat(), FileSource(tmp_path).stat().readable) == (SourceStat(3), False)
    assert (row.uri, row.stat()) == ("array:#2", SourceStat(72))
    assert (ValueSource(b"abcd").stat(), ValueSource(b"abcd").read()) == (SourceStat(4), b"abcd")


def test_a_path_that_no_system_can_hold_is_a_missing_file(tmp_path):
    raw = RawSample("a", "x", FileSource(tmp_path / "\ud800.jpg"))
    (found,) = inspect([raw], IMAGES, ignore)
    assert (found.entry.status, found.entry.reason) == (FileStatus.SKIPPED, "missing file")


def test_equal_properties_are_one_object_and_whole_numbers_stay_whole():
    raws = [
        RawSample(f"row {n}", "x", ValueSource(text)) for n, text in enumerate([b"two words", b"new words", b"one"])
    ]
    first, second, third = (item.entry.properties for item in inspect(raws, get_modality("text"), ignore))
    assert first is second
    assert first == {"characters": 9, "words": 2} != third
    shared = _SharedProperties()
    assert type(shared.share({"seconds": 1.0})["seconds"]) is float
    assert type(shared.share({"seconds": 1})["seconds"]) is int
