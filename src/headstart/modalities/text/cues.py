"""Cues that may tell the classes of texts without what they say: length, punctuation, first words, one single word."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from headstart.modalities.cue_rows import add_products, encode_common
from headstart.modalities.text.text_stats import WORD, TextStats
from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.facets import Cue

COMMON_STARTS = 64  #: first words, and pairs of them, that are known by name
MOST_WORDS = 1000  #: of which each alone may be a cue, the commonest
MOST_CELLS = 20_000_000  #: of the table of texts and words: of very many texts fewer words are looked at
LEAST, LEAST_SHARE = 5, 0.005  #: texts, and the share of them, that such a word stands in at least
MOST_CHARACTERS = 4000  #: of a text in which words are looked for
MARKS = "!?.,;:'\"()-*/#@&%$£€+=_"
_SPACE = re.compile(r"\s+")


def list_text_cues(stats: TextStats) -> tuple[Cue, ...]:
    """Return the cues of N texts."""
    words = WordTable(stats.texts)
    return (
        Cue("length", "the length of the text", lambda: _describe_length(stats)),
        Cue("punctuation", "punctuation, capitals and digits", lambda: _describe_signs(stats)),
        Cue("first words", "the first two words", lambda: _describe_starts(stats.texts)),
        Cue("single word", "a single word", lambda: words.rows, name_columns=lambda: words.names),
    )


class WordTable:
    """The commonest words of N texts, and which of them stands in which text."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    @cached_property
    def _found(self) -> list[set[str]]:
        return [{word.casefold() for word in WORD.findall(text[:MOST_CHARACTERS])} for text in self._texts]

    @cached_property
    def _common(self) -> list[str]:
        """The words that are in enough texts and not in nearly all, the commonest first, then by their letters."""
        counts: Counter[str] = Counter()
        for words in self._found:
            counts.update(words)
        least = max(LEAST, LEAST_SHARE * len(self._found))
        usable = [(count, word) for word, count in counts.items() if least <= count <= len(self._found) - LEAST]
        most = min(MOST_WORDS, MOST_CELLS // max(1, len(self._found)))
        return [word for _, word in sorted(usable, key=lambda pair: (-pair[0], pair[1]))[:most]]

    @property
    def names(self) -> list[str]:
        """The words for each column."""
        return [f"the word “{word}”" for word in self._common]

    @property
    def rows(self) -> Floats:
        """Whether each word stands in each text, float32 (N, W) of 0 or 1."""
        place = {word: column for column, word in enumerate(self._common)}
        rows = np.zeros((len(self._found), len(place)), np.float32)
        for row, words in enumerate(self._found):
            rows[row, [place[word] for word in words if word in place]] = 1
        return rows


def _describe_length(stats: TextStats) -> Floats:
    sizes = [np.log2(1 + stats.get(name)) for name in ("characters", "words", "lines", "longest word")]
    return add_products(np.stack(sizes, axis=1).astype(np.float32))


def _describe_signs(stats: TextStats) -> Floats:
    """Return shares of kinds of characters, and how often each mark is there, in doublings."""
    shares = np.stack([stats.get(name) for name in ("capitals", "digits", "punctuation", "symbols")], axis=1)
    counts = np.zeros((len(stats), len(MARKS) + 1), np.float32)
    for row in range(len(stats)):
        text = stats.texts[row][:MOST_CHARACTERS].rstrip()
        counts[row, :-1] = [text.count(mark) for mark in MARKS]
        counts[row, -1] = text[-1:].isalnum()
    return np.hstack([add_products(shares.astype(np.float32)), np.log2(1 + counts)])


def _describe_starts(texts: Sequence[str]) -> Floats:
    """Return whether a text begins with the commonest first word, the next, ..., and with the commonest pairs."""
    begun = [_SPACE.sub(" ", text[:200]).strip().casefold() for text in texts]
    words = [WORD.findall(text)[:2] for text in begun]
    firsts, pairs = ([" ".join(each[:count]) for each in words] for count in (1, 2))
    return np.hstack([encode_common(names, COMMON_STARTS, nameless="") for names in (firsts, pairs)])
