"""Encodings of files of text are found; what is no character is told; nothing else is changed."""

import pytest

from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.text.decoding import decode_bytes, read_string
from headstart_runtime.modalities.text.spec import TextSpec

GERMAN = "Schöne Grüße aus Köln, wo es über Nacht geschneit hat"
RUSSIAN = "Привет, это обычное русское предложение о погоде"
CHINESE = "今天天气很好，我们去公园散步吧"


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("utf-8", GERMAN, "UTF-8"),
        ("utf-8-sig", GERMAN, "UTF-8 with BOM"),
        ("utf-16", GERMAN, "UTF-16"),
        ("utf-16-le", GERMAN, "UTF-16"),
        ("utf-16-be", GERMAN, "UTF-16"),
        ("utf-16", CHINESE, "UTF-16"),
        ("cp1252", GERMAN, "cp1252"),
        ("cp1252", "“It’s a naïve café – really…”", "cp1252"),
        ("cp1251", RUSSIAN, "cp1251"),
        ("gb18030", CHINESE, "gb18030"),
        ("utf-8", "😀👍🏽 שלום مرحبا ‏&amp; &lt;b&gt;\u200d\r\n\tx", "UTF-8"),
    ],
)
def test_encodings_are_found(encoding: str, text: str, shown: str) -> None:
    read = decode_bytes(text.encode(encoding))
    assert (read.text, read.encoding, read.repaired) == (text, shown, None)


def test_an_encoding_is_asked_for() -> None:
    raw = RUSSIAN.encode("koi8-r")
    assert decode_bytes(raw, "koi8-r").text == RUSSIAN
    spec = TextSpec("", encoding="koi8-r")
    assert get_modality("text").decode(raw, spec).value == RUSSIAN
    assert decode_bytes(GERMAN.encode(), "koi8-r").text == GERMAN  # UTF-8 proves itself


def test_what_is_no_character_is_told() -> None:
    read = read_string("half \ud83d of one")
    assert (read.text, read.repaired) == ("half \ufffd of one", "half a character replaced")
    assert decode_bytes("half \ud83d of one".encode("utf-8", "surrogatepass")) == read
    read = decode_bytes("cut within a character".encode("utf-16")[:-1])
    assert read.text == "cut within a characte\ufffd"
    raw = b"nothing but plain words and one odd byte \x81 among many of them"
    assert decode_bytes(raw, "cp1252").repaired == "a byte that is no character in cp1252 replaced"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "an empty text"),
        (b"\xef\xbb\xbf", "an empty text"),
        (b" \n\t\x0c", "nothing but white space"),
        ("\u00a0\u3000".encode(), "nothing but white space"),
        ("\u200b\u200e\x01".encode(), "no character that is seen"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1", "too much of it"),
        (bytes(range(32)) * 4 + b"a", "too much of it"),
    ],
)
def test_what_is_no_text(raw: bytes, said: str) -> None:
    with pytest.raises(BrokenItem, match=said):
        get_modality("text").identify(raw)


def test_facts() -> None:
    facts = get_modality("text").identify("Two words, more: déjà-vu.".encode())
    assert facts.properties["characters"] == 25
    assert facts.properties["words"] == 5
    some = [get_modality("text").identify(text.encode("cp1252")) for text in (GERMAN, "plain", GERMAN)]
    assert get_modality("text").summarise(some) == (
        "2 texts are not in UTF-8 but, by the bytes, in cp1252; --encoding says otherwise",
    )


def test_a_control_character_here_and_there_is_kept() -> None:
    text = "a line\x0cwith\x1b[1m signs of control\x00 in it, and many more words"
    assert decode_bytes(text.encode()).text == text
