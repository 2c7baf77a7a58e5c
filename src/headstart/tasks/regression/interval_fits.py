"""Intervals of numbers by split conformal prediction, fitted on items that the model has not seen.

The half width of an interval is the quantile of the held-out errors, each over the scale at its predicted value, at the
rank ceil((n + 1) * coverage) of n: then an interval holds the true number of a further item of the same kind with a
probability of at least ``coverage`` (Vovk, Gammerman & Shafer, 2005; Papadopoulos et al., 2002, ECML; Lei et al., 2018,
J. American Statistical Association 113). Items of a group are drawn together, so that as many draws count as there are
groups.

A scale that was fitted on the same errors as the quantile would flatter: errors are divided by scales that were fitted
without their fold. Whether intervals are scaled is chosen by the interval score (Gneiting & Raftery, 2007, J. American
Statistical Association 102, section 6.2), and where intervals of one width hold too few, or too many, of the numbers in
some third of the predictions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

import numpy as np

from headstart.evaluation.coverage import find_conformal_rank
from headstart.evaluation.interval_coverage import PARTS
from headstart.heads.folds import assign_folds
from headstart.heads.number_targets import bin_numbers, measure_spreads
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.tasks.regression.intervals import IntervalKind, IntervalRule

IntervalChoice = Literal["auto", "constant", "scaled"]

FOLDS = 5  #: of the held-out items, for scales that are fitted without them
EACH_KNOT, MOST_KNOTS = 25, 8  #: held-out items for each knot of a scale
LEAST_SCALED = 50  #: held-out items from which a scale can be known
_FLOOR = 0.1  #: of the mean error: the least that a scale is
_LARGEST = 0.98  #: quantile of the errors beyond which they count as that
_NEIGHBOURS = 1.5  #: knots to both sides whose errors count, as a triangle
UNEVEN = 2.0  #: standard errors that a third of the predictions may be off by chance


@dataclass(frozen=True, slots=True)
class IntervalFit:
    """Intervals that were fitted, and how they were chosen."""

    rule: IntervalRule | None  #: None where there are too few held-out numbers for the promise
    n: int  #: held-out items, of the number that is known of the fewest
    reason: str  #: for people
    scores: dict[str, float]  #: mean interval score of each kind, over what always saying the median errs by
    worst: dict[str, float]  #: by how much the share that is held in a third of the predictions is off, at most


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """Held-out predictions of one number, where it is known."""

    values: Doubles  #: (n,)
    errors: Doubles  #: (n,) absolute
    groups: Ints  #: (n,)
    fold: Ints  #: (n,)
    spread: float  #: what always saying the median errs by


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    """A scale of errors by the predicted value."""

    knots: Doubles
    heights: Doubles

    def at(self, values: Doubles) -> Doubles:
        """Return the scale at values (n,)."""
        return np.interp(values, self.knots, self.heights)


def fit_intervals(
    true: Doubles, predicted: Floats, groups: Ints, *, coverage: float, kind: IntervalChoice = "auto", seed: int = 0
) -> IntervalFit:
    """Return intervals for held-out predictions.

    Args:
        true: (N, K), NaN where a number is unknown.
        predicted: (N, K), of items that the model was not fitted on.
        groups: (N,) items that belong together.
        coverage: share of items whose interval shall hold the true number.
        kind: of the intervals; auto chooses.
        seed: of the folds.
    """
    spreads = measure_spreads(true)
    columns = [
        _take_column(true[:, at], predicted[:, at], groups, float(spreads[at]), seed) for at in range(true.shape[1])
    ]
    fewest = min(len(column.errors) for column in columns)
    independent, needed = min(_count_groups(column) for column in columns), count_needed_numbers(coverage)
    if independent < needed:
        promise = f"intervals that hold {coverage:.0%} need {needed} held-out numbers that stand by themselves"
        return IntervalFit(None, fewest, f"{promise}, there are {independent}", {}, {})
    able: tuple[IntervalKind, ...] = ("constant",) if fewest < LEAST_SCALED else ("constant", "scaled")
    tried = {one: _try_kind(columns, one, coverage) for one in (able if kind == "auto" else (kind,))}
    chosen, reason = _choose(tried, coverage, fewest) if kind == "auto" else (kind, "as it was asked for")
    return IntervalFit(
        _fit_rule(columns, chosen, coverage),
        fewest,
        reason,
        {name: trial.score for name, trial in tried.items()},
        {name: trial.worst for name, trial in tried.items()},
    )


def count_needed_numbers(coverage: float) -> int:
    """Return how many held-out numbers, each a group of its own, a promise of coverage needs at least."""
    return ceil(coverage / (1 - coverage) - 1e-9)


@dataclass(frozen=True, slots=True)
class _Trial:
    """A kind of intervals, judged on items that neither scale nor quantile were fitted on."""

    score: float  #: mean interval score over the numbers' spreads
    worst: float  #: by how much the share that is held in a third of the predictions is off, at most
    chance: float  #: standard error of a share in a third


def _choose(tried: Mapping[IntervalKind, _Trial], coverage: float, n: int) -> tuple[IntervalKind, str]:
    """Return the kind of intervals that serves best, and why."""
    one = tried["constant"]
    if "scaled" not in tried:
        return "constant", f"{n} held-out numbers are too few for a scale, wanted {LEAST_SCALED}"
    other = tried["scaled"]
    if one.worst > UNEVEN * one.chance and other.worst < one.worst:
        uneven = f"intervals of one width hold {100 * one.worst:.1f} points more or less than {coverage:.0%} in a third"
        return "scaled", f"{uneven} of the predictions, scaled ones {100 * other.worst:.1f}"
    better = other.score < one.score
    words = f"interval score {other.score:.3f} scaled, {one.score:.3f} of one width"
    return ("scaled" if better else "constant"), words


def _take_column(true: Doubles, predicted: Floats, groups: Ints, spread: float, seed: int) -> _Column:
    known = np.isfinite(true)
    values, own = predicted[known].astype(np.float64), groups[known]
    errors = np.abs(values - true[known])
    folds = max(1, min(FOLDS, len(np.unique(own))))
    fold = assign_folds(bin_numbers(values[:, None], PARTS), own, folds, seed) if len(own) else np.zeros(0, np.int64)
    return _Column(values, errors, own, fold, spread)


def _count_groups(column: _Column) -> int:
    return len(np.unique(column.groups))


def _try_kind(columns: Sequence[_Column], kind: IntervalKind, coverage: float) -> _Trial:
    scores, worst, chance = [], 0.0, 0.0
    for column in columns:
        half = _cross_half_widths(column, _cross_scale(column, kind), coverage)
        beyond = np.maximum(column.errors - half, 0)
        scores.append(float((2 * half + 2 / (1 - coverage) * beyond).mean()) / column.spread)
        for rows in np.array_split(np.argsort(column.values, kind="stable"), PARTS):
            share = float((column.errors[rows] <= half[rows]).mean()) if len(rows) else coverage
            worst = max(worst, abs(share - coverage))
        chance = max(chance, sqrt(coverage * (1 - coverage) * PARTS / max(1, _count_groups(column))))
    return _Trial(float(np.mean(scores)), worst, chance)


def _cross_scale(column: _Column, kind: IntervalKind) -> Doubles:
    """Return the scale of each item, (n,), by errors of other folds."""
    scale = np.ones(len(column.errors))
    if kind == "scaled":
        for held in np.unique(column.fold):
            inside = column.fold == held
            own = column if inside.all() else _select(column, ~inside)
            scale[inside] = _fit_scale(own, kind).at(column.values[inside])
    return scale


def _cross_half_widths(column: _Column, scale: Doubles, coverage: float) -> Doubles:
    """Return the half width of each item's interval, (n,), with the quantile of other folds."""
    half, shares = np.empty(len(scale)), column.errors / scale
    for held in np.unique(column.fold):
        inside = column.fold == held
        others = ~inside if not inside.all() else inside
        half[inside] = scale[inside] * _find_quantile(shares[others], column.groups[others], coverage)
    return half


