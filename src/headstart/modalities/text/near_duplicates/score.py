"""Score of two texts saying the same in nearly the same words: shared runs of characters and features, in one number.

The number is a log-odds; 0 is the threshold. Its weights were set on altered copies of texts of three real sets and on
the most alike other pairs of them; ``benchmarks/text_suspects.py`` plants such copies and counts.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from headstart.modalities.main_features import (
    SHORTEST,
    compare_features,
    describe_by_directions,
    estimate_centre,
    score_in_segments,
)
from headstart.modalities.text.near_duplicates.shingles import Shingles, compare, make_shingles, normalise
from headstart.modalities.text.text_stats import TextStats
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.linalg import normalize_rows

DIRECTIONS = 48  #: of the features
SKETCH = 96  #: numbers that the shingles of a text are folded into
PART = 0.6  #: weight of the shingles' cosine beside that of the features
SEGMENT = 4096  #: pairs that are compared at once
BLOCK = 8192  #: texts whose shingles are folded at once

RESEMBLANCE, CONTAINMENT, FEATURES, THRESHOLD = 10.0, 3.0, 2.0, 8.8  #: weights of the sum, and what is taken from it
LEAST_SHARED = 30.0  #: weight of what is shared from which on that one text has all of another counts


@dataclass(frozen=True)
class TextScorer:
    """Scorer of pairs of texts by shingles and features; it knows M of N texts."""

    features: Floats  #: (N, D) rows
    centre: Floats  #: (D,) their mean
    rows: Ints  #: (M,) indices of the M among the N
    shingles: Shingles  #: of the M
    equal: Ints  #: (M,) a number for what each says: those that differ in case and marks only have the same

    def describe(self) -> Floats:
        """Return descriptors of length 1, (M, <= 144), of the M."""
        main = describe_by_directions(self.features, self.centre, self.rows, DIRECTIONS)
        folded = fold_shingles(self.shingles, SKETCH)
        both = np.concatenate([np.float32(np.sqrt(1 - PART)) * main, np.float32(np.sqrt(PART)) * folded], axis=1)
        return normalize_rows(both, SHORTEST)

    def note(self) -> str:
        """Return nothing: all texts can be compared."""
        return ""

    def score(self, pairs: Ints, pool: Executor) -> Floats:
        """Return log-odds (P,) of pairs (P, 2) of the M."""
        return score_in_segments(self._score, pairs, SEGMENT, pool)

    def _score(self, pairs: Ints) -> Floats:
        resemblance, containment, shared = compare(self.shingles, pairs)
        cosine = compare_features(self.features, self.centre, self.rows, pairs)
        quoted = np.clip(shared / np.float32(LEAST_SHARED), 0, 1) * containment
        odds = RESEMBLANCE * resemblance + CONTAINMENT * quoted + FEATURES * cosine - THRESHOLD
        same = self.equal[pairs[:, 0]] == self.equal[pairs[:, 1]]
        return np.where(same, np.float32(RESEMBLANCE), odds).astype(np.float32)


class TextDuplicates:
    """Evidence for near-duplicates among texts: their wording and their features."""

    def make_scorer(self, features: Floats, stats: TextStats, rows: Ints) -> TextScorer:
        """Return a scorer of the pairs among some of N texts, their rows (M,)."""
        texts = [normalise(stats.texts[row]) for row in rows.tolist()]
        return TextScorer(features, estimate_centre(features), rows, make_shingles(texts), _number(texts))


def fold_shingles(shingles: Shingles, width: int) -> Floats:
    """Return the shingles of each text as a row of length 1, float32 (N, width), so that cosines are nearly kept.

    Each shingle is added to one number with one sign (Weinberger et al., 2009, *Feature hashing*).
    """
    count = len(shingles.starts) - 1
    folded = np.empty((count, width), np.float32)
    for first in range(0, count, BLOCK):
        starts = shingles.starts[first : first + BLOCK + 1]
        hashes, texts = shingles.hashes[starts[0] : starts[-1]], len(starts) - 1
        owner = np.repeat(np.arange(texts), np.diff(starts))
        column = (hashes >> np.uint32(3)) % np.uint32(width)
        sign = (hashes & np.uint32(1)).astype(np.float32) * 2 - 1
        sums = np.bincount(owner * width + column, sign * shingles.weigh(hashes), minlength=texts * width)
        folded[first : first + texts] = normalize_rows(sums.reshape(texts, width).astype(np.float32), SHORTEST)
    return folded


def _number(texts: Sequence[str]) -> Ints:
    """Return the same number for equal texts, (N,); those with nothing in them differ from all."""
    known: dict[str, int] = {}
    return np.array(
        [known.setdefault(text, place) if text.strip() else -1 - place for place, text in enumerate(texts)], np.int64
    )
