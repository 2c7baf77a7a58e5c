"""Items that take much memory once they are decoded are refused by their headers; others go on to their decoder."""

import io
import tracemalloc

import pytest
from PIL import Image

from headstart_runtime.modalities.item import BrokenItem, NamedItem
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.service.sizes import refuse_large
from tests.service.conftest import TestClient


def encode(form: str, edge: int, **options: object) -> bytes:
    """Return a photo of one colour."""
    file = io.BytesIO()
    Image.new("L" if form == "JPEG" else "1", (edge, edge)).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("form", "options", "refused"),
    [("PNG", {}, True), ("JPEG", {"progressive": True}, True), ("JPEG", {}, False), ("TIFF", {}, True)],
)
def test_a_photo_is_refused_where_it_becomes_large(form: str, options: dict[str, object], refused: bool) -> None:
    given = NamedItem("x", encode(form, 1000, **options))
    found = refuse_large(given, get_modality("image"), 5)  # 10 MB whole
    assert isinstance(found.value, BrokenItem) == refused
    assert found.name == "x"
    assert refuse_large(given, get_modality("image"), 11) is given


@pytest.mark.parametrize("value", [b"no photo", b"", "a text"])
def test_what_is_no_photo_is_left_to_its_decoder(value: object) -> None:
    given = NamedItem("x", value)
    assert refuse_large(given, get_modality("image"), 1) is given
    assert refuse_large(given, get_modality("text"), 1) is given


def test_a_bomb_is_answered_with_an_error_and_without_its_memory(client: TestClient) -> None:
    bomb = encode("PNG", 12_000)
    assert len(bomb) < 50_000
    tracemalloc.start()
    try:
        for verb in ("predict", "explain"):
            found = client.post(f"/v1/models/other/{verb}", content=bomb, headers={"Content-Type": "image/png"})
            assert found.status_code == 422
            assert "too large: about 1,440 MB while it is decoded, and 512 are taken here" in found.json()["error"]
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
