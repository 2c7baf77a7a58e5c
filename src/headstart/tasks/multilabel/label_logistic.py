"""``logistic``: an L2-penalised logistic regression for each label, all of them solved side by side.

Each label's objective is scikit-learn's (``OneVsRestClassifier(LogisticRegression(C))``): ``C * sum of log losses +
|w|^2 / 2``, the bias free, over the rows of which the label is known. All labels, and all folds of the
cross-validation, see the same standardised features through one ``ParameterSpace``: the rows are reduced once, and a
step is one matrix product for all of them (``heads.descent``). One C is chosen for all labels, as ``heads.logistic``
chooses it: the smallest whose cross-validated log loss is within 5 % of the lowest. A C of each label's own would be
chosen on as many positives as a rare label has, and leave the shared path.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.average_precision import mean_average_precision
from headstart.heads.descent import Problems, Solution, initialise, minimise
from headstart.heads.head import NOT_KEPT, FitResult, Head, TrainingSet, Trial
from headstart.heads.kernel_rows import reads_kernel_rows
from headstart.heads.scaling import standardise
from headstart.heads.space import ParameterSpace, choose_space
from headstart.tasks.multilabel.folds import assign_label_folds
from headstart.tasks.multilabel.label_losses import average_label_losses
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.linalg import sigmoid

_ROUGH = 1e-4  #: tolerance on the path; of the head that is kept the training set says it
_STEPS = 500
_BLOCK = 1 << 24  #: most logits of all rows solved side by side
_RISES, _RISEN = 2, 1.1  #: a path ends after that many rises in a row to that multiple of the smallest loss
_UNSEEN = 80.0  #: logit of a label without rows that have it, or that do not, while solving
_NEAR = 1.05  #: losses within that multiple of the smallest count as equal
_EASY = 1e-3  #: C up to which the way is short
_UNSURE = 1e-2  #: C where nothing can be held out


@reads_kernel_rows
def fit_label_logistic(training_set: TrainingSet, options: Any, fixed: Mapping[str, float] | None = None) -> FitResult:
    """Fit a logistic regression for each label, see the module. ``chosen`` is ``{"C": ...}``.

    A label that no row has, or every row, keeps weights of 0 and a probability of about 1 / (rows + 1), or 1 less that.

    Args:
        training_set: targets int8 (N, K), 1 there, 0 absent, -1 unknown.
        options: the settings: ``folds``, ``c_low``, ``c_high``, ``c_points``.
        fixed: the ``chosen`` of an earlier fit.
    """
    began = perf_counter()
    scaling, rows = standardise(training_set)
    space = choose_space(rows, training_set.seed)
    path: tuple[Trial, ...] = ()
    C = _UNSURE if fixed is None else float(fixed["C"])
    if fixed is None:
        fold = assign_label_folds(training_set.targets, training_set.groups, options.folds, training_set.seed)
        grid = np.geomspace(options.c_low, options.c_high, options.c_points)
        path = () if fold is None else _walk(space, training_set, fold, grid)
        if path:
            enough = _NEAR * min(trial.loss for trial in path)
            C = next(trial.value for trial in path if trial.loss <= enough)
    weight, bias = _solve_all(space, training_set, C)
    head = Head("logistic", (scaling.unfold(weight, bias),))
    return FitResult(head, {"C": C}, path, perf_counter() - began)


def predict_labels_by_folds(training_set: TrainingSet, fold: Ints, C: float) -> Floats:
    """Return probabilities (N, K) of each row by the heads at ``C`` that are fitted on the rows of the other folds.

    Args:
        training_set: the rows.
        fold: (N,) in 0..F-1, two folds at least.
        C: inverse of the penalty.
    """
    space = choose_space(standardise(training_set)[1], training_set.seed)
    solver = _FoldSolver(space, training_set, fold)
    for lower in _approach(C):
        solver.minimise(lower, _ROUGH)
    solver.minimise(C, NOT_KEPT)
    return sigmoid(solver.logits())


@dataclass(frozen=True, slots=True)
class _Block:
    """Labels and folds that are solved side by side: problem f * L + l is label l without fold f."""

    labels: Ints  #: (L,)
    folds: Ints  #: (F,) those that are left out; -1: none is
    problems: Problems  #: targets (1, F * L, N), weights (F * L, N)
    state: Solution


def _solve_all(space: ParameterSpace, training_set: TrainingSet, C: float) -> tuple[Floats, Floats]:
    """Return weights (D, K) and bias (K,) of all labels on all rows, of standardised features."""
    weights, biases = [], []
    nothing = np.full(len(training_set), -2)
    for block in _list_blocks(space, training_set, nothing, np.array([-1])):
        for lower in _approach(C):
            minimise(space, block.problems, block.state, lower, _ROUGH, _STEPS)
        minimise(space, block.problems, block.state, C, training_set.tolerance, _STEPS)
        weights.append(space.weights(block.state.unknown[0]))
        biases.append(_settle(block.state.bias, block.problems)[0])
    return np.concatenate(weights, axis=1), np.concatenate(biases)


class _FoldSolver:
    """The problems of all labels that each leave out a fold, as many side by side as memory allows."""

    def __init__(self, space: ParameterSpace, training_set: TrainingSet, fold: Ints):
        self._space, self._fold, self._labels = space, fold, training_set.outputs
        self._blocks = list(_list_blocks(space, training_set, fold, np.arange(fold.max() + 1)))

    def minimise(self, C: float, tolerance: float) -> None:
        """Move all problems to their minima for ``C``."""
        for block in self._blocks:
            minimise(self._space, block.problems, block.state, C, tolerance, _STEPS)

    def logits(self) -> Floats:
        """Return the logits (N, K) of each row by the problems that left it out."""
        logits = np.empty((len(self._fold), self._labels), np.float32)
        for block in self._blocks:
            moved = _settle(block.state.bias, block.problems) - block.state.bias
            found = (block.state.logits + moved[:, :, None])[0].reshape(len(block.folds), len(block.labels), -1)
            for place, held in enumerate(block.folds):
                rows = np.flatnonzero(self._fold == held)
                logits[np.ix_(rows, block.labels)] = found[place][:, rows].T
        return logits


def _list_blocks(space: ParameterSpace, training_set: TrainingSet, fold: Ints, folds: Ints) -> Iterator[_Block]:
    """Yield all labels without each of some folds, as blocks of which each fits into memory."""
    rows, most = len(fold), max(1, _BLOCK // max(1, len(fold)))
    for first in range(0, training_set.outputs, most):
        labels = np.arange(first, min(first + most, training_set.outputs))
        together = max(1, most // len(labels))
        for start in range(0, len(folds), together):
            own = folds[start : start + together]
            problems = _make_problems(training_set, labels, fold != own[:, None])
            assert problems.weights.shape[1] == rows
            yield _Block(labels, own, problems, initialise(space, _first_bias(problems)))


def _make_problems(training_set: TrainingSet, labels: Ints, kept: Bools) -> Problems:
    """Return a problem of each of L labels for each row of ``kept`` (F, N); what is unknown has no weight."""
    own = training_set.targets[:, labels].T  # (L, N)
    there = (own == 1).astype(np.float32)
    weights = (kept[:, None, :] & (own >= 0)).astype(np.float32)  # (F, L, N)
    if training_set.balanced:
        total = weights.sum(axis=2)
        positive = np.einsum("fln,ln->fl", weights, there)
        negative = total - positive
        able = (positive > 0) & (negative > 0)
        up, down = (np.where(able, total / np.maximum(2 * count, 1), 1) for count in (positive, negative))
        weights *= np.where(there > 0, up[:, :, None], down[:, :, None]).astype(np.float32)
    flat = weights.reshape(-1, weights.shape[2])
    return Problems(np.tile(there, (len(kept), 1))[None], flat)


def _count_sides(problems: Problems) -> tuple[Doubles, Doubles]:
    """Return the weight of rows that have the label, and of all known rows, (P,) each."""
    positive = np.einsum("pn,pn->p", problems.targets[0], problems.weights).astype(np.float64)
    return positive, problems.weights.sum(axis=1, dtype=np.float64)


def _first_bias(problems: Problems) -> Floats:
    """Return the log odds of each problem's rows, (1, P)."""
    positive, total = _count_sides(problems)
    share = np.clip(positive / np.maximum(total, 1e-30), 1e-30, 1)
    odds = np.log(share) - np.log(np.maximum(1 - share, 1e-30))
    bias = np.where(total > 0, np.clip(odds, -_UNSEEN, _UNSEEN), 0.0)
    return bias.astype(np.float32)[None]


