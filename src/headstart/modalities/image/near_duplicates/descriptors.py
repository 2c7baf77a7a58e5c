"""Descriptors of photos, short, by which near-duplicates are near each other.

A descriptor is the features' main directions beside a tiny grey picture that is the same when mirrored. The features
see through crops, exposure and noise; the picture tells apart what only means the same.
"""

import numpy as np

from headstart.modalities.image.stats import GREY
from headstart.modalities.main_features import SHORTEST, describe_by_directions
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.linalg import normalize_rows

DIRECTIONS = 64  #: of the features
TINY = 8  #: edge of the tiny picture
PICTURE = 0.7  #: weight of the picture's cosine beside that of the features, squared in the sum


def compute_descriptors(features: Floats, grey: Floats, centre: Floats, photos: Ints) -> Floats:
    """Return descriptors of length 1, (M, <= 96), of some of N photos.

    Args:
        features: (N, D) rows.
        grey: (N, G, G).
        centre: (D,) of the features.
        photos: (M,) of which photos, in this order.
    """
    main = describe_by_directions(features, centre, photos, DIRECTIONS)
    both = np.concatenate([main, np.float32(PICTURE) * _shrink_symmetric(grey)[photos]], axis=1)
    return np.asarray(both / np.sqrt(1 + PICTURE**2), np.float32)


def _shrink_symmetric(grey: Floats) -> Floats:
    """Return the sum of a tiny picture of each photo and its mirror image, scaled to length 1: (N, TINY * TINY / 2)."""
    cell = GREY // TINY
    picture = grey.reshape(len(grey), TINY, cell, TINY, cell).mean(axis=(2, 4))
    both = (picture + picture[:, :, ::-1])[:, :, : TINY // 2].reshape(len(grey), -1)
    return normalize_rows(both - both.mean(axis=1, keepdims=True), SHORTEST)
