"""Bytes and strings -> text: the encoding of a file, what is no character, what is no text at all.

Nothing else is changed: line ends, HTML entities, signs that nobody sees stay as they are, for the tokenizer to read.
"""

import re
from dataclasses import dataclass

from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.text_encodings import BYTE_ORDER_MARKS, POOR, find_wide_encoding, rank_encodings

MOST_CHARACTERS = 1_000_000  #: of a text; what follows is not looked at
MOST_CONTROL = 0.1  #: share of a text's characters that stand for none, of which files of other kinds have more
_LOOKED = 100_000  #: bytes by which an encoding is found
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
#: A character that is seen: no white space, no sign of control or of format, no half of one.
_SEEN = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_WORD = re.compile(r"\w+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_TEXT = "no text: too much of it stands for no character"


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text, and how it was stored."""

    text: str
    encoding: str  #: "UTF-8", "UTF-8 with BOM", "UTF-16", or another as Python calls it
    repaired: str | None = None  #: what was no character, and stands for one


def decode_bytes(raw: bytes, encoding: str = "") -> ReadText:
    """Return the text of a file, or of a cell, which is UTF-8.

    Args:
        raw: the bytes, perhaps with a byte order mark.
        encoding: of bytes that are not UTF-8; "" finds it.

    Raises:
        BrokenItem: they are no text, or an empty one.
    """
    for mark, name in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return _decode_as(raw, name, "UTF-8 with BOM" if name == "utf-8-sig" else "UTF-16")
    if wide := find_wide_encoding(raw):
        return _decode_as(raw, wide, "UTF-16")
    try:
        text = raw.decode("utf-8", "surrogatepass")  # a str may have halves of characters, and so its bytes
    except UnicodeDecodeError:
        name = encoding or _guess(raw)
        return _decode_as(raw, name, name)
    return read_string(text)


def read_string(text: str, encoding: str = "UTF-8") -> ReadText:
    """Return a text that is at hand, without a byte order mark; a half of a character becomes U+FFFD.

    Raises:
        BrokenItem: there is nothing to be seen in it, or too much of it stands for no character.
    """
    text = text.removeprefix("\ufeff")
    if not text:
        raise BrokenItem("an empty text")
    if not _SEEN.search(text):
        raise BrokenItem(
            "a text of nothing but white space" if text.isspace() else "a text of no character that is seen"
        )
    if len(_CONTROL.findall(text)) > MOST_CONTROL * len(text):
        raise BrokenItem(_NO_TEXT)
    found = len(_SURROGATE.findall(text))
    if not found:
        return ReadText(text, encoding)
    halves = "half a character" if found == 1 else f"{found} halves of characters"
    return ReadText(_SURROGATE.sub("\ufffd", text), encoding, f"{halves} replaced")


def count_words(text: str) -> int:
    """Return how many words a text has: runs of letters and digits."""
    return sum(1 for _ in _WORD.finditer(text))


def _guess(raw: bytes) -> str:
    """Return the encoding in which bytes that are not UTF-8 are most like words; cp1252 where none stands out."""
    lines = [line for line in raw[:_LOOKED].splitlines() if not line.isascii()]
    found = rank_encodings(lines)
    return found[0].encoding if found and found[0].score >= POOR else "cp1252"


def _decode_as(raw: bytes, name: str, shown: str) -> ReadText:
    """Return bytes as the text of an encoding; what is no character in it becomes U+FFFD, and is counted."""
    text = raw.decode(name, "replace")
    lost = text.count("\ufffd")
    if lost > MOST_CONTROL * len(text):
        raise BrokenItem(_NO_TEXT)
    read = read_string(text, shown)
    if not lost:
        return read
    bad = "a byte that is" if lost == 1 else f"{lost} bytes that are"
    return ReadText(read.text, shown, f"{bad} no character in {shown} replaced")
