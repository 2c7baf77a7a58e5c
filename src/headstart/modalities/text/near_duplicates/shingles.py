"""Texts as sets of hashed runs of characters, by which shared wording is counted.

Broder, 1997, *On the resemblance and containment of documents*. A shingle weighs as much as it is rare among the texts,
so that what all texts begin with says little. Of a long text those with the smallest hashes stand for all (bottom-k
sketches), of two texts alike.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.modalities.text.characters import read_codes
from headstart_runtime.arrays import Floats, Ints

LENGTH = 4  #: characters of a shingle
MOST_CHARACTERS = 6000  #: of a text that are compared, from its beginning and from its end
MOST_SHINGLES = 512  #: of a text that are kept
BITS = 22  #: of a hash by which it is counted how many texts have a shingle
_DIGITS = re.compile(r"\d+(?:[.,:/-]\d+)*")
_OTHER = re.compile(r"[^\w]+|_+")
_FACTORS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F], np.uint64)

Hashes = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingles of N texts, one text after the other."""

    hashes: Hashes  #: (S,) of each text without repeats, in rising order
    starts: Ints  #: (N + 1,) where each text's begin
    cut: NDArray[np.bool_]  #: (N,) whether some were left out
    weights: Floats  #: (2 ** BITS,) by the low bits of a hash: how much a shingle weighs

    def weigh(self, hashes: Hashes) -> Floats:
        """Return the weights of shingles, of the same shape."""
        return self.weights[hashes & np.uint32(2**BITS - 1)]


def normalise(text: str) -> str:
    """Return a text as it is compared: without case, accents' forms, marks and the values of numbers."""
    half = MOST_CHARACTERS // 2
    seen = text if len(text) <= MOST_CHARACTERS else f"{text[:half]} {text[-half:]}"
    folded = unicodedata.normalize("NFKC", seen).casefold()
    return f" {_OTHER.sub(' ', _DIGITS.sub('0', folded)).strip()} "


def make_shingles(texts: Sequence[str]) -> Shingles:
    """Return the shingles of texts, each already as ``normalise`` gives it."""
    found = [_hash(text) for text in texts]
    cut = np.array([len(each) > MOST_SHINGLES for each in found], np.bool_)
    kept = [each[:MOST_SHINGLES] for each in found]
    starts = np.concatenate([[0], np.cumsum([len(each) for each in kept])]).astype(np.int64)
    hashes = np.concatenate([*kept, np.zeros(0, np.uint32)]).astype(np.uint32)
    counts = np.bincount(hashes & np.uint32(2**BITS - 1), minlength=2**BITS)
    weights = np.log1p(np.float32(len(texts)) / np.maximum(counts, 1).astype(np.float32))
    return Shingles(hashes, starts, cut, weights.astype(np.float32))


def _hash(text: str) -> Hashes:
    """Return the hashes of a text's runs of characters, once each, in rising order; none of one without words."""
    if not text.strip():
        return np.zeros(0, np.uint32)
    codes = read_codes(text).astype(np.uint64)
    if len(codes) < LENGTH:
        codes = np.pad(codes, (0, LENGTH - len(codes)))
    windows = np.lib.stride_tricks.sliding_window_view(codes, LENGTH)
    mixed = windows @ _FACTORS
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return np.unique((mixed >> np.uint64(32)).astype(np.uint32))


def compare(shingles: Shingles, pairs: Ints) -> tuple[Floats, Floats, Floats]:
    """Return what pairs of texts share: resemblance, containment, and the weight of what is shared.

    Args:
        shingles: of N texts.
        pairs: (M, 2) indices into them.

    Returns:
        (M,) each: shared over all of both; shared over that of the one with less; shared, where a shingle that one text
        of the set has alone weighs most.
    """
    lengths = np.diff(shingles.starts)
    last = np.where(shingles.cut, shingles.hashes[np.maximum(shingles.starts[1:] - 1, 0)], np.uint32(2**32 - 1))
    limits = last[pairs].min(axis=1)  # up to there nothing was left out of either
    sides = [_gather(shingles, pairs[:, side], lengths, limits) for side in (0, 1)]
    both = np.concatenate([side[0] for side in sides])
    order = np.argsort(both, kind="stable")
    ranked = both[order]
    twice = np.flatnonzero(ranked[1:] == ranked[:-1])
    weights = np.concatenate([side[1] for side in sides])
    owners = (both >> np.uint64(32)).astype(np.int64)
    shared = np.bincount(owners[order[twice]], weights[order[twice]], minlength=len(pairs))
    first, second = (
        np.bincount((keys >> np.uint64(32)).astype(np.int64), own, minlength=len(pairs)) for keys, own in sides
    )
    resemblance = shared / np.maximum(first + second - shared, 1e-6)
    containment = shared / np.maximum(np.minimum(first, second), 1e-6)
    return resemblance.astype(np.float32), containment.astype(np.float32), shared.astype(np.float32)


def _gather(
    shingles: Shingles, rows: Ints, lengths: Ints, limits: NDArray[np.uint32]
) -> tuple[NDArray[np.uint64], Floats]:
    """Return the shingles of some texts with the number of each text in the list before it, and their weights."""
    counts = lengths[rows]
    owner = np.repeat(np.arange(len(rows)), counts)
    inside = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    hashes = shingles.hashes[np.repeat(shingles.starts[rows], counts) + inside]
    kept = hashes <= limits[owner]
    hashes, owner = hashes[kept], owner[kept]
    return (owner.astype(np.uint64) << np.uint64(32)) | hashes, shingles.weigh(hashes)
