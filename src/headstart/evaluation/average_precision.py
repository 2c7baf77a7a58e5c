"""Average precision of labels by the order of their scores, in NumPy; scikit-learn is the second opinion in the tests.

A label's average precision is the mean, over the rows that have it, of the precision among all rows with as high a
score; rows of equal score count together. The mean over the labels is the mean average precision (mAP).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.grouping import number_groups
from headstart_runtime.arrays import Doubles, Floats, Ints

MOST_CELLS = 20_000_000  #: rows x labels x resamples that one interval may take
FEWEST, MOST = 100, 1000  #: resamples of an interval


@dataclass(frozen=True, slots=True)
class _Ranking:
    """The rows of which a label is known, by falling score."""

    rows: Ints  #: (M,)
    there: NDArray[np.bool_]  #: (M,) whether each has the label
    ends: Ints  #: (M,) the place of the last row of equal score

    @property
    def told(self) -> bool:
        """Whether some rows have the label and some do not."""
        return bool(self.there.any()) and not bool(self.there.all())


def average_precisions(targets: NDArray[np.integer], scores: NDArray[np.floating]) -> Doubles:
    """Return the average precision of each label, (K,); NaN where no row has it, or all rows: there is no order then.

    Args:
        targets: (N, K) 1 there, 0 absent, -1 unknown; rows of which a label is unknown do not count for it.
        scores: (N, K).
    """
    found = np.full(targets.shape[1], np.nan)
    for label, ranking in _rank_labels(targets, scores):
        if ranking.told:
            hits = np.cumsum(ranking.there)
            found[label] = (hits[ranking.ends] / (ranking.ends + 1))[ranking.there].mean()
    return found


def mean_average_precision(targets: NDArray[np.integer], scores: NDArray[np.floating]) -> float:
    """Return the mean over the labels that some rows have and some do not, of (N, K) each; 0 where there is none."""
    found = average_precisions(targets, scores)
    known = np.isfinite(found)
    return float(found[known].mean()) if known.any() else 0.0


def resample_average_precisions(targets: NDArray[np.integer], scores: NDArray[np.floating], weights: Floats) -> Doubles:
    """Return the average precision of each label in each resample, (R, K); NaN where no row of it has the label.

    Args:
        targets: (N, K).
        scores: (N, K).
        weights: (R, N) how often each row was drawn.
    """
    found = np.full((len(weights), targets.shape[1]), np.nan)
    for label, ranking in _rank_labels(targets, scores):
        drawn = weights[:, ranking.rows].astype(np.float64)
        above = np.cumsum(drawn, axis=1)
        if not ranking.told:
            continue
        places = np.flatnonzero(ranking.there)
        own = drawn[:, places]
        hits = np.cumsum(own, axis=1)
        last = np.searchsorted(places, ranking.ends[places], side="right") - 1
        precision = hits[:, last] / np.maximum(above[:, ranking.ends[places]], 1e-9)
        total = hits[:, -1]
        found[:, label] = np.divide((own * precision).sum(axis=1), total, out=found[:, label], where=total > 0)
    return found


def score_rows_by_influence(targets: NDArray[np.integer], scores: NDArray[np.floating]) -> Doubles:
    """Return a number for each row, (N,), whose mean is the mean average precision.

    It is that, plus N times its derivative by the weight of the row (the empirical influence function: Efron &
    Tibshirani, 1993, An Introduction to the Bootstrap, section 21.3; Hampel, 1974, J. American Statistical Association
    69). So their spread says how sure the mean average precision is, as it does of scores that are averaged.
    """
    rows = len(targets)
    total, counted = np.zeros(rows), 0
    for _, ranking in _rank_labels(targets, scores):
        positives = int(ranking.there.sum())
        if not ranking.told:
            continue
        counted += 1
        hits, above = np.cumsum(ranking.there)[ranking.ends], ranking.ends + 1.0
        precision = hits / above
        area = precision[ranking.there].mean()
        # A row changes the precision at every row that has the label and no higher score.
        gained, lost = ranking.there / above, ranking.there * hits / above**2
        first = _find_first(ranking.ends)
        gained_below = np.cumsum(gained[::-1])[::-1][first]
        lost_below = np.cumsum(lost[::-1])[::-1][first]
        slope = ranking.there * (precision - area + gained_below) - lost_below
        total[ranking.rows] += slope / positives
    if not counted:
        return np.zeros(rows)
    return mean_average_precision(targets, scores) + rows * total / counted


def draw_group_weights(groups: Ints, labels: int, seed: int) -> Floats:
    """Return how often each row is drawn in each of some resamples of whole groups, (R, N); fewer where rows are many.

    Args:
        groups: (N,) any numbers.
        labels: K, of what will be resampled.
        seed: decides.
    """
    numbers = number_groups(groups)
    count = int(numbers.max(initial=-1)) + 1
    draws = int(np.clip(MOST_CELLS // max(1, len(groups) * labels), FEWEST, MOST))
    random = np.random.default_rng(seed)
    drawn = random.integers(0, count, (draws, count)) + count * np.arange(draws)[:, None]
    weights = np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count)
    return weights.astype(np.float32)[:, numbers]


def mean_over_labels(values: Doubles) -> Doubles:
    """Return means over the labels that are known, of values (..., K), in (...); 0 where none is."""
    known = np.isfinite(values)
    return np.asarray(np.where(known, values, 0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1), np.float64)


def _rank_labels(targets: NDArray[np.integer], scores: NDArray[np.floating]) -> Iterator[tuple[int, _Ranking]]:
    for label in range(targets.shape[1]):
        rows = np.flatnonzero(targets[:, label] >= 0)
        rows = rows[np.argsort(-scores[rows, label], kind="stable")]
        own = scores[rows, label]
        last = np.append(np.flatnonzero(np.diff(own)), len(own) - 1)
        ends = last[np.searchsorted(last, np.arange(len(own)))] if len(own) else np.zeros(0, np.int64)
        yield label, _Ranking(rows, targets[rows, label] == 1, ends)


def _find_first(ends: Ints) -> Ints:
    """Return the place of the first row of equal score, (M,), from the places of the last."""
    return np.searchsorted(ends, ends, side="left")
