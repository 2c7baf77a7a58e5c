"""``logistic``: cumulative logits pooled with a logit for each rank, both solved, by cross-validation.

Proportional odds know that ranks have an order, and see them along one direction of the features. A logistic regression
sees each rank for itself, along as many directions, and knows nothing of an order. Their logarithmic pool (Genest &
Zidek, 1986, Combining probability distributions, Statistical Science 1) is a distribution of the one times one of the
other, each to a power: it is better than either on drawn dials (``benchmarks/grades.py``), and falls back on one of
them where that is all there is to know. How much the ranks' own logits have to say, and how sure both are together, is
chosen on held-out answers, and the strength C of the cumulative part with them: the smallest whose log loss is within
5 % of the lowest, as ``heads.logistic`` chooses it, or within .01 nats: where all rows are told apart, steeper heads
gain nothing but answers that rounding moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from time import perf_counter

import numpy as np

from headstart.heads.folds import FoldGroups, assign_folds, count_folds, find_counted_rows, make_fold_groups
from headstart.heads.head import Dense, FitResult, Head, TrainingSet, Trial
from headstart.heads.kernel_rows import reads_kernel_rows
from headstart.heads.logistic import fit_logistic, predict_held_out, predict_side_by_side
from headstart.settings import HeadSettings
from headstart.tasks.ordinal.cumulative import solve_cumulative, trace_held_out, weigh_ranks
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.linalg import softmax
from headstart_runtime.tasks.ordinal.distribution import SMALLEST, distribute, find_medians

SHARES = (0.0, 0.5, 1.0, 2.0)  #: of the ranks' own logits that are tried; 0 is proportional odds alone
SCALES = (0.35, 0.5, 0.7, 1.0, 1.4)  #: of both together that are tried
_UNSURE = 1e-2  #: C where nothing can be held out
_NEAR, _AS_GOOD = 1.05, 0.01  #: losses within that multiple of the lowest, or so many nats above, count as equal


@dataclass(frozen=True, slots=True)
class PoolChoice:
    """The hyperparameters of a pool."""

    C: float  #: of the cumulative part, inverse of the penalty
    class_strength: float  #: of the ranks' own logits
    share: float  #: of the ranks' own logits
    scale: float  #: of both

    def to_record(self) -> dict[str, float]:
        """Return the choice as a head's ``chosen``, the value of the path first."""
        return {"C": self.C, "class_strength": self.class_strength, "share": self.share, "scale": self.scale}


def read_pool_choice(chosen: Mapping[str, float]) -> PoolChoice:
    """Return the choice that ``to_record`` wrote."""
    return PoolChoice(*(float(chosen[name]) for name in ("C", "class_strength", "share", "scale")))


