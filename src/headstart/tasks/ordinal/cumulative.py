"""Cumulative logistic regression on standardised features (proportional odds), penalised, at a strength C or many.

The objective is that of ``descent``. Folds are solved side by side along one path of growing C, each C starting from
the last, as the logistic regression for classes without an order does it (``heads.logistic``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headstart.heads.closed_form import compute_sample_weight
from headstart.heads.head import NOT_KEPT, Dense, TrainingSet
from headstart.heads.logistic import approach_strength, has_risen
from headstart.heads.scaling import standardise
from headstart.heads.space import choose_space
from headstart.heads.threads import limit_to_idle_threads
from headstart.tasks.ordinal.descent import minimise_ranks, pose_problems, start_solution
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.tasks.ordinal.distribution import SMALLEST, distribute

_ROUGH = 1e-4  #: tolerance (see ``minimise_ranks``) on the path; of the head that is kept the training set says it
_STEPS = 500


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutLogits:
    """Cumulative logits of rows by heads that were fitted without their fold."""

    C: float
    cumulative: Doubles  #: (N, K - 1)


def weigh_ranks(training_set: TrainingSet) -> Floats:
    """Return the weight of each row, (N,)."""
    weights = compute_sample_weight(training_set.targets, training_set.outputs, training_set.balanced)
    return np.asarray(weights, np.float32)


def solve_cumulative(training_set: TrainingSet, C: float) -> Dense:
    """Return the regression at a strength as one layer: the location, and K - 1 thresholds, whose weights are 0.

    A rank without rows has a probability of about 1 / (rows + 1) before the features speak.

    Args:
        training_set: the rows; its outputs are the K ranks.
        C: inverse of the penalty.
    """
    scaling, rows = standardise(training_set)
    space = choose_space(rows, training_set.seed)
    problem = pose_problems(training_set.targets, weigh_ranks(training_set)[None], training_set.outputs)
    solution = start_solution(space, problem)
    for lower in approach_strength(C):
        minimise_ranks(space, problem, solution, lower, _ROUGH, _STEPS)
    minimise_ranks(space, problem, solution, C, training_set.tolerance, _STEPS)
    location = scaling.unfold(space.weights(solution.unknown[:, 0]), np.zeros(1, np.float32))
    flat = np.zeros((len(location.weight), training_set.outputs - 1), np.float32)
    return Dense(
        np.concatenate([location.weight, flat], axis=1),
        np.concatenate([location.bias, solution.thresholds[0].astype(np.float32)]),
    )


def trace_held_out(
    training_set: TrainingSet, fold: Ints, path: Sequence[float], counted: Doubles | None = None
) -> list[HeldOutLogits]:
    """Return held-out answers along a path of growing C.

    Args:
        training_set: the rows; its outputs are the K ranks.
        fold: (N,) in 0..folds-1, two folds at least.
        path: of C.
        counted: (N,) weights of the rows in the loss by which the path ends early, where that has clearly risen; None
            walks the whole path.
    """
    rows = np.arange(len(fold))
    with limit_to_idle_threads(training_set.features.size):
        space = choose_space(standardise(training_set)[1], training_set.seed)
        kept = (fold != np.arange(fold.max() + 1)[:, None]).astype(np.float32)
        problems = pose_problems(training_set.targets, kept * weigh_ranks(training_set), training_set.outputs)
        at = start_solution(space, problems)
        for lower in approach_strength(path[0]):
            minimise_ranks(space, problems, at, lower, _ROUGH, _STEPS)
        found: list[HeldOutLogits] = []
        losses: list[float] = []
        for C in path:
            minimise_ranks(space, problems, at, C, NOT_KEPT if len(path) == 1 else _ROUGH, _STEPS)
            found.append(HeldOutLogits(C, at.location[fold, rows][:, None] - at.thresholds[fold]))
            if counted is not None:
                own = distribute(found[-1].cumulative)[rows, training_set.targets]
                losses.append(float(np.average(-np.log(np.maximum(own, SMALLEST)), weights=counted)))
                if has_risen(losses):
                    break
    return found
