"""Terms of texts, weighed: words, pairs of words, and pieces of words.

A term counts as ``1 + log`` of how often a text has it, times the log of how rare it is among the texts that the
vocabulary was made of (Salton and Buckley 1988, Information Processing & Management 24); words and pieces of words are
each brought to length 1. Pieces are 2 to 5 letters in a row, the blanks around a word with them: they know what is
misspelt, inflected or run together. A term that one text alone has is left out: on three collections what it says was
worth nothing, or less.
"""

import json
import math
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Self

import numpy as np

from headstart.arrays import Floats, Ints
from headstart.sparse import SparseRows

WORD = "w"  #: stands before a term that is a word or a pair; ``PIECE`` before a piece of one
PIECE = "c"
FEWEST = 2  #: texts that have a term
MOST = 200_000  #: terms of a vocabulary, those that most texts have
MOST_CHARACTERS = 20_000  #: of a text that are read
_SIZES = range(2, 6)
_TOKEN = re.compile(r"\w+|[^\w\s]")


def split_terms(text: str) -> Iterator[str]:
    """Yield the terms of a text, in small letters, as often as they come."""
    words, framed = _split(text)
    yield from _list_words(words)
    for word in framed:
        yield from _list_pieces(word)


def _split(text: str) -> tuple[list[str], list[str]]:
    """Return the words of a text, and what stands between blanks."""
    lower = text[:MOST_CHARACTERS].lower()
    return _TOKEN.findall(lower), lower.split()


def _list_words(words: Sequence[str]) -> list[str]:
    """Return words and their pairs as terms."""
    return [f"{WORD}{word}" for word in words] + [f"{WORD}{first} {second}" for first, second in pairwise(words)]


def _list_pieces(word: str) -> list[str]:
    """Return the pieces of a word as terms."""
    framed, pieces = f" {word} ", []
    for size in _SIZES:
        if size >= len(framed):
            pieces.append(f"{PIECE}{framed}")
            break
        pieces += [f"{PIECE}{framed[start : start + size]}" for start in range(len(framed) - size + 1)]
    return pieces


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Terms, each with a place and its rarity."""

    places: Mapping[str, int]
    rarity: Floats  #: (V,) ``log((1 + texts) / (1 + texts that have it)) + 1``

    @classmethod
    def collect(cls, terms: Sequence[str], having: Ints, texts: int) -> Self:
        """Return the vocabulary of texts.

        Args:
            terms: all that they have.
            having: (len(terms),) how many of them have each.
            texts: how many they are.
        """
        kept = [(terms[number], int(having[number])) for number in np.flatnonzero(having >= FEWEST).tolist()]
        kept.sort(key=lambda pair: (-pair[1], pair[0]))
        kept = kept[:MOST]
        rarity = [math.log((1 + texts) / (1 + count)) + 1 for _, count in kept]
        return cls({term: place for place, (term, _) in enumerate(kept)}, np.array(rarity, np.float32))

    def weigh(self, counts: Mapping[str, int]) -> tuple[Ints, Floats]:
        """Return the places of a text's terms, rising, and their weights, (T,) each; T may be 0."""
        known = sorted(
            (self.places[term], term[0] == PIECE, count) for term, count in counts.items() if term in self.places
        )
        if not known:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        places = np.array([place for place, _, _ in known], np.int64)
        pieces = np.array([piece for _, piece, _ in known], bool)
        weights = (1 + np.log([count for _, _, count in known])) * self.rarity[places]
        for kind in (pieces, ~pieces):
            if kind.any():
                weights[kind] /= np.linalg.norm(weights[kind])
        return places, weights.astype(np.float32)

    def to_bytes(self) -> bytes:
        """Return the content of a file that ``from_bytes`` reads: JSON, terms by their places."""
        record = {
            "schema_version": 1,
            "terms": list(self.places),
            "rarity": [round(float(it), 6) for it in self.rarity],
        }
        return json.dumps(record, ensure_ascii=True).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Return the vocabulary in the content of a file."""
        record = json.loads(content)
        return cls({term: place for place, term in enumerate(record["terms"])}, np.array(record["rarity"], np.float32))


@lru_cache(maxsize=4)
def load_vocabulary(content: bytes) -> Vocabulary:
    """Return the vocabulary in the content of a file, read once a process."""
    return Vocabulary.from_bytes(content)


def weigh_texts(texts: Sequence[str]) -> tuple[bytes, SparseRows]:
    """Return the vocabulary of texts as the content of a file, and its weighed terms of each of them, (N, V)."""
    terms, found = _number_terms(texts)
    key, counts = np.unique(found[0] * max(1, len(terms)) + found[1], return_counts=True)
    rows, numbers = np.divmod(key, max(1, len(terms)))
    content = Vocabulary.collect(terms, np.bincount(numbers, minlength=len(terms)), len(texts)).to_bytes()
    vocabulary = load_vocabulary(content)  # as it is read again: rarities are rounded in the file
    places = np.array([vocabulary.places.get(term, -1) for term in terms], np.int64)[numbers]
    order = np.lexsort((places, rows))
    order = order[places[order] >= 0]
    rows, places = rows[order], places[order]
    weights = (1 + np.log(counts[order])) * vocabulary.rarity[places]
    piece = np.array([term[0] == PIECE for term in vocabulary.places], bool)[places]
    kind = 2 * rows + piece
    weights /= np.sqrt(np.bincount(kind, weights * weights, minlength=2 * len(texts)))[kind]
    starts = np.cumsum([0, *np.bincount(rows, minlength=len(texts))])
    return content, SparseRows(starts, places, weights.astype(np.float32), len(vocabulary.places))


def _number_terms(texts: Sequence[str]) -> tuple[list[str], tuple[Ints, Ints]]:
    """Return the terms of texts, and one after the other the text and the number of each as often as it comes, (T,).

    Words come again and again: the pieces of each are made once.
    """
    numbers: dict[str, int] = {}
    pieces: dict[str, list[int]] = {}
    found = array("q")
    lengths = []
    for text in texts:
        words, framed = _split(text)
        before = len(found)
        found.extend([numbers.setdefault(term, len(numbers)) for term in _list_words(words)])
        for word in framed:
            if word not in pieces:
                pieces[word] = [numbers.setdefault(term, len(numbers)) for term in _list_pieces(word)]
            found.extend(pieces[word])
        lengths.append(len(found) - before)
    rows = np.repeat(np.arange(len(texts)), lengths)
    return list(numbers), (rows, np.frombuffer(found, np.int64) if len(found) else np.zeros(0, np.int64))
