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
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.sparse import SparseRows

WORD = "w"  #: stands before a term that is a word or a pair; ``PIECE`` before a piece of one
PIECE = "c"
FEWEST = 2  #: texts that have a term
MOST = 200_000  #: terms of a vocabulary, those that most texts have
MOST_CHARACTERS = 20_000  #: of a text that are read
MOST_COUNTED = 4_000_000  #: different terms that are held while they are counted; then those of one text are forgotten
_TERMS = 1 << 21  #: as often as they come, that are counted together
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
    """Return the vocabulary of texts as the content of a file, and its weighed terms of each of them, (N, V).

    The texts are asked for one by one and not kept: a term of a text is two numbers until all are counted.
    """
    counted = _CountedTexts()
    for place in range(len(texts)):
        counted.add(texts[place])
    content, places = counted.choose_vocabulary()
    vocabulary = load_vocabulary(content)  # as it is read again: rarities are rounded in the file
    pieces = np.array([term[0] == PIECE for term in vocabulary.places], bool)
    return content, SparseRows.join(
        [_weigh_block(block, places, vocabulary, pieces) for block in counted.take_blocks()]
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The terms of some texts, each once a text: T numbers."""

    rows: NDArray[np.int32]  #: (T,) rising
    numbers: NDArray[np.int32]  #: (T,)
    counts: NDArray[np.int32]  #: (T,) how often the text has the term
    texts: int


class _CountedTexts:
    """Terms of texts as numbers. Words come again and again: the pieces of each are made once."""

    def __init__(self) -> None:
        self._give = count()
        self._numbers: defaultdict[str, int] = defaultdict(self._give.__next__)
        self._pieces: dict[str, array[int]] = {}
        self._found, self._lengths = array("q"), list[int]()
        self._blocks: list[_Block] = []
        self._texts = 0

    def add(self, text: str) -> None:
        """Add a text."""
        words, framed = _split(text)
        before = len(self._found)
        self._found.extend([self._numbers[term] for term in _list_words(words)])
        for word in framed:
            pieces = self._pieces.get(word)
            if pieces is None:
                pieces = self._pieces[word] = array("q", [self._numbers[term] for term in _list_pieces(word)])
            self._found.extend(pieces)
        self._lengths.append(len(self._found) - before)
        self._texts += 1
        if len(self._found) >= _TERMS:
            self._close_block()

    def _close_block(self) -> None:
        """Count what was found since the last block; where there are very many terms, forget the rare ones."""
        found = np.frombuffer(self._found, np.int64) if len(self._found) else np.zeros(0, np.int64)
        rows = np.repeat(np.arange(len(self._lengths)), self._lengths)
        key, counts = np.unique((rows << 32) | found, return_counts=True)
        numbers = (key & (2**32 - 1)).astype(np.int32)
        self._blocks.append(_Block((key >> 32).astype(np.int32), numbers, counts.astype(np.int32), len(self._lengths)))
        self._found, self._lengths = array("q"), []
        if len(self._numbers) > MOST_COUNTED:
            having = self._count_texts()
            kept = {term: number for term, number in self._numbers.items() if having[number] >= FEWEST}
            self._numbers = defaultdict(self._give.__next__, kept)
            self._pieces = {}

    def _count_texts(self) -> Ints:
        """Return how many texts have each number."""
        most = 1 + max(self._numbers.values(), default=0)
        most = max([most, *(int(block.numbers.max(initial=-1)) + 1 for block in self._blocks)])
        return sum((np.bincount(block.numbers, minlength=most) for block in self._blocks), np.zeros(most, np.int64))

    def choose_vocabulary(self) -> tuple[bytes, Ints]:
        """Return the content of the file of a vocabulary, and the place in it of each number, -1 for none."""
        self._close_block()
        having, terms = self._count_texts(), dict(self._numbers)
        self._numbers.clear()
        self._pieces.clear()
        own = np.array(list(terms.values()), np.int64)
        vocabulary = Vocabulary.collect(list(terms), having[own], self._texts)
        places = np.full(len(having), -1, np.int64)
        kept = np.array([terms[term] for term in vocabulary.places], np.int64)
        places[kept] = np.arange(len(kept))
        return vocabulary.to_bytes(), places

    def take_blocks(self) -> Iterator[_Block]:
        """Yield what was counted, block by block, each of which is let go."""
        while self._blocks:
            yield self._blocks.pop(0)


def _weigh_block(block: _Block, to: Ints, vocabulary: Vocabulary, piece: Bools) -> SparseRows:
    """Return the weighed terms of some texts, as ``Vocabulary.weigh`` gives them.

    Args:
        block: of the texts.
        to: the place of each number in the vocabulary, -1 for none.
        vocabulary: of all texts.
        piece: (V,) whether a term is a piece of a word.
    """
    places = to[block.numbers]
    order = np.lexsort((places, block.rows))
    order = order[places[order] >= 0]
    rows, places = block.rows[order].astype(np.int64), places[order]
    weights = (1 + np.log(block.counts[order])) * vocabulary.rarity[places]
    kind = 2 * rows + piece[places]
    weights /= np.sqrt(np.bincount(kind, weights * weights, minlength=2 * block.texts))[kind]
    starts = np.cumsum([0, *np.bincount(rows, minlength=block.texts)])
    return SparseRows(starts, places, weights.astype(np.float32), len(vocabulary.places))
