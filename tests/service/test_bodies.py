"""Bodies are counted while they are held, and taken apart in memory."""

import json

import pytest

from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.service.bodies import HeldBytes, Refusal, read_items
from headstart_runtime.service.multipart import MultipartError, parse_multipart


def test_more_bytes_than_may_be_held_are_refused_for_now() -> None:
    held = HeldBytes(10)
    held.take(8)
    with pytest.raises(Refusal) as caught:
        held.take(3)
    assert (caught.value.status, caught.value.retry_after) == (503, 1)
    held.free(8)
    held.take(10)


def form(*parts: tuple[str, bytes]) -> bytes:
    return b"".join(b"--x\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n" for head, body in parts) + b"--x--\r\n"


FILE = 'Content-Disposition: form-data; name="file"; filename="a b.jpg"\r\nContent-Type: image/jpeg'
FIELD = 'content-disposition: form-data; name="texts"'


def test_parts_have_names_and_contents_with_any_bytes() -> None:
    content = b"\r\n--x\x00\r\n-" * 5
    file, field = parse_multipart(form((FILE, content), (FIELD, b"")), "multipart/form-data; boundary=x", 2)
    assert (file.name, file.filename, file.content) == ("file", "a b.jpg", content)
    assert (field.name, field.filename, field.content) == ("texts", None, b"")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (form((FILE, b""))[:-4], "end is missing"),
        (form(("content-type: image/jpeg", b"")), "a part has no name"),
        (form(*[(FILE, b"")] * 3), "more than 2 parts"),
        (b"nothing", "."),
        (b"--x\r\n" + b"a" * 20_000, "."),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(MultipartError, match=said):
        parse_multipart(body, "multipart/form-data; boundary=x", 2)


@pytest.mark.parametrize(
    ("body", "kind", "texts"),
    [
        (b'{"texts": ["a", "http://b.c"]}', "application/json", ["a", "http://b.c"]),
        (b'{"item": "a"}', "application/json; charset=utf-8", ["a"]),
        (b'["a", "b"]', "application/json", ["a", "b"]),
        (b"a text", "text/plain", [b"a text"]),
        (form((FIELD, b"a"), (FIELD, b"b")), "multipart/form-data; boundary=x", ["a", "b"]),
    ],
)
def test_texts_come_as_json_as_a_body_or_as_fields(body: bytes, kind: str, texts: list[object]) -> None:
    assert [item.value for item in read_items(body, kind, get_modality("text"), 4)] == texts


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"texts": []}', "there is no text in the call"),
        (b'{"texts": [1]}', "an item in the JSON is no text"),
        (b'{"texts": ["a"], "x": 1}', "needs one key"),
        (b'{"texts": ["\\ud800"]}', "half of a character"),
        (b'{"image_url": "a"}', "URLs and paths are not fetched"),
        (b'{"a": "b"}', "needs one key"),
    ],
)
def test_json_that_holds_no_texts_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        read_items(body, "application/json", get_modality("text"), 4)


@pytest.mark.parametrize("values", [b"[]," * 200_000, b'"a",' * 200_000, b'"\\\\",' * 200_000, b"{}," * 200_000])
def test_json_of_more_values_than_items_need_is_not_read(values: bytes) -> None:
    with pytest.raises(Refusal, match="more values") as error:
        read_items(b'{"texts": [' + values + b'""]}', "application/json", get_modality("text"), 4)
    assert error.value.status == 413


def test_what_stands_in_a_text_is_no_value() -> None:
    text = '\\"[{,"\\' * 5000
    body = json.dumps([text]).encode()
    assert [item.value for item in read_items(body, "application/json", get_modality("text"), 4)] == [text]
