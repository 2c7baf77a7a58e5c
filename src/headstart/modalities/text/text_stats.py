"""Facts about texts that need no network: how long they are, what they are made of, in which script."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.modalities.text.characters import (
    CAPITAL,
    DIGIT,
    KINDS,
    LETTER,
    MARK,
    PUNCTUATION,
    SCRIPTS,
    SMALL,
    SPACE,
    SYMBOL,
    find_kinds,
    find_scripts,
    read_codes,
)
from headstart.storage.store import FeatureSpace, Store
from headstart_runtime.arrays import Doubles, Floats

STATS_VERSION = 1  #: raised whenever what is stored changes
MOST_CHARACTERS = 100_000  #: of a text that are looked at
PHRASE = 3  #: words of a phrase
#: Columns of what is stored. Shares are of the characters that are no white space.
FACTS = (
    *("characters", "words", "lines", "longest word", "letters", "capitals", "digits", "punctuation", "symbols"),
    *("longest run", "longest letter run", "repeated phrases", "markup", "mojibake", "script", "script share"),
)
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_RUN = re.compile(r"(\S)\1{3,}")
#: Tags of HTML and its entities, by names that are met in running text.
_MARKUP = re.compile(
    r"</?(?:a|b|i|u|p|br|hr|em|li|ol|ul|td|tr|th|h[1-6]|div|img|sub|sup|pre|font|span|code|body|head|html|table|"
    r"strong|center|script|style|iframe|blockquote)(?:\s[^<>]{0,500})?/?>"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|copy|reg|hellip|[lr][ds]quo|[mn]dash|#\d{2,6}|#x[0-9a-f]{2,6});",
    re.IGNORECASE,
)
#: UTF-8 that was read as Latin-1 or cp1252, such as "Ã©" and "â€™", and the mark of a character that was lost.
_MOJIBAKE = re.compile("[ÂÃ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€.?|â‚¬|ï»¿|ðŸ.{0,2}|\ufffd")


@dataclass(frozen=True, slots=True)
class TextStats:
    """Stats of N texts."""

    facts: Floats  #: (N, F), see ``FACTS``
    texts: Sequence[str]  #: themselves, each read when it is asked for

    def __len__(self) -> int:
        return len(self.facts)

    def take(self, rows: Sequence[int]) -> "TextStats":
        """Return the stats of some of the texts, by their rows, in that order."""
        return TextStats(self.facts[list(rows)], [self.texts[row] for row in rows])

    def get(self, name: str) -> Doubles:
        """Return one fact of each text, (N,)."""
        return self.facts[:, FACTS.index(name)].astype(np.float64)


def text_stats_space() -> FeatureSpace:
    """Return where the stats of texts are stored, whatever a network sees of them."""
    return FeatureSpace(
        fingerprint=hashlib.blake2b(f"text stats {STATS_VERSION} {FACTS}".encode(), digest_size=20).hexdigest(),
        layers=(("facts", len(FACTS)),),
        description="stats of texts",
    )


def read_text_stats(store: Store, digests: Sequence[str], texts: Sequence[str]) -> TextStats:
    """Read the stats of texts, in the order of the digests.

    Raises:
        StoreError: those of some were not computed.
    """
    return TextStats(store.read(text_stats_space(), digests, "facts"), texts)


def compute_text_stats(texts: Sequence[str]) -> dict[str, Floats]:
    """Return the stats of texts, float32 (B, F) of the one layer of their space."""
    return {"facts": np.array([_measure(text) for text in texts], np.float32).reshape(len(texts), len(FACTS))}


def _measure(text: str) -> list[float]:
    """Return the facts of a text, in the order of ``FACTS``."""
    seen = text[:MOST_CHARACTERS]
    codes = read_codes(seen)
    kinds = find_kinds(codes)
    counts = np.bincount(kinds, minlength=len(KINDS))
    shown = max(1, int(len(codes) - counts[SPACE]))
    letters = int(counts[CAPITAL] + counts[SMALL] + counts[LETTER] + counts[MARK])
    scripts = np.bincount(find_scripts(codes), minlength=len(SCRIPTS) + 1)[:-1]
    words = WORD.findall(seen)
    runs = [found[0] for found in _RUN.finditer(seen)]
    facts: dict[str, Any] = {
        "characters": len(text),
        "words": len(words),
        "lines": 1 + seen.strip().count("\n"),
        "longest word": max(map(len, seen.split()), default=0),
        "letters": letters / shown,
        "capitals": counts[CAPITAL] / max(1, letters),
        "digits": counts[DIGIT] / shown,
        "punctuation": counts[PUNCTUATION] / shown,
        "symbols": counts[SYMBOL] / shown,
        "longest run": max(map(len, runs), default=1),
        "longest letter run": max((len(run) for run in runs if run[0].isalpha()), default=1),
        "repeated phrases": measure_repetition(words),
        "markup": sum(1 for _ in _MARKUP.finditer(seen)),
        "mojibake": sum(1 for _ in _MOJIBAKE.finditer(seen)),
        "script": int(scripts.argmax()) if scripts.any() else -1,
        "script share": scripts.max() / max(1, int(scripts.sum())),
    }
    return [float(facts[name]) for name in FACTS]


def measure_repetition(words: Sequence[str]) -> float:
    """Return the share of a text's phrases of three words that were there before in it; 0 where it has none."""
    folded = [word.casefold() for word in words]
    phrases = list(zip(*(folded[start:] for start in range(PHRASE)), strict=False))
    return 1 - len(set(phrases)) / len(phrases) if phrases else 0.0
