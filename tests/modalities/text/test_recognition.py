"""Files of text known by their first bytes."""

import pytest

from headstart_runtime.modalities.text.recognition import recognise_text


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (b"Go until jurong point, crazy..\n", True),
        ("Schöne Grüße aus Köln 🎉".encode(), True),
        ("Привет, мир".encode()[:-1], True),  # cut inside of a letter
        ("Sch\xf6ne Gr\xfc\xdfe".encode("cp1252"), True),
        ("Привет, мир".encode("cp1251"), None),
        ("Привет".encode("utf-16"), True),
        (b"a\tb\x1b[1mbold\x1b[0m and quite a few more words that nobody minds, and even more of them here", True),
        (b"", False),
        (b" \n\t", False),
        (b"%PDF-1.7 text", False),
        (b"\x89PNG\r\n\x1a\n", False),
        (b"RIFF\x24\x00\x00\x00WAVE", False),
        (bytes(range(256)), False),
    ],
)
def test_texts_are_told_from_other_files(head: bytes, is_one: bool | None) -> None:
    assert recognise_text(head) is is_one
