import io

import numpy as np
from PIL import Image

from headstart.data.inspection import inspect
from headstart.data.read import read_source
from headstart.data.readers.listing import RawSample
from headstart.data.samples import FileStatus, compute_digest
from headstart.data.sources import ArraySource, FileSource
from headstart.events import ignore
from headstart.modalities.modality import get_modality

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