@reads_kernel_rows
def fit_pooled(training_set: TrainingSet, options: HeadSettings, fixed: Mapping[str, float] | None = None) -> FitResult:
    """Fit a pool, see the module. Its one layer gives 2 K numbers: location, thresholds, and a logit for each rank.

    Args:
        training_set: the rows; their outputs are 2 K.
        options: of the heads.
        fixed: ``chosen`` of an earlier fit; None chooses.
    """
    began = perf_counter()
    rows = replace(training_set, outputs=training_set.outputs // 2, disposable=False)
    together = make_fold_groups(rows.targets, rows.groups)
    path: tuple[Trial, ...] = ()
    choice = PoolChoice(_UNSURE, _UNSURE, 1.0, 0.5)
    if fixed is not None:
        choice = read_pool_choice(fixed)
        classes = fit_logistic(rows, options, {"C": choice.class_strength})
    elif together.counted.any():
        class_strength = _choose_weakest(fit_logistic(rows, options).path)
        choice, path = _choose_pool(rows, together, options, class_strength)
        classes = fit_logistic(rows, options, {"C": class_strength})
    else:
        classes = fit_logistic(rows, options, {"C": _UNSURE})
    layer = _join(
        solve_cumulative(replace(rows, disposable=training_set.disposable), choice.C), classes.head.layers[0], choice
    )
    return FitResult(Head("logistic", (layer,)), choice.to_record(), path, perf_counter() - began, together.torn)


def predict_pooled_held_out(training_set: TrainingSet, fold: Ints, choice: PoolChoice) -> Floats:
    """Return probabilities (N, K) of each row by the pool that is fitted on the rows of the other folds.

    Args:
        training_set: the rows; their outputs are 2 K.
        fold: (N,) in 0..folds-1, two folds at least.
        choice: the hyperparameters.
    """
    rows = replace(training_set, outputs=training_set.outputs // 2, disposable=False)
    (held_out,) = trace_held_out(rows, fold, [choice.C])
    logs = np.log(np.maximum(predict_held_out(rows, fold, choice.class_strength), SMALLEST))
    return np.asarray(_pool(held_out.cumulative, logs.astype(np.float64), choice.share, choice.scale), np.float32)


def _choose_pool(
    rows: TrainingSet, together: FoldGroups, options: HeadSettings, class_strength: float
) -> tuple[PoolChoice, tuple[Trial, ...]]:
    """Return the choice, and the path of C with the best share and scale at each."""
    count = count_folds(rows.targets, together.groups, options.folds)
    fold = assign_folds(rows.targets, together.groups, count, rows.seed)
    weights: Doubles = weigh_ranks(rows).astype(np.float64) * find_counted_rows(together, rows.targets, fold)
    strengths = [float(C) for C in np.geomspace(options.c_low, options.c_high, options.c_points)]
    (by_class,) = predict_side_by_side(rows, fold, [class_strength])
    logs = np.log(np.maximum(by_class.astype(np.float64), SMALLEST))
    path: list[Trial] = []
    choices: dict[float, PoolChoice] = {}
    for held_out in trace_held_out(rows, fold, strengths, weights):
        tried = []
        for share, scale in product(SHARES, SCALES):
            said = _pool(held_out.cumulative, logs, share, scale)
            tried.append((score_rank_trial(held_out.C, said, rows.targets, weights), share, scale))
        trial, share, scale = min(tried, key=lambda one: one[0].loss)
        path.append(trial)
        choices[held_out.C] = PoolChoice(held_out.C, class_strength, share, scale)
    return choices[_choose_weakest(path)], tuple(path)


def _find_enough(trials: Sequence[Trial]) -> float:
    """Return the loss up to which trials count as equal to the best."""
    lowest = min(trial.loss for trial in trials)
    return max(_NEAR * lowest, lowest + _AS_GOOD)


def _choose_weakest(path: Sequence[Trial]) -> float:
    """Return the smallest value of a growing path whose loss counts as equal to the lowest."""
    enough = _find_enough(path)
    return next(trial.value for trial in path if trial.loss <= enough)


def _pool(cumulative: Doubles, logs: Doubles, share: float, scale: float) -> Doubles:
    """Return the pool (N, K) of cumulative logits (N, K - 1) and of the ranks' own logits (N, K)."""
    ordered = np.log(np.maximum(distribute(scale * cumulative), SMALLEST))
    return softmax(ordered + scale * share * logs)


def _join(ordered: Dense, classes: Dense, choice: PoolChoice) -> Dense:
    """Return both parts as one layer of 2 K numbers."""
    factors = np.float32(choice.scale), np.float32(choice.scale * choice.share)
    return Dense(
        np.concatenate([factors[0] * ordered.weight, factors[1] * classes.weight], axis=1),
        np.concatenate([factors[0] * ordered.bias, factors[1] * classes.bias]),
    )


def score_rank_trial(value: float, probabilities: Doubles, ranks: Ints, weights: Doubles) -> Trial:
    """Return a point of a path: mean log loss (nats) and mean distance in ranks over rows that weigh so much, (N,)."""
    own = probabilities[np.arange(len(ranks)), ranks]
    lost, away = -np.log(np.maximum(own, 1e-15)), np.abs(find_medians(probabilities) - ranks)
    return Trial(value, float(np.average(lost, weights=weights)), float(np.average(away, weights=weights)))