def _fit_rule(columns: Sequence[_Column], kind: IntervalKind, coverage: float) -> IntervalRule:
    factors, scales = [], []
    for column in columns:
        shares = column.errors / _cross_scale(column, kind)
        factors.append(_find_quantile(shares, column.groups, coverage))
        scales.append(_fit_scale(column, kind))
    return IntervalRule(
        kind,
        coverage,
        tuple(factors),
        tuple(tuple(scale.knots.tolist()) for scale in scales),
        tuple(tuple(scale.heights.tolist()) for scale in scales),
    )


def _fit_scale(column: _Column, kind: IntervalKind) -> _Scale:
    """Return the scale: 1 everywhere, or the mean error of predictions around each knot.

    Knots lie where equally many predictions are. What is beyond the largest errors counts as these: one wrong number
    must not widen the intervals around it.
    """
    centre, count = float(np.median(column.values)), min(MOST_KNOTS, max(2, len(column.errors) // EACH_KNOT))
    places = (np.arange(count) + 0.5) / count
    knots = np.unique(np.quantile(column.values, places).astype(np.float32)).astype(np.float64)
    if kind == "constant" or len(knots) < 2:
        return _Scale(np.array([centre]), np.ones(1))
    errors = np.minimum(column.errors, np.quantile(column.errors, _LARGEST))
    order = np.argsort(column.values, kind="stable")
    ranks = np.searchsorted(column.values[order], knots, side="right") / len(order)
    apart = np.abs((np.arange(len(order)) + 0.5) / len(order) - ranks[:, None])
    weights = np.maximum(1 - apart * count / _NEIGHBOURS, 0) + 1e-12
    heights = (weights @ errors[order]) / weights.sum(axis=1)
    least = _FLOOR * float(errors.mean())
    return _Scale(knots, np.maximum(heights, least if least > 0 else 1.0))


def _find_quantile(shares: Doubles, groups: Ints, coverage: float) -> float:
    """Return the smallest share that as many items do not exceed as the promise asks for; the largest of few items."""
    independent = len(np.unique(groups))
    level = find_conformal_rank(coverage, independent) / independent
    rank = min(len(shares), ceil(level * len(shares) - 1e-9))
    return float(np.sort(shares)[rank - 1])


def _select(column: _Column, rows: Bools) -> _Column:
    return _Column(column.values[rows], column.errors[rows], column.groups[rows], column.fold[rows], column.spread)
