"""Score of two clips being copies of each other: small spectrograms laid over each other, and features, in one number.

The number is a log-odds; 0 is the threshold. A louder copy has the same decibels above its background, a shorter one
begins or ends elsewhere: one spectrogram is moved along the other, and the best place counts. The weights were set on
altered copies of 3,000 spoken digits and on the most alike other pairs of them.

Of pairs that are that alike the low waves decide: two takes of one word by one speaker have the same spectrogram, but
their voices do not swing together. Below 1 kHz the best of 39 other takes correlates by .65 in the middle and .91 at
most, copies without their first or last 50 ms by .996 or more.
"""

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
from headstart.modalities.sound.sound_stats import BANDS, FRAMES, LOW_RATE, SoundStats, unpack_waves
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.linalg import normalize_rows

DIRECTIONS = 64  #: of the features
SPECTROGRAM = 0.7  #: weight of the spectrogram's cosine beside that of the features, squared in the sum
FARTHEST = 6  #: frames that one spectrogram is moved at most
WAVES = 128  #: of which waves are
SEGMENT = 2048  #: pairs that are compared at once
FLOOR = 4.0  #: decibels by which details have to differ to be told from noise

DETAIL, FEATURES, THRESHOLD = 1.6, 3.0, 6.3  #: weights of the sum, and what is taken from it
NEAR = -4.5  #: log-odds by these from which on waves are compared
SAME_WAVE, PER_WAVE, SUREST = 0.95, 80.0, 5.0  #: correlation at the threshold, log-odds for each 1 more, most of them
MOST_LAG, OVERLAP = LOW_RATE // 4, 0.7  #: samples that a wave is moved at most; share of the shorter that is compared


@dataclass(frozen=True)
class SoundScorer:
    """Scorer of pairs of clips by spectrograms and features; it knows M of N clips."""

    features: Floats  #: (N, D) rows
    centre: Floats  #: (D,) their mean
    rows: Ints  #: (M,) indices of the M among the N
    spectrogram: Floats  #: (M, FRAMES, BANDS) details
    wave: Floats  #: (M, n) packed low waves

    def describe(self) -> Floats:
        """Return descriptors of length 1, (M, <= 112), of the M."""
        main = describe_by_directions(self.features, self.centre, self.rows, DIRECTIONS)
        slow = self.spectrogram.reshape(len(self.spectrogram), FRAMES // 8, 8, BANDS // 2, 2).mean(axis=(2, 4))
        coarse = normalize_rows(slow.reshape(len(slow), -1), SHORTEST)
        return normalize_rows(np.concatenate([main, np.float32(SPECTROGRAM) * coarse], axis=1), SHORTEST)

    def note(self) -> str:
        """Return nothing: all clips can be compared."""
        return ""

    def score(self, pairs: Ints, pool: Executor) -> Floats:
        """Return log-odds (P,) of pairs (P, 2) of the M."""
        return score_in_segments(self._score, pairs, SEGMENT, pool)

    def _score(self, pairs: Ints) -> Floats:
        detail = align_spectrograms(self.spectrogram, pairs)
        odds = -DETAIL * np.log(np.maximum(1 - np.maximum(detail, 0), np.float32(1e-3)))
        cosine = compare_features(self.features, self.centre, self.rows, pairs)
        odds = np.asarray(odds + FEATURES * cosine - THRESHOLD, np.float32)
        near = np.flatnonzero(odds > NEAR)
        for first in range(0, len(near), WAVES):
            some = near[first : first + WAVES]
            same = correlate_waves(unpack_waves(self.wave[pairs[some, 0]]), unpack_waves(self.wave[pairs[some, 1]]))
            odds[some] = np.clip(PER_WAVE * (same - SAME_WAVE), -SUREST, SUREST)
        return odds


class SoundDuplicates:
    """Evidence for near-duplicates among clips: their spectrograms and their features."""

    def make_scorer(self, features: Floats, stats: SoundStats, rows: Ints) -> SoundScorer:
        """Return a scorer of the pairs among some of N clips, their rows (M,)."""
        details = extract_sound_details(stats.spectrogram[rows])
        return SoundScorer(features, estimate_centre(features), rows, details, stats.wave[rows])


def extract_sound_details(spectrogram: Floats) -> Floats:
    """Return spectrograms (M, FRAMES, BANDS) without what is the same in all bands of a frame that is heard."""
    heard = (spectrogram.max(axis=2) > FLOOR)[:, :, None]
    return np.asarray((spectrogram - spectrogram.mean(axis=2, keepdims=True)) * heard, np.float32)


def align_spectrograms(details: Floats, pairs: Ints) -> Floats:
    """Return the correlation of each pair at the best place of one beside the other, (P,).

    Args:
        details: (M, FRAMES, BANDS).
        pairs: (P, 2) indices into them.
    """
    first, second = details[pairs[:, 0]], details[pairs[:, 1]]
    best = np.full(len(pairs), -1, np.float32)
    for lag in range(-FARTHEST, FARTHEST + 1):
        one = first[:, max(lag, 0) : FRAMES + min(lag, 0)]
        other = second[:, max(-lag, 0) : FRAMES + min(-lag, 0)]
        product = np.einsum("ptb,ptb->p", one, other)
        energy = np.einsum("ptb,ptb->p", first, first), np.einsum("ptb,ptb->p", second, second)
        best = np.maximum(best, product / np.sqrt(np.maximum(energy[0] * energy[1], FLOOR**4)))
    return best


def correlate_waves(first: Floats, second: Floats) -> Floats:
    """Return the correlation of each pair of waves (P, n) at the best place of one beside the other, (P,).

    Only where both are heard is compared, and that has to be most of the shorter one.
    """
    ends = [wave.shape[1] - np.argmax(wave[:, ::-1] != 0, axis=1) for wave in (first, second)]
    size = int(max(map(np.max, ends)))
    first, second = first[:, :size], second[:, :size]
    span = 1 << (size + MOST_LAG).bit_length()
    product = np.fft.irfft(np.fft.rfft(first, span) * np.conj(np.fft.rfft(second, span)), span)
    energy = [
        np.pad(np.cumsum(np.square(wave), axis=1, dtype=np.float64), ((0, 0), (1, 0))) for wave in (first, second)
    ]
    lags = np.arange(-min(MOST_LAG, size - 1), min(MOST_LAG, size - 1) + 1)
    begins = np.maximum(lags, 0), np.maximum(-lags, 0)
    shared = np.minimum(ends[0][:, None] - begins[0], ends[1][:, None] - begins[1])  # (P, lags)
    rows, stop = np.arange(len(first))[:, None], np.maximum(shared, 0)
    held = [energy[side][rows, begins[side] + stop] - energy[side][:, begins[side]] for side in (0, 1)]
    found = np.abs(product[:, lags]) / np.sqrt(np.maximum(held[0] * held[1], 1.0))
    least = OVERLAP * np.minimum(*ends)[:, None]
    return np.asarray(np.where(shared >= least, found, 0).max(axis=1).clip(0, 1), np.float32)
