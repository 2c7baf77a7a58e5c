"""Kinds and scripts of characters, by tables, so that millions of them are counted at once."""

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Ints

KINDS = ("capital", "small", "letter", "mark", "digit", "punctuation", "symbol", "space", "control")
CAPITAL, SMALL, LETTER, MARK, DIGIT, PUNCTUATION, SYMBOL, SPACE, CONTROL = range(len(KINDS))

_BY_CATEGORY = {
    "Lu": CAPITAL,
    "Lt": CAPITAL,
    "Ll": SMALL,
    **dict.fromkeys(("Lm", "Lo"), LETTER),
    **dict.fromkeys(("Mn", "Mc", "Me"), MARK),
    **dict.fromkeys(("Nd", "Nl", "No"), DIGIT),
    **dict.fromkeys(("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"), PUNCTUATION),
    **dict.fromkeys(("Sm", "Sc", "Sk", "So"), SYMBOL),
    **dict.fromkeys(("Zs", "Zl", "Zp"), SPACE),
}
_WHITE = frozenset(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"))  #: control characters that are white space

#: Where scripts begin in Unicode, by their blocks; "" for what belongs to none.
_BLOCKS = (
    *((0x0000, ""), (0x0041, "Latin"), (0x0300, ""), (0x0370, "Greek"), (0x0400, "Cyrillic"), (0x0530, "Armenian")),
    *((0x0590, "Hebrew"), (0x0600, "Arabic"), (0x0700, "Syriac"), (0x0750, "Arabic"), (0x0780, "Thaana")),
    *((0x07C0, "N'Ko"), (0x0800, "Samaritan"), (0x0840, "Mandaic"), (0x0860, "Arabic"), (0x0900, "Devanagari")),
    *((0x0980, "Bengali"), (0x0A00, "Gurmukhi"), (0x0A80, "Gujarati"), (0x0B00, "Odia"), (0x0B80, "Tamil")),
    *((0x0C00, "Telugu"), (0x0C80, "Kannada"), (0x0D00, "Malayalam"), (0x0D80, "Sinhala"), (0x0E00, "Thai")),
    *((0x0E80, "Lao"), (0x0F00, "Tibetan"), (0x1000, "Myanmar"), (0x10A0, "Georgian"), (0x1100, "Hangul")),
    *((0x1200, "Ethiopic"), (0x13A0, "Cherokee"), (0x1400, "Canadian syllabics"), (0x1680, ""), (0x1780, "Khmer")),
    *((0x1800, "Mongolian"), (0x18B0, "Canadian syllabics"), (0x1900, ""), (0x1E00, "Latin"), (0x1F00, "Greek")),
    *((0x2000, ""), (0x2C60, "Latin"), (0x2C80, "Coptic"), (0x2D00, "Georgian"), (0x2D30, "Tifinagh")),
    *((0x2D80, "Ethiopic"), (0x2DE0, "Cyrillic"), (0x2E00, ""), (0x2E80, "Han"), (0x3000, ""), (0x3040, "Kana")),
    *((0x3100, "Bopomofo"), (0x3130, "Hangul"), (0x3190, ""), (0x31F0, "Kana"), (0x3200, ""), (0x3400, "Han")),
    *((0xA000, "Yi"), (0xA4D0, ""), (0xA640, "Cyrillic"), (0xA6A0, ""), (0xA720, "Latin"), (0xA800, "")),
    *((0xAC00, "Hangul"), (0xD800, ""), (0xF900, "Han"), (0xFB00, "Latin"), (0xFB1D, "Hebrew"), (0xFB50, "Arabic")),
    *((0xFE00, ""), (0xFE70, "Arabic"), (0xFF00, ""), (0xFF21, "Latin"), (0xFF5B, ""), (0xFF66, "Kana")),
    *((0xFFA0, "Hangul"), (0xFFE0, ""), (0x10000, ""), (0x20000, "Han"), (0x323B0, "")),
)
SCRIPTS = tuple(sorted({name for _, name in _BLOCKS} - {""}))
_STARTS = np.array([start for start, _ in _BLOCKS], np.int64)
_NUMBERS = np.array([SCRIPTS.index(name) if name else len(SCRIPTS) for _, name in _BLOCKS], np.int64)


def read_codes(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text, (characters,)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def find_kinds(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return the kind of each character, an index into ``KINDS``, of the same shape."""
    table = _make_table()
    kinds = table[np.minimum(codes, len(table) - 1)]
    beyond = codes >= len(table)
    if beyond.any():
        rare, places = np.unique(codes[beyond], return_inverse=True)
        kinds[beyond] = np.array([_find_kind(code) for code in rare.tolist()], np.uint8)[places]
    return kinds


def find_scripts(codes: NDArray[np.uint32]) -> Ints:
    """Return the script of each character, an index into ``SCRIPTS``; their number for what belongs to none."""
    return _NUMBERS[np.searchsorted(_STARTS, codes, side="right") - 1]


@cache
def _make_table() -> NDArray[np.uint8]:
    """Return the kinds of the characters of the basic plane, (65536,)."""
    return np.array([_find_kind(code) for code in range(2**16)], np.uint8)


def _find_kind(code: int) -> int:
    if code in _WHITE:
        return SPACE
    return _BY_CATEGORY.get(unicodedata.category(chr(code)), CONTROL) if code < 0x110000 else CONTROL
