"""The problems of a logistic regression for classes, as ``heads.descent`` solves them; of all rows, or of folds."""

from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from headstart.heads.descent import Problems, Solution, extrapolate, initialise, minimise
from headstart.heads.head import TrainingSet
from headstart.heads.space import ParameterSpace
from headstart_runtime.arrays import Floats, Ints

STEPS = 500
ENOUGH = 1000  #: rows that are many: their path goes on from the last minima, and one rise ends it
_BLOCK = 1 << 24  #: most logits of all rows solved side by side
_UNSEEN = -80.0  #: logit of a class without rows while solving: e^-80 pulls at nothing


def pose_class_problems(training_set: TrainingSet, kept: NDArray[np.bool_]) -> Problems:
    """Return one problem for each row of ``kept`` (P, N), with class weights where the training set wants them."""
    targets = np.equal(np.arange(training_set.outputs)[:, None], training_set.targets).astype(np.float32)
    weights = kept.astype(np.float32)
    if training_set.balanced:
        counts = weights @ targets.T
        rows, present = counts.sum(axis=1, keepdims=True), (counts > 0).sum(axis=1, keepdims=True)
        weights *= (rows / (present * np.maximum(counts, 1))) @ targets
    return Problems(targets[-1:, None] if training_set.outputs == 2 else targets[:, None], weights)


def _class_shares(problems: Problems) -> Floats:
    """Return the weighted share of each class (C, P)."""
    counts = problems.targets[:, 0] @ problems.weights.T
    total = problems.weights.sum(axis=1)
    return np.concatenate([total - counts, counts] if len(counts) == 1 else [counts]) / total


def first_bias(problems: Problems) -> Floats:
    """Return the log shares of the classes (L, P)."""
    shares = _class_shares(problems)
    bias = np.where(shares > 0, np.log(np.maximum(shares, 1e-30)), _UNSEEN).astype(np.float32)
    return bias[1:] - bias[:1] if len(problems.targets) == 1 else bias


def settle_bias(bias: Floats, problems: Problems) -> Floats:
    """Return the bias (L, P) with classes that have no row at 1 / (rows + 1) of the average of those that have."""
    seen = _class_shares(problems) > 0
    rarity = -np.log(problems.weights.sum(axis=1) + 1)
    if len(bias) == 1:
        return np.where(seen.all(axis=0), bias, np.where(seen[1], -rarity, rarity)).astype(np.float32)
    average = (bias * seen).sum(axis=0) / seen.sum(axis=0)
    return np.where(seen, bias, average + rarity).astype(np.float32)


class FoldSolver:
    """The problems that each leave out a fold, as many side by side as memory allows."""

    def __init__(self, space: ParameterSpace, training_set: TrainingSet, fold: Ints):
        self._space, self._fold = space, fold
        problems = pose_class_problems(training_set, fold != np.arange(fold.max() + 1)[:, None])
        together = max(1, _BLOCK // (len(problems.targets) * len(fold)))
        self._parts = [
            Problems(problems.targets, problems.weights[at : at + together])
            for at in range(0, len(problems.weights), together)
        ]
        self._states = [initialise(space, first_bias(part)) for part in self._parts]
        self._before: list[Solution] = []  #: the minima before

    def minimise(self, C: float, tolerance: float) -> None:
        """Move all problems to their minima for ``C``, which grows from one call to the next."""
        # Of few rows a path takes no time, and where it comes from tells: of 153 photos one was answered otherwise.
        remembers = len(self._fold) >= ENOUGH and len(self._parts) == 1  # several parts would take much memory
        here = [state.copy() for state in self._states] if remembers else []
        for part, state, before in zip_longest(self._parts, self._states, self._before):
            if before is not None:
                extrapolate(self._space, part, state, before, C)
            minimise(self._space, part, state, C, tolerance, STEPS)
        self._before = here

    def average(self) -> tuple[Floats, Floats]:
        """Return the mean of all problems' unknowns, (L, M), and of their biases, (L,)."""
        means = [state.average() for state in self._states]
        shares = [len(part.weights) / sum(len(each.weights) for each in self._parts) for part in self._parts]
        unknown = sum(np.float32(share) * mean for share, (mean, _) in zip(shares, means, strict=True))
        bias = sum(np.float32(share) * mean for share, (_, mean) in zip(shares, means, strict=True))
        return np.asarray(unknown), np.asarray(bias)

    def logits(self) -> Floats:
        """Return the logits (L, 1, N) of each row by the problem that left it out."""
        logits = np.empty((len(self._parts[0].targets), 1, len(self._fold)), np.float32)
        first = 0
        for part, state in zip(self._parts, self._states, strict=True):
            rows = np.flatnonzero((self._fold >= first) & (self._fold < first + len(part.weights)))
            settled = settle_bias(state.bias, part)
            logits[:, 0, rows] = (state.logits + (settled - state.bias)[:, :, None])[:, self._fold[rows] - first, rows]
            first += len(part.weights)
        return logits
