"""Score of two photos being the same: agreement of aligned details, of colours and of features, in one number.

The number is a log-odds; 0 is the threshold. Its weights were set on 1,200 altered copies of photos of four real sets
and on the most alike 25,000 other pairs of them; ``benchmarks/duplicates.py`` plants such copies and counts.
"""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from headstart.modalities.image.near_duplicates.coarse_align import align_coarsely
from headstart.modalities.image.near_duplicates.descriptors import compute_descriptors
from headstart.modalities.image.near_duplicates.detail import (
    LEAST_DETAIL,
    describe_low_detail,
    have_equal_pixels,
    measure_detail,
)
from headstart.modalities.image.near_duplicates.fine_align import Alignment, align_finely, sample_windows
from headstart.modalities.image.stats import LUMA, ImageStats
from headstart.modalities.main_features import compare_features, estimate_centre, score_in_segments
from headstart_runtime.arrays import Floats, Ints

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
    """Scorer of pairs of photos by their features, small pictures and detail; it knows M of N photos."""

    features: Floats  #: (N, D) rows
    centre: Floats  #: (D,) their mean
    grey: Floats  #: (N, G, G)
    colour: Floats  #: (N, 8, 8, 3)
    photos: Ints  #: (M,) indices of the M among the N; features are too large to be put in another order
    detail: Floats  #: (N,); where a pair's geometric mean is below ``LEAST_DETAIL`` only equal pixels count

    def describe(self) -> Floats:
        """Return descriptors of length 1, (M, <= 96), of the M."""
        return compute_descriptors(self.features, self.grey, self.centre, self.photos)

    def note(self) -> str:
        """Return how many of the M have too little detail to be compared; "" for none."""
        few = int((self.detail[self.photos] < LEAST_DETAIL).sum())
        return describe_low_detail(few, len(self.photos)) if few else ""

    def score(self, pairs: Ints, pool: Executor) -> Floats:
        """Return log-odds (P,) of pairs (P, 2) of the M, in rising order of the first; -inf where it is hopeless."""
        poor = self.detail[self.photos[pairs]].prod(axis=1) < LEAST_DETAIL**2
        odds = np.empty(len(pairs), np.float32)
        for which, compare in ((poor, self._compare_pixels), (~poor, self._compare_aligned)):
            odds[which] = score_in_segments(compare, pairs[which], SEGMENT, pool)
        return odds

    def _compare_pixels(self, pairs: Ints) -> Floats:
        """Return ``EQUAL`` for pairs of equal pixels, -inf for others, (P,)."""
        first, second = self.photos[pairs].T
        same = have_equal_pixels(self.grey[first], self.grey[second]) & have_equal_pixels(
            self.colour[first], self.colour[second]
        )
        return np.where(same, np.float32(EQUAL), np.float32(-np.inf))

    def _compare_aligned(self, pairs: Ints) -> Floats:
        """Return log-odds (P,) by aligned details, colours and features."""
        chunks = [pairs[first : first + CHUNK] for first in range(0, len(pairs), CHUNK)]
        cosines = np.concatenate([compare_features(self.features, self.centre, self.photos, each) for each in chunks])
        needed = 1 - np.exp(FEATURES * cosines - THRESHOLD)
        photos, places = np.unique(pairs, return_inverse=True)
        local, some = places.reshape(pairs.shape), self.photos[photos]
        grey, colour = self.grey[some], self.colour[some]
        odds = np.full(len(pairs), -np.inf, np.float32)
        for start in align_coarsely(grey, local):
            left = np.nonzero((start.detail > needed - SLACK) & (odds < 0))[0]
            for first in range(0, len(left), CHUNK):
                some = left[first : first + CHUNK]
                aligned = align_finely(grey, local[some], start.take(some))
                difference = compare_colours(colour, local[some], aligned)
                sums = _weigh_detail(aligned.detail) + FEATURES * cosines[some] - COLOURS * difference - THRESHOLD
                odds[some] = np.maximum(odds[some], sums)
        return odds


class ImageDuplicates:
    """Evidence for near-duplicates among photos: their features, small pictures and detail."""

    def make_scorer(self, features: Floats, stats: ImageStats, rows: Ints) -> DuplicateScorer:
        """Return a scorer of the pairs among some of N photos, their rows (M,)."""
        detail = measure_detail(stats.grey, stats.colour)
        return DuplicateScorer(features, estimate_centre(features), stats.grey, stats.colour, rows, detail)


def compare_colours(colour: Floats, pairs: Ints, aligned: Alignment) -> Floats:
    """Return the squared difference of chroma of pairs over its energy, (M,): 0 the same, 2 unrelated.

    Args:
        colour: (N, 8, 8, 3).
        pairs: (M, 2) indices into it.
        aligned: the photos of each pair.
    """
    wanted = colour[pairs[:, 1]]
    wanted[aligned.mirrored] = wanted[aligned.mirrored][:, :, ::-1]
    whole = np.tile(np.array([1, 0, 0], np.float32), (len(pairs), 1))
    first = _compute_chroma(sample_windows(colour[pairs[:, 0]], aligned.place, CELLS))
    second = _compute_chroma(sample_windows(wanted, whole, CELLS))
    energy = (first**2).sum(axis=(1, 2, 3)) + (second**2).sum(axis=(1, 2, 3))
    difference: Floats = ((first - second) ** 2).sum(axis=(1, 2, 3)) / (energy + np.float32(PALE * CELLS**2))
    return difference


def _compute_chroma(pixels: Floats) -> Floats:
    """Return colours less their luma, over the photo's mean luma, so that exposure does not matter."""
    luma = pixels @ LUMA
    exposure = luma.mean(axis=(1, 2))[:, None, None, None] + np.float32(0.02)
    return np.asarray((pixels - luma[..., None]) / exposure, np.float32)


def _weigh_detail(detail: Floats) -> Floats:
    """Return the log-odds that agreeing details add: each halving of what disagrees adds as much."""
    return np.asarray(-np.log(np.maximum(1 - np.maximum(detail, 0), np.float32(1e-4))), np.float32)
