"""Suspicious numbers: those far from what heads expect that had not seen their samples.

How far is far depends on the place: where predictions are large, errors often are. So a residual is divided by the
local spread, the median of the residuals of samples with like predictions, scaled to a standard deviation (the median
absolute deviation; Iglewicz & Hoaglin, 1993, How to Detect and Handle Outliers, ASQC, from where the limit of 3.5 is).

A number that is far off bends the heads that are fitted with it, and hides others. So suspects are drawn in to their
limit and the heads fitted again (Huber's modified residuals; Huber & Dutter, 1974, Compstat, 165-172).

Numbers above 0 that differ by more than their own size, such as prices and counts, are held against their logarithms
too: there a number whose point was moved to the left stands out as much as one whose point was moved to the right.

How likely a residual is by chance is taken from a two-sided exponential tail, heavier than a normal one, for residuals
of real data are; and how many so large are expected among all, over how many there are, is the share of false alarms
among these (Benjamini & Hochberg, 1995, J. Royal Statistical Society B 57).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.diagnostics.label_review import MOST_DOUBTS, Doubt, DoubtKind, LabelSuspect
from headstart_runtime.arrays import Bools, Doubles, Floats
from headstart_runtime.tasks.task import Target

LIMIT = 3.5  #: local standard deviations from where on a number is doubted
ROUNDS = 3  #: of fits at most, with suspects drawn in
_NORMAL = 1.4826  #: times the median absolute residual is the standard deviation of a normal one
_HALF = 0.6745  #: of these standard deviations is the median absolute residual
_FLOOR = 0.25  #: of the spread over all samples, below which no local spread is believed
_WINDOW = 0.1  #: of the samples that are like in prediction, and at least as many as follow
_FEWEST = 25
_ANCHORS = 512  #: places where the local spread is measured; between them it is interpolated
_SHIFTS = (-3, -2, -1, 1, 2, 3)  #: places that a decimal point may have been moved
WIDE = 3.0  #: times the 5 % quantile is the 95 % one of numbers that are held against their logarithms too


@dataclass(frozen=True, slots=True)
class NumberResiduals:
    """Numbers beside what was expected, held out."""

    expected: Doubles  #: (N, K)
    spread: Doubles  #: (N, K) local standard deviation of the residuals
    deviations: Doubles  #: (N, K) residuals by their spread, given less expected; NaN where a number is unknown


def measure_residuals(targets: Doubles, predict: Callable[[Doubles], Floats]) -> NumberResiduals:
    """Return residuals of numbers (N, K), NaN unknown; of each the further one, by itself and by its logarithm.

    Args:
        targets: (N, K).
        predict: gives held-out predictions (N, K) by heads that are fitted to given targets (N, K).
    """
    plain, wide = _measure_robustly(targets, predict), find_wide_columns(targets)
    if not wide.any():
        return plain
    logged = _measure_robustly(np.log(targets, out=targets.copy(), where=wide & np.isfinite(targets)), predict)
    further = wide & (np.abs(np.nan_to_num(logged.deviations)) > np.abs(np.nan_to_num(plain.deviations)))
    expected = np.exp(logged.expected, out=logged.expected.copy(), where=wide)
    return NumberResiduals(
        expected=np.where(further, expected, plain.expected),
        spread=np.where(further, expected * logged.spread, plain.spread),
        deviations=np.where(further, logged.deviations, plain.deviations),
    )


def find_wide_columns(targets: Doubles) -> Bools:
    """Return the columns (K,) of numbers (N, K) that are all above 0 and differ by more than their own size."""
    wide = np.zeros(targets.shape[1], bool)
    for place, column in enumerate(targets.T):
        known = column[np.isfinite(column)]
        if len(known) and known.min() > 0:
            low, high = np.quantile(known, [0.05, 0.95])
            wide[place] = high >= WIDE * low
    return wide


def _measure_robustly(targets: Doubles, predict: Callable[[Doubles], Floats]) -> NumberResiduals:
    """Return residuals of numbers (N, K), with suspects drawn in until no other one is found.

    Args:
        targets: (N, K).
        predict: gives held-out predictions (N, K) by heads that are fitted to given targets (N, K).
    """
    drawn, seen = targets, np.zeros(targets.shape, bool)
    for _ in range(ROUNDS):
        expected = np.asarray(predict(drawn), np.float64).reshape(targets.shape)
        found = _compare(targets, expected)
        far: Bools = np.abs(np.nan_to_num(found.deviations)) > LIMIT
        if not (far & ~seen).any():
            return found
        seen |= far
        limits = LIMIT * found.spread
        drawn = np.where(seen, np.clip(targets, expected - limits, expected + limits), targets)
    return found


def find_number_issues(
    ids: Sequence[str], targets: Doubles, residuals: NumberResiduals, describe: Callable[[Target], str]
) -> tuple[LabelSuspect, ...]:
    """Return every sample with a number that is doubted, the furthest off first.

    Args:
        ids: of N samples.
        targets: (N, K), NaN where a number is unknown.
        residuals: of them.
        describe: writes the target of a sample, a tuple of K, as a person does.
    """
    strengths = np.abs(np.nan_to_num(residuals.deviations))
    worst = strengths.max(axis=1)
    chances = estimate_false_alarms(worst, int(np.isfinite(targets).sum()))
    usual = _find_usual_ranges(targets, residuals)
    return tuple(
        _make_suspect(ids[row], targets[row], residuals, row, float(chances[row]), describe, usual)
        for row in np.argsort(-worst, kind="stable").tolist()
        if worst[row] > LIMIT
    )


def _find_usual_ranges(targets: Doubles, residuals: NumberResiduals) -> Doubles:
    """Return the least and the largest, (2, K), of the numbers that are not doubted; any number where all are."""
    plain = np.where(np.abs(np.nan_to_num(residuals.deviations)) > LIMIT, np.nan, targets)
    known = np.isfinite(plain)
    low, high = np.where(known, plain, np.inf).min(axis=0), np.where(known, plain, -np.inf).max(axis=0)
    some = known.any(axis=0)
    return np.stack([np.where(some, low, -np.inf), np.where(some, high, np.inf)])


def estimate_false_alarms(strengths: Doubles, tested: int) -> Doubles:
    """Return for each of N strengths the share (N,) of those as large that chance would make, at most 1.

    Args:
        strengths: (N,) of samples, each the largest of its numbers.
        tested: numbers of all samples.
    """
    order = np.argsort(-strengths, kind="stable")
    tails = np.exp2(-strengths[order] / _HALF)
    shares = np.minimum(1.0, tested * tails / np.arange(1, len(strengths) + 1))
    found = np.empty(len(strengths))
    found[order] = np.minimum.accumulate(shares[::-1])[::-1]
    return found


def measure_local_spread(residuals: Doubles, expected: Doubles) -> Doubles:
    """Return the standard deviation of residuals (N,) among those of like predictions (N,); robust, above 0."""
    size, order = len(residuals), np.argsort(expected, kind="stable")
    ordered = np.abs(residuals[order])
    window = min(size, max(_FEWEST, round(_WINDOW * size)))
    starts = np.unique(np.linspace(0, size - window, min(_ANCHORS, size - window + 1)).astype(np.int64))
    medians = np.median(np.lib.stride_tricks.sliding_window_view(ordered, window)[starts], axis=1)
    spread = np.empty(size)
    spread[order] = np.interp(np.arange(size), starts + (window - 1) / 2, medians)
    overall = float(np.median(ordered))
    if overall <= 0:  # more than half are told exactly
        overall = float(ordered.mean()) or 1.0
    return np.asarray(_NORMAL * np.maximum(spread, _FLOOR * overall))


def _compare(targets: Doubles, expected: Doubles) -> NumberResiduals:
    spread, deviations = np.ones(targets.shape), np.full(targets.shape, np.nan)
    for column in range(targets.shape[1]):
        known = np.isfinite(targets[:, column])
        if known.any():
            away = targets[known, column] - expected[known, column]
            spread[known, column] = measure_local_spread(away, expected[known, column])
            deviations[known, column] = away / spread[known, column]
    return NumberResiduals(expected, spread, deviations)


def _make_suspect(
    id_: str,
    target: Doubles,
    residuals: NumberResiduals,
    row: int,
    chance: float,
    describe: Callable[[Target], str],
    usual: Doubles,
) -> LabelSuspect:
    deviations = np.nan_to_num(residuals.deviations[row])
    columns = [column for column in np.argsort(-np.abs(deviations), kind="stable") if abs(deviations[column]) > LIMIT]
    likely, doubts = target.copy(), []
    for column in columns[:MOST_DOUBTS]:
        given, expected = float(target[column]), float(residuals.expected[row, column])
        spread = float(residuals.spread[row, column])
        moved = find_moved_point(given, expected, spread)
        if moved is not None and not usual[0, column] <= moved <= usual[1, column]:
            moved = None
        likely[column] = round_to_spread(expected, spread) if moved is None else moved
        kind: DoubtKind = "decimal point" if moved is not None else "too low" if given < expected else "too high"
        doubts.append(Doubt(int(column), kind, given, expected, float(abs(deviations[column]))))
    return LabelSuspect(
        id=id_,
        given=describe(_to_target(target)),
        likely=describe(_to_target(likely)),
        given_probability=chance,
        likely_probability=1 - chance,
        doubts=tuple(doubts),
    )


def find_moved_point(given: float, expected: float, spread: float) -> float | None:
    """Return the number with its decimal point moved so that it is what was expected; None where none is like that."""
    if not given:
        return None
    moved = [float(f"{given!r}e{shift}") if "e" not in repr(given) else given * 10.0**shift for shift in _SHIFTS]
    best = min(moved, key=lambda number: abs(number - expected))
    return best if abs(best - expected) <= 2 * spread else None


def round_to_spread(value: float, spread: float) -> float:
    """Return a number with as many digits as its spread has: more would only look exact."""
    if not np.isfinite(value) or spread <= 0:
        return value
    return float(round(value, int(np.clip(1 - np.floor(np.log10(spread)), -12, 12))))


def _to_target(row: Doubles) -> Target:
    return tuple(float(value) for value in row)
