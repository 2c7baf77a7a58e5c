"""What callers hand over as a photo: what they hold is taken, anything else is one clear error."""

import asyncio
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from headstart_runtime.errors import DataError
from headstart_runtime.inference.classifier import BATCH_FROM, Classifier, load
from headstart_runtime.modalities.image.load import WANTED
from tests.conftest import Small, picture


@pytest.fixture(scope="module")
def classifier(small: Small) -> Classifier:
    return load(small.run)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo that every way of handing it over decodes alike."""
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    Image.fromarray(picture("discs", np.random.default_rng(5), (120, 90))).save(path)
    return path


def _spooled(file: Path) -> Any:
    spooled = tempfile.SpooledTemporaryFile()  # noqa: SIM115  handed over open
    spooled.write(file.read_bytes())
    return spooled


TAKEN: dict[str, Callable[[Path], Any]] = {
    "path": str,
    "bytes": Path.read_bytes,
    "bytearray": lambda file: bytearray(file.read_bytes()),
    "memoryview": lambda file: memoryview(file.read_bytes()),
    "BytesIO": lambda file: io.BytesIO(file.read_bytes()),
    "upload, written and not rewound": _spooled,
    "image": lambda file: Image.open(io.BytesIO(file.read_bytes())),
    "converted image": lambda file: Image.open(io.BytesIO(file.read_bytes())).convert("RGB"),
    "tensor": lambda file: torch.from_numpy(np.array(Image.open(file))),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_what_callers_hold_is_taken(classifier: Classifier, file: Path, kind: str) -> None:
    expected = classifier.predict(file)
    photo = TAKEN[kind](file)
    given = classifier.predict(photo)
    np.testing.assert_array_equal(given.probabilities, expected.probabilities)
    again, other = classifier.predict([photo, file])  # it can be read again
    np.testing.assert_array_equal(again.probabilities, expected.probabilities)
    assert other.error is None
    if kind.startswith("upload"):
        photo.close()


def test_an_open_file_is_one_photo_and_stands_where_it_stood(classifier: Classifier, file: Path) -> None:
    """As a collection it would be its lines."""
    with file.open("rb") as opened:
        opened.read(7)
        (streamed,) = classifier.stream(opened)
        assert classifier.predict(opened).label == streamed.label == classifier.predict(file).label
        assert opened.tell() == 7
    assert streamed.source == str(file)


def test_one_path_is_one_photo_of_a_stream_too(classifier: Classifier, file: Path) -> None:
    (streamed,) = classifier.stream(str(file))
    assert streamed.error is None


def test_an_image_is_turned_as_its_file_would_be_and_stays_as_it_is(classifier: Classifier, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = picture("stripes", np.random.default_rng(1), (90, 60))
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    with Image.open(tmp_path / "turned.png") as image:
        turned = classifier.predict(image)
        assert image.size == (90, 60)
    for same in (tmp_path / "turned.png", np.rot90(pixels, -1)):
        np.testing.assert_array_equal(turned.probabilities, classifier.predict(same).probabilities)


class Reads:
    """A file object of a caller's."""

    def __init__(self, gives: Callable[[], Any]):
        self.read = gives


def _broken() -> bytes:
    raise RuntimeError("the connection is gone")


async def _awaited() -> bytes:
    return b""


REFUSED: dict[str, tuple[Any, str]] = {
    "None": (None, f"NoneType: a photo cannot be of type NoneType; {WANTED}"),
    "number": (3, f"int: a photo cannot be of type int; {WANTED}"),
    "dict": ({"a.jpg": 1}, f"dict: a photo cannot be of type dict; {WANTED}"),
    "array of one number": (np.uint8(3), f"a photo cannot be of type uint8; {WANTED}"),
    "text file": (io.StringIO("x"), "file: an open StringIO whose read() gives str; wanted bytes: open it with 'rb'"),
    "asynchronous file": (Reads(_awaited), "read() gives coroutine; wanted bytes: open it with 'rb', or give what was"),
    "broken file": (Reads(_broken), "file: cannot be read: the connection is gone"),
    "float tensor": (torch.zeros(3, 9, 9), "shape (3, 9, 9) and type float32; wanted uint8 of shape"),
    "tensor with a gradient": (torch.zeros(9, 9, requires_grad=True), "a Tensor that NumPy cannot take: "),
    "image of nothing": (Image.new("RGB", (0, 4)), "image: an image of 0 x 4 pixels; leave it out"),
    "URL": ("https://example.org/a.jpg", "is a URL, and nothing is fetched; wanted the bytes, or the path of a file"),
    "long URL": ("data:image/png;base64," + 5000 * "A", "is a URL, and nothing is fetched; wanted the bytes, or the"),
    "long name": (300 * "a", "cannot be read: "),
    "empty path": ("", f"an empty path; {WANTED}"),
    "folder": (".", "is a folder; wanted its files, one by one"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_anything_else_is_one_error_alone_and_one_of_its_own_among_others(
    classifier: Classifier, file: Path, kind: str
) -> None:
    photo, message = REFUSED[kind]
    with pytest.raises(DataError) as caught:
        classifier.predict(photo)
    assert message in str(caught.value)
    for count in (1, BATCH_FROM):
        answers = classifier.predict([*[file] * count, photo, file])
        assert [it.error is None for it in answers] == [*[True] * count, False, True]
        assert f"{answers[count].source}: {answers[count].error}".startswith(str(caught.value)[:30])


@pytest.mark.parametrize("made", [np.array, lambda names: np.array(names, object), tuple, set, iter])
def test_collections_of_paths(classifier: Classifier, file: Path, made: Callable[[list[str]], Any]) -> None:
    (answer,) = classifier.predict(made([str(file)]))
    assert answer.error is None


def test_a_coroutine_that_nobody_waits_for_does_not_warn(classifier: Classifier) -> None:
    """Warnings are errors here; the interpreter would raise this one when it frees the coroutine."""

    async def handler() -> None:
        with pytest.raises(DataError, match="or give what was awaited"):
            classifier.predict(Reads(_awaited))

    asyncio.run(handler())


def test_a_photo_that_was_mended_says_so(classifier: Classifier, file: Path) -> None:
    content = io.BytesIO()
    Image.fromarray(picture("checks", np.random.default_rng(2), (300, 300))).save(content, "JPEG", quality=95)
    cut = content.getvalue()[: int(0.8 * len(content.getvalue()))]
    for answer in (classifier.predict(cut), *classifier.predict([cut] * BATCH_FROM)):
        assert answer.error is None
        assert answer.repaired is not None
        assert answer.repaired.startswith("truncated: ")
    assert classifier.predict(file).repaired is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes of this kind")
def test_a_pipe_and_a_device_are_no_files(small: Small, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", Path("/dev/zero")):
        (answer,) = load(small.run).predict([path])
        assert answer.error == "not a file: a pipe or a device"
