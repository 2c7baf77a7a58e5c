"""Encodings of bytes that nobody names: how well each reads them as words.

UTF-8 proves itself: other text is hardly ever valid in it. Where it is not, each encoding of ``CANDIDATES`` that can
read the bytes is judged by whether words come out: letters of one script that are in everyday use, a Latin letter with
an accent between plain ones.
"""

import codecs
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from headstart_runtime.errors import SettingError

#: What is tried, by the part of the world that it is used in; the first of equally good ones is taken.
CANDIDATES = ("cp1252", "gb18030", "shift_jis", "big5", "euc_kr", "cp1251", "cp437", "cp866")
POOR = 0.5  #: a score below which nothing was recognised
ENOUGH = 20_000  #: characters looked at
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

#: Signs that programs write in texts, with what stands before and behind them.
_SIGNS = {
    "\u2019": re.compile(r"[A-Za-z][A-Za-z\s.,]"),
    "\u2018": re.compile(r"[\s(][A-Za-z]"),
    "\u201c": re.compile(r"[\s(][A-Za-z0-9]"),
    "\u201d": re.compile(r"[A-Za-z0-9.,!?][\s.,;:)]"),
    "\u2013": re.compile(r"\s\s|\d\d"),
    "\u2014": re.compile(r"\s\s|[a-z][a-z]"),
    "\u2026": re.compile(r"\w\s"),
    "\u00a3": re.compile(r"[\s(]\d"),
    "\u20ac": re.compile(r"[\s(]\d|[\s\d][\s.,)]"),
}
_SHARP = ({"ß", "ü"}, {"ß", "ö"}, {"ß", "ä"})  #: of "Grüße", beside one another
_KANA = re.compile("[\\u3041-\\u3096\\u30a1-\\u30fa\\u30fc]")


@dataclass(frozen=True, slots=True)
class EncodingGuess:
    """An encoding that can read some texts."""

    encoding: str
    score: float  #: how much like words they are in it, 0 to 1
    texts: Sequence[str]  #: as it reads them


def check_encoding(name: str) -> str:
    """Return the codec's own name of an encoding.

    Raises:
        SettingError: Python knows none of that name that makes text of bytes.
    """
    try:
        codec = codecs.lookup(name)
        b"".decode(codec.name)
    except (LookupError, ValueError):
        wanted = ", ".join(("utf-8", *CANDIDATES))
        raise SettingError(f"encoding {name!r} is not known; wanted the name of one, such as {wanted}") from None
    return codec.name


def find_wide_encoding(raw: bytes) -> str:
    """Return the UTF-16 that text without a byte order mark is in, by its null bytes; "" for none."""
    head = raw[:1000]
    if len(raw) % 2 or not head:
        return ""
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if 2 * head[first::2].count(0) > len(head[first::2]) and not head[1 - first :: 2].count(0):
            return encoding
    return ""


def rank_encodings(texts: Sequence[bytes]) -> list[EncodingGuess]:
    """Return the encodings that can read texts, the one in which they are most like words first.

    Args:
        texts: names or lines, none of them ASCII alone.
    """
    read = ((encoding, _read_all(texts, encoding)) for encoding in CANDIDATES)
    found = [
        EncodingGuess(encoding, round(_score_text(those), 3), those) for encoding, those in read if those is not None
    ]
    return sorted(found, key=lambda one: -one.score)


def _read_all(texts: Sequence[bytes], encoding: str) -> list[str] | None:
    try:
        return [text.decode(encoding) for text in texts]
    except UnicodeDecodeError:
        return None


def _score_text(texts: Sequence[str]) -> float:
    """Return how much like words the characters beyond ASCII are, 0 to 1."""
    total = count = 0.0
    for text in texts:
        for index, char in enumerate(text):
            if not char.isascii():
                total += _score_char(char, text[index - 1 : index], text[index + 1 : index + 2])
                count += 1
        if count >= ENOUGH:
            break
    return total / count if count else 0.0


def _score_char(char: str, before: str, after: str) -> float:
    """Return how likely a character is where it stands, 0 to 1."""
    kind = unicodedata.category(char)
    if char in _SIGNS and _SIGNS[char].fullmatch(f"{before or ' '}{after or ' '}"):
        return 1.0
    if kind in ("Cc", "Cn", "Co", "So", "Sk", "Sm", "Sc", "Cf"):
        return 0.0
    name = unicodedata.name(char, "")
    if name.startswith("HALFWIDTH"):
        return 0.3
    if name.startswith(("CJK", "HANGUL", "HIRAGANA", "KATAKANA")) and (_is_latin(before) or _is_latin(after)):
        return 0.3  # a word of both
    if name.startswith("CJK") and (_is_hangul(before) or _is_hangul(after)):
        return 0.2
    if _KANA.match(char) or name.startswith("HANGUL SYLLABLE"):
        return 0.95
    if name.startswith("CJK UNIFIED"):
        return 0.9 if _is_common(char) else 0.25
    return _score_letter(char, name, before, after)


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _is_hangul(char: str) -> bool:
    return "\uac00" <= char <= "\ud7a3"


def _score_letter(char: str, name: str, before: str, after: str) -> float:
    """Return how likely a letter is: Cyrillic comes in words of its own, an accent among plain Latin letters."""
    neighbours = [it for it in (before, after) if it.isalpha()]
    if name.startswith("CYRILLIC"):
        own = [unicodedata.name(it, "").startswith("CYRILLIC") for it in neighbours]
        turned = char.isupper() and before.islower()
        return 0.1 if turned or not own or not all(own) else 0.95 if name in _RUSSIAN else 0.5
    if not name.startswith("LATIN"):
        return 0.3 if char in "«»–—’‘“”…°·、。「」・〜" else 0.1
    if not neighbours or not all(it.isascii() or {it, char} in _SHARP for it in neighbours):
        return 0.3
    turned = char.isupper() and before.islower()
    return 0.2 if turned else 0.95 if char in "äöüßÄÖÜéèêëàâáãåçñíìîïóòôõøúùûæœÉÀÅØÆÇÑÓÍÚÁ" else 0.5


_RUSSIAN = frozenset(unicodedata.name(chr(code)) for code in (*range(0x410, 0x450), 0x401, 0x451))


def _is_common(char: str) -> bool:
    """Return whether a national standard lists a Chinese character first, among those that are used most."""
    for encoding, low, high in (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6), ("shift_jis", 0x88, 0x97)):
        try:
            lead = char.encode(encoding)[0]
        except UnicodeEncodeError:
            continue
        if low <= lead <= high:
            return True
    return False
