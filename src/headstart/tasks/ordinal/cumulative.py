"""``logistic``: L2-penalised cumulative logistic regression on standardised features (proportional odds).

The objective is that of ``descent``; the penalty is chosen by cross-validation over a path of growing C, the folds
side by side with each C starting from the last, as the logistic regression for classes without an order does it
(``heads.logistic``). Chosen is the smallest C whose cross-validated log loss is within 5 % of the lowest.
"""

from collections.abc import Mapping
from time import perf_counter

import numpy as np

from headstart.arrays import Bools, Doubles, Floats, Ints
from headstart.heads.closed_form import compute_sample_weight
from headstart.heads.folds import FoldGroups, assign_folds, count_folds, find_counted_rows, make_fold_groups
from headstart.heads.head import Dense, FitResult, Head, TrainingSet, Trial
from headstart.heads.logistic import approach_strength, choose_strength, has_risen
from headstart.heads.scaling import Scaling
from headstart.heads.space import ParameterSpace, choose_space
from headstart.heads.threads import limit_to_idle_threads
from headstart.settings import HeadSettings
from headstart.tasks.ordinal.descent import RankSolution, minimise_ranks, pose_problems, start_solution
from headstart.tasks.ordinal.distribution import distribute, find_medians

_ROUGH, _FINE = 1e-4, 1e-8  #: tolerances (see ``minimise_ranks``) on the path and of the head that is kept
_HELD_OUT = 1e-6  #: tolerance of heads that are asked about held-out rows and not kept
_STEPS = 500
_UNSURE = 1e-2  #: C where nothing can be held out


def fit_cumulative(
    training_set: TrainingSet, options: HeadSettings, fixed: Mapping[str, float] | None = None
) -> FitResult:
    """Fit a cumulative logistic regression, see the module. ``chosen`` is ``{"C": ...}``.

    Its one layer gives K numbers: the location, and K - 1 thresholds, whose weights are 0. A rank without rows has a
    probability of about 1 / (rows + 1) before the features speak.
    """
    began = perf_counter()
    scaling = Scaling.fit(training_set.features)
    space = choose_space(scaling.transform(training_set.features), training_set.seed)
    path: tuple[Trial, ...] = ()
    together = make_fold_groups(training_set.targets, training_set.groups)
    if fixed is not None:
        C = float(fixed["C"])
    elif together.counted.any():
        path = _walk(space, training_set, together, options)
        C = choose_strength(path)
    else:
        C = _UNSURE
    problem = pose_problems(training_set.targets, _weigh(training_set)[None], training_set.outputs)
    solution = start_solution(space, problem)
    for lower in approach_strength(C):
        minimise_ranks(space, problem, solution, lower, _ROUGH, _STEPS)
    minimise_ranks(space, problem, solution, C, _FINE, _STEPS)
    layer = _make_layer(space.weights(solution.unknown[:, 0]), solution.thresholds[0], scaling)
    return FitResult(Head("logistic", (layer,)), {"C": C}, path, perf_counter() - began, together.torn)


def predict_ranks_held_out(training_set: TrainingSet, fold: Ints, C: float) -> Floats:
    """Return probabilities (N, K) of each row by the head at ``C`` that is fitted on the rows of the other folds.

    Args:
        training_set: the rows.
        fold: (N,) in 0..folds-1, two folds at least.
        C: inverse of the penalty.
    """
    with limit_to_idle_threads(training_set.features.size):
        space = choose_space(Scaling.fit(training_set.features).transform(training_set.features), training_set.seed)
        folds = _FoldSolver(space, training_set, fold)
        for lower in approach_strength(C):
            folds.minimise(lower, _ROUGH)
        folds.minimise(C, _HELD_OUT)
        return folds.predict()


def _weigh(training_set: TrainingSet) -> Floats:
    """Return the weight of each row, (N,)."""
    weights = compute_sample_weight(training_set.targets, training_set.outputs, training_set.balanced)
    return np.asarray(weights, np.float32)


class _FoldSolver:
    """The problems that each leave out a fold, side by side."""

    def __init__(self, space: ParameterSpace, training_set: TrainingSet, fold: Ints):
        self._space, self._fold = space, fold
        kept = (fold != np.arange(fold.max() + 1)[:, None]).astype(np.float32)
        self._problems = pose_problems(training_set.targets, kept * _weigh(training_set), training_set.outputs)
        self._at: RankSolution = start_solution(space, self._problems)

    def minimise(self, C: float, tolerance: float) -> None:
        """Move all problems to their minima for ``C``."""
        minimise_ranks(self._space, self._problems, self._at, C, tolerance, _STEPS)

    def predict(self) -> Floats:
        """Return the probabilities (N, K) of each row by the problem that left it out."""
        rows = np.arange(len(self._fold))
        cumulative = self._at.location[self._fold, rows][:, None] - self._at.thresholds[self._fold]
        return np.asarray(distribute(cumulative), np.float32)


def _walk(
    space: ParameterSpace, training_set: TrainingSet, together: FoldGroups, options: HeadSettings
) -> tuple[Trial, ...]:
    """Return cross-validated scores along the path of C."""
    folds_wanted = count_folds(training_set.targets, together.groups, options.folds)
    fold = assign_folds(training_set.targets, together.groups, folds_wanted, training_set.seed)
    folds = _FoldSolver(space, training_set, fold)
    counted: Bools = find_counted_rows(together, training_set.targets, fold)
    weights: Doubles = _weigh(training_set).astype(np.float64) * counted
    path: list[Trial] = []
    for C in np.geomspace(options.c_low, options.c_high, options.c_points):
        folds.minimise(float(C), _ROUGH)
        path.append(score_rank_trial(float(C), folds.predict(), training_set.targets, weights))
        if has_risen([trial.loss for trial in path]):
            break
    return tuple(path)


def score_rank_trial(value: float, probabilities: Floats, ranks: Ints, weights: Doubles) -> Trial:
    """Return a point of a path: mean log loss (nats) and mean distance in ranks over rows that weigh so much, (N,)."""
    own = probabilities[np.arange(len(ranks)), ranks].astype(np.float64)
    lost, away = -np.log(np.maximum(own, 1e-15)), np.abs(find_medians(probabilities) - ranks)
    return Trial(value, float(np.average(lost, weights=weights)), float(np.average(away, weights=weights)))


def _make_layer(weight: Floats, thresholds: Doubles, scaling: Scaling) -> Dense:
    """Return weights (D, 1) of the location and thresholds (K - 1,) as one layer of K numbers."""
    location = scaling.unfold(weight, np.zeros(1, np.float32))
    flat = np.zeros((len(weight), len(thresholds)), np.float32)
    return Dense(
        np.concatenate([location.weight, flat], axis=1),
        np.concatenate([location.bias, thresholds.astype(np.float32)]),
    )
