"""Fits of a novelty score: the distance of a sample's features to the nearest sample that a classifier was fitted on.

The distance is that of features scaled to length 1 (Sun, Ming, Zhu & Li, 2022, Out-of-Distribution Detection with Deep
Nearest Neighbors, ICML, section 3), of the last layer read and the stage below it side by side. Two things make it
small enough to ship: samples are kept by their coordinates along ``DIRECTIONS`` principal components, what lies outside
these counting by its length (the residual of Wang, Li, Feng & Zhang, 2022, ViM, CVPR), and more than
``POINTS`` of them are replaced by the centres of a k-means clustering. What else was measured: ``docs/declining.md``.

The threshold is a quantile of the scores of familiar samples that the score was not fitted on, as in split conformal
prediction (Vovk, Gammerman & Shafer, 2005, Algorithmic Learning in a Random World, section 4.1).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.backbone import Backbone
from headstart.heads.folds import assign_folds
from headstart.heads.threads import share_threads
from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.hardware import count_cores
from headstart_runtime.inference.novelty import Novelty, concat_normalized
from headstart_runtime.linalg import iterate_subspace

KIND = "nearest"
KINDS = (KIND,)
DIRECTIONS = 128  #: principal components that are kept; 64 or 256 change the AUROC of unlike samples by at most 0.003
POINTS = 1024  #: most that are kept
SAMPLE = 8192  #: most samples that a score is fitted on; of more, so many are drawn
FOLDS = 10  #: with 5, scores of samples left out are so much higher that 1 to 2 % too many are accepted
NEIGHBOUR = 4  #: a sample without that many others near it is odd, so that 3 strays do not vouch for each other
NEIGHBOURS = 16  #: that are kept of each sample while folds are left out
ODD = 1.1  #: how much further than 95 % of the samples' that neighbour must be
_BLOCK = 512  #: rows whose distances to all others are held at a time
_ROUNDS = 5  #: of k-means


def select_layers(backbone: Backbone, top: str = "final") -> tuple[str, ...]:
    """Return the layers that are read, one branch each: the highest that the classifier reads, and the one below it.

    Where a network names layers that tell strangers better, these are read as far as they are run.

    Args:
        backbone: of the classifier.
        top: the highest layer that the classifier reads, so that no more of the network is run and shipped for this.
    """
    names = [layer.name for layer in backbone.layers]
    index = names.index(top)
    named = tuple(layer.name for layer in backbone.layers[: index + 1] if layer.tells_strangers)
    if named and named != (top,):
        return named if len(named) > 1 else (*named, top)
    return tuple(names[max(0, index - 1) : index + 1])


def fit_score(
    features: Sequence[Floats],
    labels: Ints,
    groups: Ints,
    *,
    branches: tuple[int, ...],
    acceptance: float,
    seed: int,
) -> Novelty:
    """Return a score with its threshold, both from the same samples: each fold is scored by a fit without it.

    Right where the network has not been trained on these samples; where it has, see ``fit_unscaled``.

    Args:
        features: for each of ``branches`` float32 (N, D of it), N at least 1.
        labels: (N,), so that folds hold all classes.
        groups: (N,); samples of a group are in one fold.
        branches: what the classifier calls them.
        acceptance: share of familiar samples that shall be accepted.
        seed: of folds, samples and centres.
    """
    sample = _draw_rows(len(labels), seed)
    rows, groups = [row[sample] for row in features], groups[sample]
    joined = concat_normalized(rows)
    neighbours = _Neighbours(joined)
    novelty = _fit_familiar(joined, neighbours, branches, seed)
    scores = _score_folds(joined, neighbours, labels[sample], groups, seed)
    return set_acceptance(novelty, novelty.score(rows) if scores is None else scores, acceptance)


def fit_unscaled(features: Sequence[Floats], *, branches: tuple[int, ...], seed: int) -> Novelty:
    """Return a score whose threshold is a distance of 1; to be followed by ``set_acceptance``.

    Where the network was trained on samples, their features are unlike those of new ones. So fit on the training
    samples, score others with it and give these to ``set_acceptance``.

    Args:
        features: for each of ``branches`` float32 (N, D of it), N at least 1.
        branches: what the classifier calls them.
        seed: of the sample and of centres.
    """
    sample = _draw_rows(len(features[0]), seed)
    rows = concat_normalized([row[sample] for row in features])
    return _fit_familiar(rows, _Neighbours(rows), branches, seed)


def _fit_familiar(rows: Floats, neighbours: "_Neighbours", branches: tuple[int, ...], seed: int) -> Novelty:
    """Return a score of rows (N, D) as ``concat_normalized`` gives them, outliers left out."""
    return _fit_rows(rows[~neighbours.find_outliers(np.arange(len(rows)))], branches, seed)


def _fit_rows(rows: Floats, branches: tuple[int, ...], seed: int) -> Novelty:
    """Return a score of rows (N, D) as ``concat_normalized`` gives them, of which none is an outlier."""
    centre = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = rows - centre
    directions = _find_directions(centred, seed)
    return Novelty(KIND, branches, 1.0, 1.0, centre, directions, _cluster(centred @ directions, seed))


def set_acceptance(novelty: Novelty, scores: NDArray[np.floating], acceptance: float) -> Novelty:
    """Return the score with its threshold where so many of the samples held out are accepted.

    Of n + 1 exchangeable samples, the last is among the k of smallest score with a chance of k / (n + 1).
    So the threshold is the k-th smallest of n scores, k = ceil((n + 1) acceptance), or their largest where n is too
    small for that.

    Args:
        novelty: any; its earlier threshold is replaced.
        scores: (n,) what ``novelty.score`` says of familiar samples that it was not fitted on, n at least 1.
        acceptance: share of such samples that shall be accepted, 0 to 1.
    """
    ordered = np.sort(np.asarray(scores, np.float64))
    k = min(len(ordered), max(1, ceil(round((len(ordered) + 1) * acceptance, 9))))
    threshold = max(float(ordered[k - 1]), 1e-6)
    return replace(novelty, ood_acceptance=acceptance, scale=novelty.scale / threshold)


def score_left_out(features: Sequence[Floats], labels: Ints, groups: Ints, *, seed: int) -> Floats:
    """Return the score of each sample by a fit without its fold, (N,), in units of distance.

    Where all samples are one group nothing can be left out, and these are the scores of the fit itself.
    """
    rows = concat_normalized(features)
    scores = _score_folds(rows, _Neighbours(rows), labels, groups, seed)
    return fit_unscaled(features, branches=(0,), seed=seed).score(features) if scores is None else scores


def _score_folds(rows: Floats, neighbours: "_Neighbours", labels: Ints, groups: Ints, seed: int) -> Floats | None:
    """Return the score of each row (N, D) by a fit without its fold, (N,); None where all are one group."""
    folds = min(FOLDS, len(np.unique(groups)))
    if folds < 2:
        return None
    fold, scores = assign_folds(labels, groups, folds, seed), np.empty(len(labels), np.float32)

    def score_fold(index: int) -> None:
        held = fold == index
        kept = np.flatnonzero(~held)
        familiar = rows[kept[~neighbours.find_outliers(kept)]]
        scores[held] = _fit_rows(familiar, (0,), seed).score_rows(rows[held])

    cores = count_cores()
    with share_threads(cores), ThreadPoolExecutor(cores) as pool:
        list(pool.map(score_fold, np.unique(fold)))
    return scores


def find_outliers(rows: Floats) -> Bools:
    """Return which samples stand apart from all others, (N,): they must not make what is like them familiar.

    Args:
        rows: (N, D) features as ``concat_normalized`` gives them.
    """
    return _Neighbours(rows).find_outliers(np.arange(len(rows)))


class _Neighbours:
    """The nearest neighbours of samples, found once, by which those that stand apart in any part of them are told."""

    def __init__(self, rows: Floats):
        """Find them for rows (N, D) as ``concat_normalized`` gives them."""
        self._rows, self._squares = rows, np.square(rows).sum(axis=1)
        count = min(NEIGHBOURS, len(rows))
        self._nearest = np.empty((len(rows), count), np.int64)  #: the nearest first; a row is its own nearest
        self._distances = np.empty((len(rows), count), np.float32)  #: squared
        for start in range(0, len(rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            apart = self._measure(np.arange(len(rows))[part], slice(None))
            nearest = np.argpartition(apart, count - 1, axis=1)[:, :count]
            found = np.take_along_axis(apart, nearest, axis=1)
            order = np.argsort(found, axis=1, kind="stable")
            self._nearest[part] = np.take_along_axis(nearest, order, axis=1)
            self._distances[part] = np.take_along_axis(found, order, axis=1)

    def find_outliers(self, kept: Ints) -> Bools:
        """Return which of some samples stand apart from the others of these, (len(kept),).

        Args:
            kept: their indices, ascending.
        """
        if len(kept) <= 2 * NEIGHBOUR:
            return np.zeros(len(kept), bool)
        inside = np.zeros(len(self._rows), bool)
        inside[kept] = True
        counts = np.cumsum(inside[self._nearest[kept]], axis=1)
        far = self._distances[kept, np.minimum((counts <= NEIGHBOUR).sum(axis=1), counts.shape[1] - 1)]
        beyond = np.flatnonzero(counts[:, -1] <= NEIGHBOUR)  # too few of the nearest are among these
        for start in range(0, len(beyond), _BLOCK):
            some = beyond[start : start + _BLOCK]
            far[some] = np.partition(self._measure(kept[some], kept), NEIGHBOUR, axis=1)[:, NEIGHBOUR]
        far = np.sqrt(np.maximum(far, 0))
        return np.asarray(far > ODD * np.quantile(far, 0.95) + 1e-3)  # float32 keeps distances of equal rows to this

    def _measure(self, some: Ints, others: Ints | slice) -> Floats:
        """Return the squared distances of some rows to others, (S, O)."""
        products = self._rows[some] @ self._rows[others].T
        return np.asarray(self._squares[some, None] + self._squares[others] - 2 * products)


def _draw_rows(rows: int, seed: int) -> Ints:
    """Return all rows, or a sample of them in their order."""
    if rows <= SAMPLE:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, SAMPLE, replace=False))


def _find_directions(centred: Floats, seed: int) -> Floats:
    """Return orthonormal directions of most variance, (D, R), by subspace iteration."""
    rank = max(1, min(DIRECTIONS, len(centred) - 1, centred.shape[1]))
    spare = min(rank + 16, *centred.shape) if min(centred.shape) > rank else rank
    start = np.random.default_rng(seed).standard_normal((centred.shape[1], spare), dtype=np.float32)
    basis = iterate_subspace(lambda block: centred.T @ (centred @ block), np.linalg.qr(start)[0])
    places = centred @ basis
    turn = np.linalg.eigh((places.T @ places).astype(np.float64))[1][:, ::-1][:, :rank]
    return np.ascontiguousarray(basis @ turn.astype(np.float32))


def _cluster(places: Floats, seed: int) -> Floats:
    """Return at most ``POINTS`` points (K, R) for places (N, R): these themselves, or centres by Lloyd's algorithm."""
    if len(places) <= POINTS:
        return np.ascontiguousarray(places)
    points = places[np.random.default_rng(seed).choice(len(places), POINTS, replace=False)]
    for _ in range(_ROUNDS):
        own = (np.square(points).sum(axis=1) - 2 * places @ points.T).argmin(axis=1)
        order = np.argsort(own, kind="stable")
        names, first = np.unique(own[order], return_index=True)
        counts = np.diff(np.append(first, len(own)))
        points[names] = np.add.reduceat(places[order], first, axis=0) / counts[:, None].astype(np.float32)
    return points
