"""Bytes and strings -> text: the encoding of a file, what is no character, what is no text at all."""

import codecs
import re
from dataclasses import dataclass

from headstart.modalities.item import BrokenItem

MOST_CHARACTERS = 1_000_000  #: of a text; what follows is not looked at
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_WORD = re.compile(r"\w+")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text, and how it was stored."""

    text: str
    encoding: str  #: "UTF-8", "UTF-16", "cp1252"
    repaired: str | None = None  #: what was no character


def decode_bytes(raw: bytes, encoding: str = "") -> ReadText:
    """Return the text of a file, or of a cell as UTF-8.

    Args:
        raw: the bytes, perhaps with a byte order mark.
        encoding: of bytes that are not UTF-8; "" finds it.

    Raises:
        BrokenItem: they are no text, or an empty one.
    """
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return read_string(_decode(raw, name), "UTF-8 with BOM" if name == "utf-8-sig" else "UTF-16")
    if wide := _find_wide(raw):
        return read_string(_decode(raw, wide), "UTF-16")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_other(raw, encoding)
    if 10 * len(_CONTROL.findall(text)) > len(text):
        raise BrokenItem("no text: most of its bytes stand for no character")
    return read_string(text)


def read_string(text: str, encoding: str = "UTF-8") -> ReadText:
    """Return a text that is at hand, without a byte order mark, and with what is no character replaced.

    Raises:
        BrokenItem: there is nothing in it.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise BrokenItem("an empty text" if not text else "a text of nothing but white space")
    found = len(_SURROGATE.findall(text))
    if not found:
        return ReadText(text, encoding)
    whole = _SURROGATE.sub("\ufffd", text)
    return ReadText(
        whole, encoding, f"{found} halves of characters replaced" if found > 1 else "half a character replaced"
    )


def count_words(text: str) -> int:
    """Return how many words a text has: runs of letters and digits."""
    return sum(1 for _ in _WORD.finditer(text))


def _find_wide(raw: bytes) -> str:
    """Return the UTF-16 that text without a byte order mark is in, by its null bytes; "" for none."""
    head = raw[:1000]
    if len(raw) % 2 or not head:
        return ""
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if 2 * head[first::2].count(0) > len(head[first::2]) and not head[1 - first :: 2].count(0):
            return encoding
    return ""


def _decode_other(raw: bytes, encoding: str) -> ReadText:
    try:
        return read_string(raw.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        pass
    name = encoding or "cp1252"
    text = raw.decode(name, "replace")
    if 10 * len(_CONTROL.findall(text)) > len(text):
        raise BrokenItem("no text: most of its bytes stand for no character")
    read = read_string(text, name)
    lost = text.count("\ufffd")
    return ReadText(read.text, name, f"{lost} bytes that are no character in {name} replaced" if lost else None)


def _decode(raw: bytes, name: str) -> str:
    """Return bytes as text; what is no character is replaced."""
    return raw.decode(name, "replace")
