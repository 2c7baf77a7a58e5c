"""How much speaks for two photos being the same: aligned details, colours and features, in one number.

The number is a log-odds: 0 is the threshold. Its weights were set on 1,200 altered copies of photos of four real sets
and on the most alike 25,000 other pairs of them; ``benchmarks/duplicates.py`` plants such copies and counts.
"""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Floats
from headstart.modalities.image.near_duplicates.coarse_align import align_coarsely
from headstart.modalities.image.near_duplicates.detail import LEAST_DETAIL, equal_pixels
from headstart.modalities.image.near_duplicates.fine_align import Alignment, align_finely, sample_windows
from headstart.modalities.image.stats import LUMA

Pairs = NDArray[np.int64]

FEATURES = 4.0  #: weight of the cosine of centred features
COLOURS = 6.0  #: weight of what the colours differ
THRESHOLD = 5.6  #: of the sum
EQUAL = 7.6  #: of equal pixels: what details, colours and features that agree entirely come to
SLACK = 0.25  #: by which the grid may find less detail agreeing than there is
PALE = 0.002  #: energy of colour, a cell, under which colours say nothing
CELLS = 8  #: points along an edge at which colours are compared
SEGMENT, CHUNK = 4096, 512  #: pairs whose photos, and whose windows, are in memory at a time


@dataclass(frozen=True)
class DuplicateScorer:
    """What pairs are judged by; M of N photos."""

    features: Floats  #: (N, D) rows
    centre: Floats  #: (D,) their mean
    grey: Floats  #: (N, G, G)
    colour: Floats  #: (N, 8, 8, 3)
    photos: Pairs  #: (M,) which of the N each of the M is; features are too large to be put in another order
    detail: (
        Floats  #: (N,) of their own; where a pair's geometric mean is below ``LEAST_DETAIL`` equal pixels alone count
    )

    def odds(self, pairs: Pairs, pool: Executor) -> Floats:
        """(P,) log-odds of pairs (P, 2) of the M, which are in rising order of the first; -inf where it is hopeless."""
        poor = self.detail[self.photos[pairs]].prod(axis=1) < LEAST_DETAIL**2
        odds = np.empty(len(pairs), np.float32)
        for which, judge in ((poor, self._equal), (~poor, self._odds)):
            asked = pairs[which]
            segments = [asked[first : first + SEGMENT] for first in range(0, len(asked), SEGMENT)]
            odds[which] = np.concatenate([*pool.map(judge, segments), np.empty(0, np.float32)])
        return odds

    def _equal(self, pairs: Pairs) -> Floats:
        """(P,) ``EQUAL`` for pairs of equal pixels, -inf for others."""
        first, second = self.photos[pairs].T
        same = equal_pixels(self.grey[first], self.grey[second]) & equal_pixels(self.colour[first], self.colour[second])
        return np.where(same, np.float32(EQUAL), np.float32(-np.inf))

    def _odds(self, pairs: Pairs) -> Floats:
        cosines = np.concatenate([self._cosines(pairs[first : first + CHUNK]) for first in range(0, len(pairs), CHUNK)])
        needed = 1 - np.exp(FEATURES * cosines - THRESHOLD)
        photos, places = np.unique(pairs, return_inverse=True)
        local, some = places.reshape(pairs.shape), self.photos[photos]
        grey, colour = self.grey[some], self.colour[some]
        odds = np.full(len(pairs), -np.inf, np.float32)
        for start in align_coarsely(grey, local):
            left = np.nonzero((start.detail > needed - SLACK) & (odds < 0))[0]
            for first in range(0, len(left), CHUNK):
                some = left[first : first + CHUNK]
                laid = align_finely(grey, local[some], start.of(some))
                differ = compare_colours(colour, local[some], laid)
                sums = _log_odds(laid.detail) + FEATURES * cosines[some] - COLOURS * differ - THRESHOLD
                odds[some] = np.maximum(odds[some], sums)
        return odds

    def _cosines(self, pairs: Pairs) -> Floats:
        first, second = (self.features[self.photos[pairs[:, side]]] - self.centre for side in (0, 1))
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        cosines: Floats = (first * second).sum(axis=1) / np.maximum(lengths, np.float32(1e-6))
        return cosines


def compare_colours(colour: Floats, pairs: Pairs, laid: Alignment) -> Floats:
    """(M,) squared difference of chroma, cell by cell, over its energy: 0 the same, 2 unrelated.

    Args:
        colour: (N, 8, 8, 3).
        pairs: (M, 2) indices into it.
        laid: how the photos of each pair lie on each other.
    """
    wanted = colour[pairs[:, 1]]
    wanted[laid.mirrored] = wanted[laid.mirrored][:, :, ::-1]
    whole = np.tile(np.array([1, 0, 0], np.float32), (len(pairs), 1))
    first = _chroma(sample_windows(colour[pairs[:, 0]], laid.place, CELLS))
    second = _chroma(sample_windows(wanted, whole, CELLS))
    energy = (first**2).sum(axis=(1, 2, 3)) + (second**2).sum(axis=(1, 2, 3))
    differ: Floats = ((first - second) ** 2).sum(axis=(1, 2, 3)) / (energy + np.float32(PALE * CELLS**2))
    return differ


def _chroma(pixels: Floats) -> Floats:
    """Colour less its luma, over the photo's mean luma, so that exposure does not matter."""
    luma = pixels @ LUMA
    exposure = luma.mean(axis=(1, 2))[:, None, None, None] + np.float32(0.02)
    return np.asarray((pixels - luma[..., None]) / exposure, np.float32)


def _log_odds(detail: Floats) -> Floats:
    """What agreeing details say: each halving of what disagrees adds as much."""
    return np.asarray(-np.log(np.maximum(1 - np.maximum(detail, 0), np.float32(1e-4))), np.float32)
