"""Odd strings, drawn: of all scripts, signs that nobody sees, halves of characters, very long words, tokens by name."""

from collections.abc import Iterator

import numpy as np

_RANGES = (
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x300, 0x36F),  # marks that join the letter before
    (0x370, 0x3FF),
    (0x400, 0x4FF),
    (0x590, 0x5FF),
    (0x600, 0x6FF),
    (0x900, 0x97F),
    (0xE00, 0xE7F),
    (0x1100, 0x11FF),
    (0x2000, 0x206F),  # spaces of all widths, signs of direction
    (0x3040, 0x30FF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xFE00, 0xFE0F),
    (0x1F300, 0x1FAFF),
    (0x00, 0x1F),
)
_PIECES = (
    *("[CLS]", "[SEP]", "[PAD]", "[MASK]", "##ing", "&amp;", "&#x1F600;", "<br/>", "http://a.b/c?d=e", "don't", "e.g."),
    *(
        "\u200d",
        "👨‍👩‍👧",
        "🇩🇪",
        "İ",
        "ß",
        "ﬁ",
        "\u202eabc",
        "\ufeff",
        "\x00",
        "\r\n",
        "Ⅷ",
        "½",
        "x" * 120,
        "a\u0301" * 3,
    ),
)
WORDS = ("The", "quick", "brown", "fox", "jumped", "over", "Zürich", "naïve", "42", "3.14", "!!!", "COVID-19")


def draw_string(chance: np.random.Generator, longest: int = 40) -> str:
    """Return a string of up to so many words and pieces."""
    pieces = []
    for _ in range(int(chance.integers(1, longest + 1))):
        kind = int(chance.integers(0, 4))
        if kind == 0:
            low, high = _RANGES[int(chance.integers(len(_RANGES)))]
            pieces.append("".join(map(chr, chance.integers(low, high + 1, int(chance.integers(1, 9))))))
        elif kind == 1:
            pieces.append(str(chance.choice(_PIECES)))
        else:
            pieces.append(str(chance.choice(WORDS)))
    return str(chance.choice(["", " ", "  "])).join(pieces)


def draw_strings(count: int, seed: int = 0, longest: int = 40) -> Iterator[str]:
    """Yield strings."""
    chance = np.random.default_rng(seed)
    for _ in range(count):
        yield draw_string(chance, longest)
