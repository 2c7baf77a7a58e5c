"""A novelty score in NumPy: the distance of an item's features from those that a classifier was fitted on.

Each branch's features are scaled to length 1 and ``centre`` is taken from them. What counts is the distance to the
nearest of ``points`` along ``directions``, and the length of what lies outside these: the root of the sum of their
squares, divided by the threshold. Above 1.0 an item is out of distribution. ``uncertainty.novelty_fits`` fits it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from headstart_runtime.arrays import Floats

TINY = 1e-12  #: added to a squared length before it divides, so that features of zeros stay zeros
_PIECE = 1 << 22  #: float32 values of differences to the points held at a time
_CANDIDATES = 4  #: points whose distance is measured
_ROUNDING = 1e-5  #: more than what a squared distance from products is wrong by, relative to the squared lengths
_ARRAYS = ("centre", "directions", "points")


@dataclass(frozen=True, slots=True, eq=False)
class Novelty:
    """A fitted novelty score. D is the width of its branches' features, joined."""

    kind: str  #: how it was fitted, a name of ``uncertainty.novelty_fits.KINDS``
    branches: tuple[int, ...]  #: indices into the classifier's branches; it reads their features in this order
    ood_acceptance: float  #: share of familiar items that the threshold shall accept
    scale: float  #: one over the threshold
    centre: Floats  #: (D,)
    directions: Floats  #: (D, R) orthonormal columns
    points: Floats  #: (K, R) what is familiar: items of training, or centres of them, along ``directions``

    def score(self, features: Sequence[Floats], uncalibrated: Floats | None = None) -> Floats:
        """Return how unlike the training items each item is, float32 (N,), at least 0; 1.0 is the threshold.

        Args:
            features: for each of ``branches`` float32 (N, D of it).
            uncalibrated: probabilities (N, C); this kind does not read them.
        """
        return self.score_rows(concat_normalized(features))

    def score_rows(self, rows: Floats) -> Floats:
        """Return what ``score`` does for rows (N, D) as ``concat_normalized`` gives them."""
        rows = rows - self.centre
        along = np.asarray(rows @ self.directions, np.float32)
        outside = rows - along @ self.directions.T
        squared = squared_distance_to_nearest(along, self.points) + np.square(outside).sum(axis=1)
        return np.asarray(np.float32(self.scale) * np.sqrt(squared), np.float32)

    def tensors(self) -> dict[str, Floats]:
        """Return the arrays by name, for ``novelty.safetensors``."""
        return {name: np.ascontiguousarray(getattr(self, name), np.float32) for name in _ARRAYS}

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values, without the arrays."""
        return {it.name: getattr(self, it.name) for it in fields(self) if it.name not in _ARRAYS}

    @classmethod
    def from_json(cls, record: Mapping[str, Any], tensors: Mapping[str, Floats]) -> Self:
        """Return the score that ``to_json`` and ``tensors`` describe.

        Raises:
            KeyError, TypeError, ValueError: they are not what those give, or do not fit together.
        """
        arrays: dict[str, Any] = {name: np.asarray(tensors[name], np.float32) for name in _ARRAYS}
        made = cls(**{**record, **arrays, "branches": tuple(record["branches"])})
        width, rank = made.directions.shape
        if made.centre.shape != (width,) or made.points.shape[1:] != (rank,) or not made.points.size:
            shapes = {name: array.shape for name, array in arrays.items()}
            raise ValueError(f"arrays of a novelty score do not fit together: {shapes}")
        return made


def concat_normalized(features: Sequence[Floats]) -> Floats:
    """Scale each branch's features, (N, D of it), to length 1 and join them, float32 (N, D)."""
    return np.concatenate(
        [
            row / np.sqrt(np.square(row).sum(axis=1, keepdims=True, dtype=np.float32) + np.float32(TINY))
            for row in features
        ],
        axis=1,
        dtype=np.float32,
    )


def squared_distance_to_nearest(places: Floats, points: Floats) -> Floats:
    """Return the squared distance of each place (N, R) to the nearest of the points (K, R), float32 (N,).

    From differences: from products and lengths, all digits would be lost near a point. Products only say which points
    may be the nearest; where more may be than a few, all are looked at.
    """
    if len(points) <= 2 * _CANDIDATES:
        return _measure_all(places, points)
    found = np.empty(len(places), np.float32)
    squares = np.square(points).sum(axis=1)
    many = max(1, _PIECE // len(points))
    for start in range(0, len(places), many):
        part = places[start : start + many]
        rough = squares - 2 * (part @ points.T)
        nearest = np.argpartition(rough, _CANDIDATES, axis=1)
        rows = np.arange(len(part))[:, None]
        chosen, next_one = nearest[:, :_CANDIDATES], rough[rows, nearest[:, [_CANDIDATES]]][:, 0]
        apart = part[:, None] - points[chosen]
        squared = np.einsum("nkr,nkr->nk", apart, apart).min(axis=1)
        lengths = np.square(part).sum(axis=1)
        unsure = next_one + lengths - squared < _ROUNDING * (lengths + squares.max())
        if unsure.any():
            squared[unsure] = _measure_all(part[unsure], points)
        found[start : start + many] = squared
    return found


def _measure_all(places: Floats, points: Floats) -> Floats:
    """Do what ``squared_distance_to_nearest`` does, from all differences."""
    many = max(1, _PIECE // points.size)
    found = np.empty(len(places), np.float32)
    for start in range(0, len(places), many):
        apart = places[start : start + many, None] - points
        found[start : start + many] = np.einsum("nkr,nkr->nk", apart, apart).min(axis=1)
    return found