def _settle(bias: Floats, problems: Problems) -> Floats:
    """Return the bias (1, P); where all known rows are alike, so that a further one is unlike with 1 / (rows + 2)."""
    positive, total = _count_sides(problems)
    rarity = np.log(total + 1)
    unlike = np.where(positive <= 0, -rarity, np.where(positive >= total, rarity, bias[0]))
    return np.where(total > 0, unlike, 0.0).astype(np.float32)[None]


def _walk(
    space: ParameterSpace, training_set: TrainingSet, fold: Ints, grid: Sequence[float] | Doubles
) -> tuple[Trial, ...]:
    """Return cross-validated scores along growing C."""
    solver = _FoldSolver(space, training_set, fold)
    targets = _hide_unlearnt(training_set.targets, fold)
    path: list[Trial] = []
    for C in grid:
        solver.minimise(float(C), _ROUGH)
        logits = solver.logits()
        loss = average_label_losses(targets, sigmoid(logits))
        path.append(Trial(float(C), loss, mean_average_precision(targets, logits)))
        if _has_risen([trial.loss for trial in path]):
            break
    return tuple(path)


def _hide_unlearnt(targets: NDArray[np.integer], fold: Ints) -> NDArray[np.integer]:
    """Return targets (N, K), unknown where the other folds have no row with the label, or none without.

    The head that is asked there knows nothing of the label: its answers would speak for the strongest penalty.
    """
    hidden = targets.copy()
    for held in range(int(fold.max()) + 1):
        out = fold == held
        rest = targets[~out]
        unlearnt = ~((rest == 1).any(axis=0) & (rest == 0).any(axis=0))
        hidden[np.ix_(out, unlearnt)] = -1
    return hidden if (hidden >= 0).any() else targets


def _has_risen(losses: list[float]) -> bool:
    """Return whether the path is past its valley: rising for some points and clearly above the lowest."""
    last = losses[-_RISES - 1 :]
    rising = len(last) > _RISES and all(after > before for before, after in pairwise(last))
    return rising and losses[-1] > _RISEN * min(losses)


def _approach(C: float) -> list[float]:
    """Return smaller C on the way to a large one, where rows are so settled that the way from nothing is long."""
    return [C / 10**step for step in range(12, 0, -1) if C / 10**step > _EASY]
